//! For everything that can be seen of two servers: what is done, and why.
//!
//! The first row whose condition holds decides. A test goes through all states: each is decided,
//! each row is reached, and a model of two servers shows that no decision loses a write that nobody
//! agreed to lose.

#[cfg(test)]
use super::decision::Decision;
use super::decision::Decision::Refuse;
use super::decision::{Consents, Refusal, Row, row_of};
use super::observed::Observed;
use super::rows::ROWS;

/// What is done in a state.
#[cfg(test)]
pub fn decide(seen: &Observed, consents: &Consents) -> Decision {
    row(seen, consents).then
}

/// The row that decides.
pub fn row(seen: &Observed, consents: &Consents) -> &'static Row {
    ROWS.iter().find(|row| (row.holds)(seen, consents)).unwrap_or(&LAST)
}

/// The row that decides in a table that lacks one; none where nobody thought of the state.
#[cfg(test)]
pub fn row_without(
    missing: Option<&str>,
    seen: &Observed,
    consents: &Consents,
) -> Option<&'static Row> {
    let mut rows = ROWS.iter().filter(|row| Some(row.when) != missing);
    rows.find(|row| (row.holds)(seen, consents))
}

/// What stands below all rows; a test shows that it is never reached.
const LAST: Row = row_of(
    "anything else",
    |_, _| true,
    Refuse(Refusal::Wait),
    "a state that nobody thought of is not touched",
);

#[cfg(test)]
mod tests;
