//! For everything that can be seen of two servers: what is done, and why.
//!
//! The first row whose condition holds decides. A test goes through all states: each is decided,
//! each row is reached, and a model of two servers shows that no decision loses a write that nobody
//! agreed to lose.

use super::observed::Observed;
use super::rows::ROWS;
#[cfg(test)]
use super::transition::Decision;
use super::transition::Decision::Refuse;
use super::transition::{Row, Why, Wish, row_of};

/// What is done in a state.
#[cfg(test)]
pub fn decide(seen: &Observed, wish: &Wish) -> Decision {
    row(seen, wish).then
}

/// The row that decides.
pub fn row(seen: &Observed, wish: &Wish) -> &'static Row {
    ROWS.iter().find(|row| (row.holds)(seen, wish)).unwrap_or(&LAST)
}

/// The row that decides in a table that lacks one; none where nobody thought of the state.
#[cfg(test)]
pub fn row_without(missing: Option<&str>, seen: &Observed, wish: &Wish) -> Option<&'static Row> {
    let mut rows = ROWS.iter().filter(|row| Some(row.when) != missing);
    rows.find(|row| (row.holds)(seen, wish))
}

/// What stands below all rows; a test shows that it is never reached.
const LAST: Row = row_of(
    "anything else",
    |_, _| true,
    Refuse(Why::Wait),
    "a state that nobody thought of is not touched",
);

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
