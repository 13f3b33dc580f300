//! Writers: many sessions that insert rows and record each commit that the server acknowledged.
//!
//! The one oracle of every change of roles: what was acknowledged is among the rows. A session
//! looks for whoever takes writes in a list of hosts, and looks again at once when it lost it.
//! [`Load`] runs the sessions in the rig's network, as a process of its own (`rig _write`).

mod record;
mod session;

use std::path::PathBuf;
use std::process::{Child, ChildStdin, Stdio};
use std::time::{Duration, Instant};

use crate::rig::Rig;
use crate::rig::daemon::rig_program;

use record::RecordTail;
pub use record::{Acknowledged, Report, Row, parse_rows};
pub use session::write;

/// The role and the database of the writers.
pub const ROLE: &str = "writer";
/// Its password. Not a secret: the hosts live for one test.
pub const PASSWORD: &str = "password-of-the-writers";
/// Makes the table; run in the database of that name.
pub const TABLE: &str = "CREATE TABLE IF NOT EXISTS acknowledged \
    (writer integer NOT NULL, seq bigint NOT NULL, PRIMARY KEY (writer, seq));
    ALTER TABLE acknowledged OWNER TO writer";
/// Reads all rows, one in a line.
pub const ROWS: &str = "COPY acknowledged TO STDOUT WITH (DELIMITER ' ')";

/// A commit takes milliseconds, a change of roles seconds.
const PATIENCE: Duration = Duration::from_secs(120);

/// Short beside the time that some hundred commits take.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Sessions that write until they are stopped, or this is dropped.
#[derive(Debug)]
pub struct Load {
    child: Child,
    /// The sessions end when it is closed.
    alive: Option<ChildStdin>,
    record: PathBuf,
}

impl Load {
    /// Starts so many sessions, and waits until one has written. `first` numbers them: rows of two
    /// loads on one table must not have the same writer. Each pauses after a commit.
    #[track_caller]
    pub fn start(rig: &Rig, sessions: usize, first: usize, pause: Duration) -> Self {
        let record = rig.state().folder.join(format!("writers-{first}"));
        let addresses: Vec<_> = rig.hosts().map(|h| h.address().to_owned()).collect();
        let program = rig_program().expect("the rig program is built");
        let words = [
            program.to_string_lossy().into_owned(),
            "_write".to_owned(),
            addresses.join(","),
            first.to_string(),
            sessions.to_string(),
            pause.as_micros().to_string(),
            record.to_string_lossy().into_owned(),
        ];
        // What is left of another run would count as this one's.
        let _ = std::fs::remove_file(&record);
        let mut command = rig.command(words.iter().map(String::as_str));
        let mut child = command.stdin(Stdio::piped()).spawn().expect("the program can be started");
        let alive = child.stdin.take();
        let load = Self { child, alive, record };
        load.wait_for(1);
        load
    }

    /// What was acknowledged until now.
    pub fn so_far(&self) -> Acknowledged {
        Acknowledged::read(&self.record)
    }

    /// Waits until that many more commits were acknowledged.
    #[track_caller]
    pub fn wait_for(&self, more: usize) {
        assert!(self.goes_on(more, PATIENCE), "nobody takes writes for {PATIENCE:?}");
    }

    /// Whether that many commits are acknowledged within the time.
    pub fn goes_on(&self, commits: usize, within: Duration) -> bool {
        let (begun, mut growth) = (Instant::now(), RecordTail::from_now(&self.record));
        let mut seen = 0;
        loop {
            seen += growth.lines();
            if seen >= commits {
                return true;
            }
            if begun.elapsed() > within {
                return false;
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// Ends the sessions; what was acknowledged.
    #[track_caller]
    pub fn stop(mut self) -> Acknowledged {
        drop(self.alive.take());
        let status = self.child.wait().expect("the child is ours");
        assert!(status.success(), "the writers failed: {status}");
        self.so_far()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        drop(self.alive.take());
        // It ends by itself; a zombie is all that would be left.
        let _ = self.child.wait();
    }
}
