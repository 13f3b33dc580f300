//! What clients of a registry came to while something changed: each push and pull, and when.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;

/// One push or pull.
#[derive(Debug, Clone, Deserialize)]
struct Outcome {
    /// The client: `push 0 at 198.51.100.11`.
    who: String,
    /// When it ended, in seconds from the begin.
    at: f64,
    /// Why it failed.
    why: Option<String>,
}

/// All of them, by client, in the order of time.
#[derive(Debug)]
pub struct Outcomes(BTreeMap<String, Vec<Outcome>>);

impl Outcomes {
    /// Reads a line of JSON for each.
    ///
    /// # Panics
    /// If a line is none, or there is none: then nothing was measured.
    #[track_caller]
    pub fn read(text: &str) -> Self {
        let mut all = BTreeMap::<String, Vec<Outcome>>::new();
        for line in text.lines() {
            let outcome: Outcome =
                serde_json::from_str(line).unwrap_or_else(|why| panic!("{line}: {why}"));
            all.entry(outcome.who.clone()).or_default().push(outcome);
        }
        assert!(!all.is_empty(), "no client said anything");
        Self(all)
    }

    /// How many clients there were.
    pub fn clients(&self) -> usize {
        self.0.len()
    }

    /// The most that one client had to do again.
    pub fn most_failures(&self) -> usize {
        self.0.values().map(|all| failures(all)).max().unwrap_or_default()
    }

    /// The longest time in which a client came to nothing.
    pub fn longest_gap(&self) -> f64 {
        let gap = |all: &Vec<Outcome>| {
            let done = all.iter().filter(|o| o.why.is_none()).map(|o| o.at);
            let ends = std::iter::once(0.0).chain(done).chain(all.last().map(|o| o.at));
            let ends: Vec<f64> = ends.collect();
            ends.windows(2).map(|two| two[1] - two[0]).fold(0.0, f64::max)
        };
        self.0.values().map(gap).fold(0.0, f64::max)
    }

    /// In a line for each kind, and one for each failure.
    pub fn told(&self) -> String {
        let mut text = String::new();
        for kind in ["push", "pull"] {
            let of: Vec<_> = self.0.iter().filter(|(who, _)| who.starts_with(kind)).collect();
            let all: usize = of.iter().map(|(_, all)| all.len()).sum();
            let failed: usize = of.iter().map(|(_, all)| failures(all)).sum();
            let _ = write!(text, "{kind}: {failed} of {all} failed; ");
        }
        let _ = write!(text, "longest gap of a client {:.1} s", self.longest_gap());
        for outcome in self.0.values().flatten() {
            if let Some(why) = &outcome.why {
                let _ = write!(text, "\n  {} at {:.1} s: {why}", outcome.who, outcome.at);
            }
        }
        text
    }
}

fn failures(all: &[Outcome]) -> usize {
    all.iter().filter(|outcome| outcome.why.is_some()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_and_failures_are_those_of_one_client() {
        let outcomes = Outcomes::read(
            r#"{"who": "push 0", "at": 1.0, "why": null}
{"who": "pull 0", "at": 1.5, "why": "500"}
{"who": "pull 0", "at": 2.0, "why": null}
{"who": "push 0", "at": 2.5, "why": "503"}
{"who": "push 0", "at": 3.0, "why": "503"}
{"who": "push 0", "at": 5.0, "why": null}
{"who": "pull 0", "at": 3.0, "why": null}"#,
        );
        assert_eq!((outcomes.clients(), outcomes.most_failures()), (2, 2));
        assert!((outcomes.longest_gap() - 4.0).abs() < 1e-9);
        let told = outcomes.told();
        assert!(told.contains("push: 2 of 4 failed; pull: 1 of 3 failed"), "{told}");
        assert!(told.contains("pull 0 at 1.5 s: 500"), "{told}");
    }

    #[test]
    fn a_client_that_comes_to_nothing_has_a_gap_as_long_as_it_tried() {
        let outcomes = Outcomes::read(r#"{"who": "push 0", "at": 30.0, "why": "refused"}"#);
        assert!((outcomes.longest_gap() - 30.0).abs() < 1e-9);
    }

    #[test]
    #[should_panic(expected = "no client said anything")]
    fn silence_is_no_success() {
        Outcomes::read("");
    }
}
