//! Steps: what an apply does, as data. They print, they compare, and only `step::run` acts.

use std::fmt;
use std::time::Duration;

use crate::secret::Secret;

/// What a step may do to those who use the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Risk {
    /// Nobody notices.
    Quiet,
    /// A restart or an outage; the sentence says what, where and for how long.
    Disruptive(String),
    /// Data could be lost; `consent` names the setting that allows it.
    Destructive {
        /// What could be lost.
        what: String,
        /// The setting that allowed it, as the user wrote it.
        consent: String,
    },
}

/// A file to be on a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Absolute path.
    pub path: String,
    /// The whole text.
    pub content: Secret,
    /// Owner's name or number.
    pub owner: String,
    /// Group's name or number.
    pub group: String,
    /// Permission bits, such as `0o644`.
    pub mode: u32,
}

impl File {
    /// A file of root's that everybody may read.
    pub fn public(path: impl Into<String>, content: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            content: Secret::from(content.into()),
            owner: "root".into(),
            group: "root".into(),
            mode: 0o644,
        }
    }

    /// A file that only root may read.
    pub fn private(path: impl Into<String>, content: impl Into<String>) -> Self {
        Self { mode: 0o600, ..Self::public(path, content) }
    }

    /// The same file for another owner, its group of the same name.
    #[must_use]
    pub fn owned_by(mut self, owner: &str) -> Self {
        owner.clone_into(&mut self.owner);
        owner.clone_into(&mut self.group);
        self
    }

    /// The same file with other permission bits.
    #[must_use]
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }
}

/// How to reach a PostgreSQL server from a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Server {
    /// As the operating system's user `postgres`, peer authentication on this unix socket
    /// (`/var/run/postgresql/.s.PGSQL.5432`).
    Socket(String),
    /// Over TCP from the host, with a password; TLS as in libpq's `sslmode`.
    Tcp {
        /// Name or address as seen from the host.
        host: String,
        /// Port.
        port: u16,
        /// Role.
        user: String,
        /// Its password.
        password: Secret,
        /// `disable` or `require`.
        sslmode: String,
    },
}

/// SQL to run in one database of a server. Statements never hold a clear password: PostgreSQL
/// may log them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sql {
    /// Where.
    pub server: Server,
    /// Database.
    pub database: String,
    /// Statements, run one by one, each in its own transaction.
    pub statements: Vec<String>,
}

/// One request to an HTTP API on a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// `GET`, `PUT`, ...
    pub method: String,
    /// `https://name:port/path`; `name` is what the certificate must show.
    pub url: String,
    /// The address to connect to as seen from the host, such as `127.0.0.1`.
    pub connect: String,
    /// Certificate authority or the server's own certificate, PEM; the system's roots if none.
    pub trust: Option<String>,
    /// Basic authentication.
    pub basic: Option<(String, Secret)>,
    /// Bearer token.
    pub bearer: Option<Secret>,
    /// JSON body; it may hold a password.
    pub body: Option<Secret>,
}

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Put a file in place atomically; its parent directories are made as root 0755 if missing.
    Write(File),
    /// Remove a file that is ours.
    Remove(String),
    /// Run a POSIX shell script as root. It must not print or hold a secret; secrets go to stdin.
    Run {
        /// The script, `set -eu` is on.
        script: String,
        /// What it reads on standard input.
        stdin: Option<Secret>,
        /// It is ended after this time.
        limit: Duration,
    },
    /// Run a script detached on the host: it goes on when the connection is lost, and the next
    /// apply picks its result up.
    Job {
        /// Name of the job on this host, `[a-z0-9-]`.
        name: String,
        /// The script, `set -eu` is on; standard output and error go to its log.
        script: String,
        /// It is ended after this time.
        limit: Duration,
    },
    /// Bring a file of any size to the host, proven by its checksum.
    Upload {
        /// A path on the machine that runs Terraform, or an `https://` URL that the host fetches.
        source: String,
        /// SHA-256, hexadecimal.
        sha256: String,
        /// Absolute path on the host.
        to: String,
        /// Permission bits.
        mode: u32,
    },
    /// Run SQL.
    Sql(Sql),
    /// Ask an API, again and again until it answers as wanted or the time is up.
    Http {
        /// The request.
        request: Http,
        /// The wanted status.
        status: u16,
        /// Where the body is JSON with `"status"`, the wanted value of it (Harbor's health).
        healthy: bool,
        /// How long to try; zero: once.
        patience: Duration,
    },
}

/// One step of a plan.
#[derive(Clone, PartialEq, Eq)]
pub struct Step {
    /// Name of the host among the resource's targets.
    pub host: String,
    /// What it does, in the imperative: `write /etc/docker/daemon.json`.
    pub what: String,
    /// What it may do to users.
    pub risk: Risk,
    /// How.
    pub action: Action,
}

impl Step {
    /// A quiet step.
    pub fn new(host: &str, what: impl Into<String>, action: Action) -> Self {
        Self { host: host.to_owned(), what: what.into(), risk: Risk::Quiet, action }
    }

    /// A quiet script with a limit of two minutes.
    pub fn run(host: &str, what: impl Into<String>, script: impl Into<String>) -> Self {
        let action =
            Action::Run { script: script.into(), stdin: None, limit: Duration::from_secs(120) };
        Self::new(host, what, action)
    }

    /// A detached script with a limit of half an hour.
    pub fn job(host: &str, what: impl Into<String>, name: &str, script: impl Into<String>) -> Self {
        let limit = Duration::from_secs(1800);
        let action = Action::Job { name: name.to_owned(), script: script.into(), limit };
        Self::new(host, what, action)
    }

    /// The same step, which interrupts: `"docker on node a restarts: its containers are down for
    /// about 20 s"`.
    #[must_use]
    pub fn disruptive(mut self, sentence: impl Into<String>) -> Self {
        self.risk = Risk::Disruptive(sentence.into());
        self
    }

    /// What tells this step from every other of the plan.
    pub fn key(&self) -> String {
        format!("{}: {}", self.host, self.what)
    }
}

impl fmt::Debug for Step {
    /// The form of goldens: `a: write /etc/x [disruptive: ...]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key())?;
        match &self.risk {
            Risk::Quiet => Ok(()),
            Risk::Disruptive(sentence) => write!(f, " [disruptive: {sentence}]"),
            Risk::Destructive { what, consent } => {
                write!(f, " [destructive: {what}; allowed by {consent}]")
            }
        }
    }
}

/// A value as one word of a shell script. A NUL byte cannot stand in a word; such a value becomes
/// the empty word, which every command refuses.
pub fn word(value: &str) -> String {
    render::quote::shell(value).unwrap_or_else(|_| "''".to_owned())
}
