//! How far the nodes' clocks are apart.
//!
//! A node that gets a token of another judges by its own clock whether it is valid already and still.

use std::collections::BTreeMap;

use crate::question::{Answers, Question};

/// Seconds that Harbor and its registry overlook. Older releases of Harbor overlook none, so that
/// less than this shows in the outputs too.
const LEEWAY: i64 = 60;

/// The question of a node's clock.
pub fn question(host: &str) -> Question {
    Question::script(host, "clock", "date +%s")
}

/// How many seconds each clock is ahead of the one that is furthest behind: all hosts are asked at the
/// same time. Empty where there are not two.
pub fn ahead<'a>(
    answers: &Answers,
    nodes: impl Iterator<Item = &'a String>,
) -> BTreeMap<String, i64> {
    let clock = |name: &str| answers.stdout(name, "clock")?.trim().parse::<u32>().ok();
    let clocks: Vec<(&String, i64)> =
        nodes.filter_map(|name| Some((name, i64::from(clock(name)?)))).collect();
    let first = clocks.iter().map(|(_, seconds)| *seconds).min().unwrap_or_default();
    if clocks.len() < 2 {
        return BTreeMap::new();
    }
    let since = |seconds: i64| seconds.saturating_sub(first);
    clocks.into_iter().map(|(name, seconds)| (name.clone(), since(seconds))).collect()
}

/// What is wrong where tokens are refused for it.
pub fn sentence(ahead: &BTreeMap<String, i64>) -> Option<String> {
    let (first, apart) = ahead.iter().max_by_key(|(_, seconds)| **seconds)?;
    let (last, _) = ahead.iter().min_by_key(|(_, seconds)| **seconds)?;
    (*apart > LEEWAY).then(|| {
        format!(
            "the clock of {first} is {apart} s ahead of {last}'s: a token of one is not yet valid at the \
             other, or no more (docker push and pull fail with 401 from time to time); have both take \
             their time from one source"
        )
    })
}
