//! Eyes on the arguments and environments of all processes of the machine, and so of all hosts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::found;

/// A process that lives shorter may be missed.
const EVERY: Duration = Duration::from_millis(20);
/// A new process is looked at again for so long, as it may become another program.
const NEW: Duration = Duration::from_millis(500);
/// After that it is looked at this often.
const ALL: Duration = Duration::from_secs(1);

/// Looks again and again, until it is asked for what it saw.
pub struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Look>,
}

impl Watch {
    /// Begins.
    pub fn begin(canaries: BTreeSet<String>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut look = Look { canaries, ..Look::default() };
            while !stopped.load(Ordering::SeqCst) {
                look.once();
                std::thread::sleep(EVERY);
            }
            look
        });
        Self { stop, thread }
    }

    /// Ends; what was found.
    pub fn end(self) -> BTreeSet<String> {
        self.stop.store(true, Ordering::SeqCst);
        let look = self.thread.join().expect("the thread does not panic");
        assert!(look.processes > 500, "only {} processes were seen", look.processes);
        look.seen
    }
}

#[derive(Default)]
struct Look {
    canaries: BTreeSet<String>,
    seen: BTreeSet<String>,
    /// How many new processes there were.
    processes: usize,
    /// The newest process, and since when those before it are new.
    last: u32,
    new: BTreeMap<u32, Instant>,
    /// When all were looked at.
    all: Option<Instant>,
}

impl Look {
    fn once(&mut self) {
        let newest = newest();
        let numbers = if newest >= self.last { self.last + 1..=newest } else { 1..=newest };
        let now = Instant::now();
        for process in numbers {
            self.processes += 1;
            self.new.insert(process, now);
        }
        self.last = newest;
        self.new.retain(|_, since| now - *since < NEW);
        if self.all.is_none_or(|all| now - all > ALL) {
            self.all = Some(now);
            for process in all() {
                self.at(process);
            }
        } else {
            let new: Vec<u32> = self.new.keys().copied().collect();
            for process in new {
                self.at(process);
            }
        }
    }

    /// Looks at one process.
    fn at(&mut self, process: u32) {
        let read =
            |name: &str| std::fs::read(format!("/proc/{process}/{name}")).unwrap_or_default();
        let in_container = || String::from_utf8_lossy(&read("cgroup")).contains("docker");
        // Asked before and after, as it may have ended by then.
        let was_in_container = in_container();
        let command = read("cmdline");
        for name in found(&command, &self.canaries) {
            self.seen.insert(format!("arguments {}: {name}", printable(&command)));
        }
        for name in found(&read("environ"), &self.canaries) {
            // Harbor's own containers get secrets by their environment; that is Harbor's way.
            if !was_in_container && !in_container() {
                self.seen.insert(format!("environment of {}: {name}", printable(&command)));
            }
        }
    }
}

/// The number of the newest process.
fn newest() -> u32 {
    let text = std::fs::read_to_string("/proc/loadavg").expect("there is /proc");
    let last = text.split_whitespace().last().and_then(|n| n.parse().ok());
    last.expect("it ends with a number")
}

fn all() -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").expect("there is /proc").flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn printable(command: &[u8]) -> String {
    String::from_utf8_lossy(command).replace('\0', " ")
}
