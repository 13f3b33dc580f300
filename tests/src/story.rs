//! A test that is a story: sections in order, each told on the terminal while it runs.

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::evidence;

/// A story that takes longer says so: it is the next to be split, or to be made cheaper.
const LONG: Duration = Duration::from_secs(120);

/// How long each section and each story took.
static TIMINGS: Mutex<Vec<Timing>> = Mutex::new(Vec::new());

/// A story or a section of one that came to its end.
#[derive(Debug, Clone)]
pub struct Timing {
    /// Name of the story.
    pub story: &'static str,
    /// What the section is called; none for the whole story.
    pub section: Option<String>,
    /// How long it took.
    pub time: Duration,
}

/// Tells where a long test is and how long each section took. It writes past libtest's capture:
/// a test of minutes that says nothing looks as if it hangs.
#[derive(Debug)]
pub struct Story {
    name: &'static str,
    begun: Instant,
}

impl Story {
    /// Begins.
    pub fn begin(name: &'static str) -> Self {
        let story = Self { name, begun: Instant::now() };
        evidence::begin();
        story.tell("begins");
        story
    }

    /// One section; its panic message is the test's, behind what is known of the rigs it used.
    pub fn section<T>(&self, what: &str, body: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        evidence::begin();
        self.tell(what);
        match catch_unwind(AssertUnwindSafe(body)) {
            Ok(result) => {
                self.tell(&format!("{what}: done in {:.0} s", begun.elapsed().as_secs_f32()));
                took(self.name, Some(what.to_owned()), begun.elapsed());
                evidence::begin();
                result
            }
            Err(panic) => {
                self.tell(&format!("{what}: FAILED after {:.0} s", begun.elapsed().as_secs_f32()));
                evidence::show();
                resume_unwind(panic)
            }
        }
    }

    /// A line.
    pub fn tell(&self, what: &str) {
        let seconds = self.begun.elapsed().as_secs();
        // Nobody listens: no reason to fail.
        let _ = writeln!(std::io::stderr(), "{} {seconds:>4} s: {what}", self.name);
    }
}

impl Drop for Story {
    fn drop(&mut self) {
        if std::thread::panicking() {
            evidence::show();
        }
        evidence::take_down();
        let time = self.begun.elapsed();
        took(self.name, None, time);
        let long = if time > LONG { ", longer than a story should" } else { "" };
        self.tell(&format!("ends after {:.0} s{long}", time.as_secs_f32()));
    }
}

/// Tells what took longest: `count` stories, and as many sections.
pub fn tell_longest(count: usize) {
    let mut all = TIMINGS.lock().unwrap_or_else(PoisonError::into_inner).clone();
    all.sort_by_key(|took| std::cmp::Reverse(took.time));
    let (stories, sections): (Vec<_>, Vec<_>) = all.iter().partition(|t| t.section.is_none());
    let told = [("stories", stories), ("sections", sections)];
    for (what, longest) in told.into_iter().filter(|(_, longest)| !longest.is_empty()) {
        eprintln!("\nThe longest {what}:");
        for Timing { story, section, time } in longest.into_iter().take(count) {
            let section = section.as_deref().map(|s| format!(": {s}")).unwrap_or_default();
            eprintln!("{:>6.0} s  {story}{section}", time.as_secs_f32());
        }
    }
}

fn took(story: &'static str, section: Option<String>, time: Duration) {
    TIMINGS.lock().unwrap_or_else(PoisonError::into_inner).push(Timing { story, section, time });
}
