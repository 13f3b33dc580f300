//! The rigs that the story of this thread uses: it takes down what is left of them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

thread_local! {
    static RIGS: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
    static LEFT: Cell<bool> = const { Cell::new(false) };
}

/// This thread uses a rig from now on.
pub fn add(rig: &str) {
    RIGS.with_borrow_mut(|rigs| rigs.insert(rig.to_owned()));
}

/// It is gone.
pub fn remove(rig: &str) {
    RIGS.with_borrow_mut(|rigs| rigs.remove(rig));
}

/// Their names.
pub fn names() -> Vec<String> {
    RIGS.with_borrow(|rigs| rigs.iter().cloned().collect())
}

/// When this thread fails, its rigs stay up, to be looked at: somebody else takes them down.
pub fn leave_when_failing() {
    LEFT.set(true);
}

/// This thread fails, and its rigs stay up.
pub fn is_left() -> bool {
    LEFT.get() && std::thread::panicking()
}
