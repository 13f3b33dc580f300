//! The faults that a pair meets, one row each: how it is made here and what is expected, or which
//! other story has it.
//!
//! After each, when the fault is gone, one apply makes the pair whole.

mod disks;
mod files;
mod history;
mod processes;
pub mod settings;
mod table;

use std::panic::{AssertUnwindSafe, catch_unwind};

use testkit::story::Story;

use table::{FAULTS, How};

/// How many faults there are.
const ALL: u32 = 40;

/// What could lose data, each in another way: what `make test` tries; `make soak` tries all.
const FEW: [u32; 11] = [4, 7, 8, 9, 16, 18, 21, 25, 29, 31, 36];

/// Each on the pair that the one before left whole; one that fails leaves a new pair.
/// `BREAKWATER_FAULTS=4,17` runs these alone.
pub fn each(story: &Story) {
    let only = std::env::var("BREAKWATER_FAULTS").unwrap_or_default();
    let only: Vec<u32> = only.split(',').filter_map(|n| n.parse().ok()).collect();
    let wanted = |number: u32| match &only[..] {
        [] => crate::roles::soak() || FEW.contains(&number),
        only => only.contains(&number),
    };
    let todo = FAULTS.iter().filter(|f| wanted(f.number)).filter_map(|f| match f.how {
        How::Here(act) => Some((f, act)),
        How::In(_) => None,
    });
    let mut pair = crate::roles::new_pair(story);
    let mut problems = Vec::new();
    for (fault, act) in todo {
        let what = format!("F{}: {}", fault.number, fault.what);
        let tried = AssertUnwindSafe(|| story.section(&what, || act(&mut pair)));
        if catch_unwind(tried).is_err() {
            story.tell(&format!("{what}: FAILED"));
            problems.push(what);
            story.section("a new pair", || pair.start_over());
        }
    }
    assert!(problems.is_empty(), "what was expected did not happen:\n{}", problems.join("\n"));
}

/// `stories`: names of those that are told.
pub fn every_fault_has_a_row(stories: &[String]) {
    let numbers: Vec<u32> = FAULTS.iter().map(|f| f.number).collect();
    assert_eq!(numbers, (1..=ALL).collect::<Vec<_>>());
    for fault in FAULTS {
        let How::In(names) = fault.how else { continue };
        for name in names {
            assert!(stories.iter().any(|s| s == name), "F{}: no story {name}", fault.number);
        }
    }
}
