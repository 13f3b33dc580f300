//! Steps: what an apply does, as data. They print, they compare, and only `step::run` acts.

mod list;

use std::fmt;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::secret::Secret;
use crate::wal::{Lsn, NoLsn};

pub use list::Steps;

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
    /// Absolute path. A symbolic link there is replaced, not followed.
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

/// What one host says to another. It is read as what it should be, and only what was read goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// That its script came to its end.
    Done,
    /// A position in the WAL, on a line.
    Lsn,
}

impl Message {
    /// What goes on of what a host printed, or why nothing does.
    pub fn pass(self, said: &[u8]) -> Result<Vec<u8>, String> {
        match self {
            Self::Done => Ok(Vec::new()),
            Self::Lsn => {
                let text = String::from_utf8_lossy(said);
                let line = text.strip_suffix('\n').ok_or("its line is not whole")?;
                let lsn: Lsn = line.parse().map_err(|error: NoLsn| error.to_string())?;
                Ok(format!("{lsn}\n").into_bytes())
            }
        }
    }
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
    /// Run a script on another of the resource's hosts, and then one on this host with what the
    /// first one said as its standard input. Where the first one fails, or says something else, the
    /// second is not run.
    Relay {
        /// Name of the other host among the resource's targets.
        from: String,
        /// The script there, `set -eu` is on.
        read: String,
        /// What it says.
        message: Message,
        /// The script here, `set -eu` is on.
        write: String,
        /// Each of the two is ended after this time.
        limit: Duration,
    },
    /// Bring files of WAL from a directory on another of the resource's hosts into one of this host,
    /// mode 0600, with the rights of the directories' owners. One that is there with the right SHA-256 is skipped; every other
    /// one is proven by it before it takes its place. Run again, it goes on where it broke off.
    Transfer {
        /// Name of the other host among the resource's targets.
        from: String,
        /// A script there, `set -eu` is on; it prints a line `SIZE SHA256 NAME` for each file.
        list: String,
        /// The directory there.
        directory: String,
        /// The directory on this host, which must be there.
        to: String,
        /// The user who owns the files here; their group is that user's own.
        owner: String,
        /// For all of it.
        limit: Duration,
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
        /// A script that says, where it does not answer so, what may be why. Empty: there is none.
        explain: String,
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
    /// The attribute (dotted) that is at fault when it fails; empty where none is.
    pub at: &'static str,
    /// What puts things back when it fails: all of these run, in order, whatever becomes of each,
    /// also where the connection was lost and nobody knows how far it came, so each must be safe
    /// then. None of them is destructive, as no plan announces them; what they would undo
    /// themselves is not run.
    pub undo: Vec<Step>,
}

impl Step {
    /// A quiet step.
    pub fn new(host: &str, what: impl Into<String>, action: Action) -> Self {
        let (host, what) = (host.to_owned(), what.into());
        Self { host, what, risk: Risk::Quiet, action, at: "", undo: Vec::new() }
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

    /// The same step, with the attribute that is at fault when it fails.
    #[must_use]
    pub fn at(self, attribute: &'static str) -> Self {
        Self { at: attribute, ..self }
    }

    /// The same step, with what puts things back when it fails.
    #[must_use]
    pub fn or_undo(self, undo: Vec<Step>) -> Self {
        Self { undo, ..self }
    }

    /// The step in words, for those who read of it: `a: start PostgreSQL`.
    pub fn describe(&self) -> String {
        format!("{}: {}", self.host, self.what)
    }

    /// What it does and where, whatever it is called: a digest, in which no secret counts.
    pub fn digest(&self) -> String {
        let action = match &self.action {
            Action::Sql(sql) => {
                let statements = sql.statements.iter().map(|s| without_verifiers(s)).collect();
                Action::Sql(Sql { statements, ..sql.clone() })
            }
            action => action.clone(),
        };
        let digest = Sha256::digest(format!("{}\n{action:?}", self.host).as_bytes());
        digest.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
    }
}

impl fmt::Debug for Step {
    /// The form of goldens: `a: write /etc/x [disruptive: ...]`, `b: relay from a: take it over`;
    /// under it each step that would undo it: `  or undo: a: start PostgreSQL`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.action {
            Action::Relay { from, .. } => {
                write!(f, "{}: relay from {from}: {}", self.host, self.what)
            }
            Action::Transfer { from, .. } => {
                write!(f, "{}: carry from {from}: {}", self.host, self.what)
            }
            _ => f.write_str(&self.describe()),
        }?;
        match &self.risk {
            Risk::Quiet => Ok(()),
            Risk::Disruptive(sentence) => write!(f, " [disruptive: {sentence}]"),
            Risk::Destructive { what, consent } => {
                write!(f, " [destructive: {what}; allowed by {consent}]")
            }
        }?;
        self.undo.iter().try_for_each(|step| write!(f, "\n  or undo: {step:?}"))
    }
}

/// A statement without the password verifiers in it: each has a salt of its own.
fn without_verifiers(statement: &str) -> String {
    let mut parts = statement.split("SCRAM-SHA-256$");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.find('\'').map_or("", |end| &part[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_undoes_a_step_stands_under_it() {
        let undo = vec![Step::run("a", "start it", ""), Step::run("b", "stop it", "")];
        let step = Step::run("a", "stop it", "").or_undo(undo).disruptive("a stops");
        assert_eq!(
            format!("{step:?}"),
            "a: stop it [disruptive: a stops]\n  or undo: a: start it\n  or undo: b: stop it"
        );
    }

    #[test]
    fn what_a_host_says_to_another_is_read_and_printed_anew() {
        let pass = |text: &str| Message::Lsn.pass(text.as_bytes());
        assert_eq!(pass("0/03842930\n"), Ok(b"0/3842930\n".to_vec()));
        for text in ["", "0/3842930", "0/0\n0/1\n", "0/0'; DROP\n", " 0/0\n", "\u{1b}[2J0/0\n"] {
            assert!(pass(text).is_err(), "{text}");
        }
        assert_eq!(Message::Done.pass(b"rm -rf /"), Ok(Vec::new()));
    }

    #[test]
    fn what_comes_from_another_host_names_it() {
        let limit = Duration::from_secs(1);
        let script = String::new;
        let (from, message) = ("a".to_owned(), Message::Done);
        let relay = Action::Relay { from, read: script(), message, write: script(), limit };
        let step = Step::new("b", "take its roles over", relay).disruptive("b pauses");
        assert_eq!(
            format!("{step:?}"),
            "b: relay from a: take its roles over [disruptive: b pauses]"
        );
        let (from, list, directory) = ("a".into(), script(), script());
        let carry =
            Action::Transfer { from, list, directory, to: script(), owner: script(), limit };
        let step = Step::new("b", "bring its WAL", carry);
        assert_eq!(format!("{step:?}"), "b: carry from a: bring its WAL");
        assert_eq!(step.describe(), "b: bring its WAL");
    }

    #[test]
    fn a_step_is_what_it_does_whatever_it_is_called() {
        let step = |host, what, script| Step::run(host, what, script).digest();
        assert_eq!(step("a", "empty it", "rm x"), step("a", "clear it", "rm x"));
        assert_ne!(step("a", "empty it", "rm x"), step("a", "empty it", "rm y"));
        assert_ne!(step("a", "empty it", "rm x"), step("b", "empty it", "rm x"));
        let file =
            |path, text| Step::new("a", "", Action::Write(File::private(path, text))).digest();
        assert_eq!(file("/x", "one secret"), file("/x", "another"));
        assert_ne!(file("/x", "one secret"), file("/y", "one secret"));
    }

    #[test]
    fn a_password_that_is_set_again_is_the_same_step_with_every_salt() {
        let sql = |statement: &str| {
            let server = Server::Socket("/s".to_owned());
            let statements = vec![statement.to_owned()];
            let sql = Sql { server, database: "postgres".to_owned(), statements };
            Step::new("a", "", Action::Sql(sql)).digest()
        };
        let set = |role: &str, salt: &str| {
            sql(&format!("ALTER ROLE {role} PASSWORD 'SCRAM-SHA-256$4096:{salt}$x:y' LOGIN"))
        };
        assert_eq!(set("r", "one"), set("r", "two"));
        assert_ne!(set("r", "one"), set("other", "one"));
        assert_ne!(set("r", "one"), sql("ALTER ROLE r PASSWORD '' NOLOGIN"));
    }
}
