//! What is asked of a host, and what it answers.

use std::collections::BTreeMap;

use crate::secret::Secret;
use crate::step::{Http, Server, Sql};

/// One thing to ask of a host. All scripts for one host travel in one round trip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Name of the host among the targets.
    pub host: String,
    /// Name of the answer, unique on that host.
    pub key: String,
    /// What to ask.
    pub ask: Ask,
}

/// A way of asking. None of them changes anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A POSIX shell script, run as root in a subshell.
    Script(String),
    /// Queries; the rows of the last one are the answer.
    Sql(Sql),
    /// A request.
    Http(Http),
    /// Get a token by the first request (its JSON's `token`), show it as bearer in the second; the
    /// answer is the second's.
    Token {
        /// To the node that signs.
        issue: Http,
        /// To the node that must accept it.
        accept: Http,
    },
    /// Log in, and do nothing more.
    Login(Login),
}

/// A login, as from the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// To a database.
    Postgres {
        /// The server; every `sslmode` of libpq is understood, and no certificate is verified.
        server: Server,
        /// Database.
        database: String,
    },
    /// To Redis.
    Redis(Redis),
}

/// A Redis, as seen from the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redis {
    /// The server, or the sentinels.
    pub servers: Vec<(String, u16)>,
    /// The sentinels' name of the master.
    pub master: Option<String>,
    /// User of its access list.
    pub username: Option<String>,
    /// Password; none for a server without one.
    pub password: Option<Secret>,
    /// Whether it is spoken to over TLS.
    pub tls: bool,
    /// Its authority's certificate, PEM. Over TLS without one no password is sent.
    pub trust: Option<String>,
}

/// What became of a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was accepted.
    Accepted,
    /// The server answers, and refuses the user or the password: its words.
    Refused(String),
    /// The server answers, and has no such database, or the sentinels know no such master: their words.
    NotThere(String),
    /// The server speaks no TLS, or what it says is none.
    NoTls(String),
    /// Nobody answers.
    Unreachable(String),
    /// Nothing can be said.
    Unknown(String),
}

impl Question {
    /// A script.
    pub fn script(host: &str, key: impl Into<String>, script: impl Into<String>) -> Self {
        Self { host: host.to_owned(), key: key.into(), ask: Ask::Script(script.into()) }
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Of a script: exit status, standard output, the tail of standard error.
    Output {
        /// Exit status.
        status: i32,
        /// Standard output.
        stdout: String,
        /// End of standard error.
        stderr: String,
    },
    /// Of SQL: column name to value, null as none.
    Rows(Vec<BTreeMap<String, Option<String>>>),
    /// Of HTTP.
    Response {
        /// Status code.
        status: u16,
        /// Body.
        body: String,
    },
    /// Of a login.
    Login(Verdict),
    /// The question itself failed (connection refused, SQL error): why.
    Failed(String),
}

/// All answers, by host and key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers(pub BTreeMap<(String, String), Answer>);

impl Answers {
    /// The answer to one question.
    pub fn get(&self, host: &str, key: &str) -> Option<&Answer> {
        self.0.get(&(host.to_owned(), key.to_owned()))
    }

    /// Standard output of a script that succeeded.
    pub fn stdout(&self, host: &str, key: &str) -> Option<&str> {
        match self.get(host, key) {
            Some(Answer::Output { status: 0, stdout, .. }) => Some(stdout),
            _ => None,
        }
    }

    /// Rows of a query that succeeded.
    pub fn rows(&self, host: &str, key: &str) -> Option<&[BTreeMap<String, Option<String>>]> {
        match self.get(host, key) {
            Some(Answer::Rows(rows)) => Some(rows),
            _ => None,
        }
    }

    /// Add an answer; for tests and for `observe`.
    pub fn insert(&mut self, host: &str, key: &str, answer: Answer) {
        self.0.insert((host.to_owned(), key.to_owned()), answer);
    }
}
