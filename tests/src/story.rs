//! A test that is a story: sections in order, each told on the terminal while it runs.

use std::io::Write as _;
use std::time::Instant;

/// Tells where a long test is and how long each section took. It writes past libtest's capture:
/// a test of ten minutes that says nothing looks as if it hangs.
#[derive(Debug)]
pub struct Story {
    name: &'static str,
    begun: Instant,
}

impl Story {
    /// Begins.
    pub fn begin(name: &'static str) -> Self {
        let story = Self { name, begun: Instant::now() };
        story.tell("begins");
        story
    }

    /// One section; its panic message is the test's.
    pub fn section<T>(&self, what: &str, body: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        self.tell(what);
        let result = body();
        self.tell(&format!("{what}: done in {:.0} s", begun.elapsed().as_secs_f32()));
        result
    }

    /// A line.
    pub fn tell(&self, what: &str) {
        let seconds = self.begun.elapsed().as_secs();
        // Nobody listens: no reason to fail.
        let _ = writeln!(std::io::stderr(), "{} {seconds:>4} s: {what}", self.name);
    }
}
