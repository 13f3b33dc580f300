//! An apply, and what interrupts it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::provider_log::{Event, Line, Tail};
use crate::rig::{Host, Rig};
use crate::terraform::Run;

/// What applies, so that it can be interrupted meanwhile: Terraform or the client.
pub trait Apply {
    /// The rig that it runs in.
    fn rig(&self) -> &Rig;
    /// A new file with the provider's log of the runs from now on, for [`Tail`].
    fn log_steps(&mut self, name: &str) -> PathBuf;
    /// An apply in the background.
    fn start_apply(&self) -> Child;
    /// What an apply in the background has said, when it has ended.
    fn background(&self, child: Child) -> Run;
}

/// What happens to an apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interruption {
    /// The provider is killed when the step begins, or so many milliseconds later.
    Kill(u64),
    /// The SSH sessions on the step's host end.
    Sever(u64),
    /// Packets between Terraform and the step's host are dropped for [`SILENCE`].
    Silence,
}

/// How an apply ended.
#[derive(Debug)]
pub enum End {
    /// It was interrupted in these steps.
    Interrupted(String),
    /// It had no step that was not interrupted before.
    Finished(Run),
}

/// Programs with the provider in them.
const PROGRAMS: [&str; 2] = ["terraform-provider-harbor", "client"];
/// Looks at the log.
const POLL: Duration = Duration::from_millis(10);
/// Longer than the provider takes to see that a connection is lost.
const SILENCE: Duration = Duration::from_secs(70);
/// An apply that hangs.
const PATIENCE: Duration = Duration::from_secs(600);

impl Interruption {
    /// A different one for each number. Silence takes a minute to be noticed and up to two and a
    /// half until the host lets go of its lock, so it comes once.
    pub fn of(number: usize) -> Self {
        match number {
            11 => Self::Silence,
            _ => match number % 6 {
                0 => Self::Kill(0),
                1 => Self::Sever(0),
                2 => Self::Kill(150),
                3 => Self::Sever(300),
                4 => Self::Kill(700),
                _ => Self::Kill(30),
            },
        }
    }

    fn delay(self) -> Duration {
        match self {
            Self::Kill(ms) | Self::Sever(ms) => Duration::from_millis(ms),
            Self::Silence => Duration::ZERO,
        }
    }
}

/// Applies, and interrupts each step that `aim` accepts and is not in `interrupted`, when it begins.
/// A cut connection may fail one resource while another goes on, or nothing at all; so the apply is
/// interrupted until it ends.
pub fn apply_until(
    applies: &mut impl Apply,
    interruption: Interruption,
    aim: impl Fn(&str) -> bool,
    interrupted: &mut BTreeSet<String>,
) -> End {
    let mut interruptions = Vec::new();
    let mut last_interruption = Instant::now();
    let run = follow(applies, "cut.log", |rig, child, lines| {
        if interruption == Interruption::Silence
            && !interruptions.is_empty()
            && last_interruption.elapsed() > SILENCE
        {
            restore(rig);
        }
        for line in lines.iter().filter(|l| l.event == Event::Begins) {
            let step = key(line);
            if aim(&step) && interrupted.insert(step.clone()) {
                // The point of the delay is to strike in the middle of the step.
                std::thread::sleep(interruption.delay());
                interrupt(rig, interruption, child, &line.host);
                interruptions.push(step);
                last_interruption = Instant::now();
            }
        }
    });
    restore(applies.rig());
    if interruptions.is_empty() {
        End::Finished(run)
    } else {
        End::Interrupted(interruptions.join(", "))
    }
}

/// A step's name. How many bytes a step carries is no other step.
fn key(line: &Line) -> String {
    format!("{}: {}", line.host, line.step.replace(|c: char| c.is_ascii_digit(), ""))
}

/// Applies, and acts once when the log has such a line; whether it had one, and how it ended.
pub fn apply_and_at(
    applies: &mut impl Apply,
    at: impl Fn(&Line) -> bool,
    act: impl FnOnce(),
) -> (bool, Run) {
    let mut act = Some(act);
    let run = follow(applies, "at.log", |_, _, lines| {
        if lines.iter().any(&at) {
            act.take().into_iter().for_each(|act| act());
        }
    });
    (act.is_none(), run)
}

/// Applies to its end, and while it runs shows what its log has more.
fn follow(applies: &mut impl Apply, log: &str, mut look: impl FnMut(&Rig, &Child, &[Line])) -> Run {
    let log = applies.log_steps(log);
    let mut child = applies.start_apply();
    let (begun, mut tail) = (Instant::now(), Tail::new(&log));
    while child.try_wait().expect("the child is ours").is_none() {
        look(applies.rig(), &child, &tail.more());
        assert!(begun.elapsed() < PATIENCE, "an apply hangs; see {}", log.display());
        std::thread::sleep(POLL);
    }
    applies.background(child)
}

/// Holds the providers of an apply as they are.
pub fn hold(apply: &Child) {
    signal(apply, "STOP");
}

/// Ends that.
pub fn go_on(apply: &Child) {
    signal(apply, "CONT");
}

fn restore(rig: &Rig) {
    rig.hosts().for_each(|h| h.restore().expect("the rules can be removed"));
}

fn interrupt(rig: &Rig, interruption: Interruption, child: &Child, host: &str) {
    match interruption {
        Interruption::Kill(_) => signal(child, "KILL"),
        Interruption::Sever(_) => each(rig, host, |h| {
            // Connections are children of the listener.
            let kill =
                "kill -KILL $(pgrep -P \"$(systemctl show -p MainPID --value ssh)\") || true";
            h.sh(kill).expect("the host runs");
        }),
        Interruption::Silence => each(rig, host, |h| h.cut().expect("the rules can be made")),
    }
}

fn each(rig: &Rig, address: &str, act: impl Fn(Host)) {
    let found: Vec<_> = rig.hosts().filter(|h| h.address() == address).collect();
    assert_eq!(found.len(), 1, "the log names a host {address} that is none of the rig's");
    found.into_iter().for_each(act);
}

/// The processes with the provider in them, from a process on: Terraform's children, or the client
/// itself.
fn providers(root: u32) -> Vec<u32> {
    let mut below = vec![root];
    let all: Vec<(u32, u32)> = processes().collect();
    let mut i = 0;
    while i < below.len() {
        let parent = below[i];
        below.extend(all.iter().filter(|(_, p)| *p == parent).map(|(pid, _)| *pid));
        i += 1;
    }
    let is_provider = |pid: &u32| {
        let exe = std::fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
        PROGRAMS.iter().any(|program| exe.file_name().is_some_and(|name| name == *program))
    };
    below.into_iter().filter(is_provider).collect()
}

/// Process and parent.
fn processes() -> impl Iterator<Item = (u32, u32)> {
    let entries = std::fs::read_dir("/proc").expect("there is /proc").flatten();
    entries.filter_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let status = std::fs::read_to_string(entry.path().join("status")).ok()?;
        let parent = status.lines().find_map(|l| l.strip_prefix("PPid:"))?;
        Some((pid, parent.trim().parse().ok()?))
    })
}

/// Sends a signal to the providers of an apply.
fn signal(apply: &Child, name: &str) {
    for pid in providers(apply.id()) {
        // It may have ended by itself.
        let _ = Command::new("kill").args([format!("-{name}"), pid.to_string()]).status();
    }
}
