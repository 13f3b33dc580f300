//! The plan cases with answers that no honest host gives: whatever comes, there is a decision.

use proptest::collection::vec;
use proptest::prelude::*;
use provider::resource::{Answer, Answers, Resource};
use provider::resources::external_db::ExternalDatabase;
use provider::resources::ha_node;
use provider::resources::pg_replication_pair::PgReplicationPair;
use provider::resources::shared_secrets::SharedSecrets;

use super::{Case, name, root, sorted};

/// What stands in place of a number.
const NUMBERS: &[&str] = &[
    "0",
    "-1",
    "-9223372036854775808",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "99999999999999999999999999",
    "1e400",
    "NaN",
    "",
];

/// What stands anywhere.
const TEXTS: &[&str] = &[
    "",
    "\0",
    "\r",
    "\n",
    "'",
    "\"",
    "é",
    "{",
    "[",
    ":",
    "=",
    "/",
    "null",
    "\u{1b}[2J",
    "\u{202e}",
    "@@end",
    "@@sql\n{\"roles\":7}",
    "FFFFFFFF/FFFFFFFF",
    "$(reboot)",
    "; DROP TABLE x; --",
];

/// Chooses by bytes.
struct Choice<'a>(&'a [u8]);

impl Choice<'_> {
    fn below(&mut self, count: usize) -> usize {
        let (first, rest) = self.0.split_at(self.0.len().min(2));
        self.0 = rest;
        let number = first.iter().fold(0, |sum, byte| sum * 256 + usize::from(*byte));
        if count == 0 { 0 } else { number % count }
    }

    fn of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }
}

fn bent(text: &str, choice: &mut Choice) -> String {
    let at = {
        let places: Vec<usize> = text.char_indices().map(|(i, _)| i).collect();
        places.get(choice.below(places.len())).copied().unwrap_or(0)
    };
    let mut lines: Vec<&str> = text.lines().collect();
    let line = choice.below(lines.len());
    match choice.below(7) {
        0 => {
            let digit = |c: char| c.is_ascii_digit();
            let from = text[at..].find(digit).map_or(text.len(), |i| at + i);
            let to = text[from..].find(|c| !digit(c)).map_or(text.len(), |i| from + i);
            format!("{}{}{}", &text[..from], choice.of(NUMBERS), &text[to..])
        }
        1 => text[..at].to_owned(),
        2 => text[at..].to_owned(),
        3 => format!("{}{}{}", &text[..at], choice.of(TEXTS), &text[at..]),
        4 if !lines.is_empty() => {
            lines.remove(line);
            lines.join("\n")
        }
        5 if !lines.is_empty() => {
            lines.insert(line, lines[line]);
            lines.join("\n")
        }
        _ => choice.of(TEXTS).to_owned(),
    }
}

fn bend(answer: &mut Answer, choice: &mut Choice) {
    match (answer, choice.below(8)) {
        (answer, 0) => *answer = Answer::Failed("no".to_owned()),
        (Answer::Output { status, .. }, 1) => *status = 255,
        (Answer::Output { stdout, .. }, _) => *stdout = bent(stdout, choice),
        (Answer::Response { status, .. }, 1) => *status = 0,
        (Answer::Response { body, .. }, _) => *body = bent(body, choice),
        (Answer::Rows(rows), 1) => rows.clear(),
        (Answer::Rows(rows), _) => {
            let row = choice.below(rows.len());
            let Some(row) = rows.get_mut(row) else { return };
            let column = choice.below(row.len());
            if let Some(value) = row.values_mut().nth(column) {
                *value = value.as_ref().map(|text| bent(text, choice));
            }
        }
        (Answer::Failed(why), _) => *why = bent(why, choice),
    }
}

/// The case with answers that differ in a few places.
fn try_out<R: Resource>(case: &Case, data: &[u8]) {
    let mut choice = Choice(data);
    let _ = case.decide_on::<R>(|settings| {
        let mut answers: Answers = case.answers::<R>();
        while !choice.0.is_empty() {
            let which = choice.below(answers.0.len());
            let Some(answer) = answers.0.values_mut().nth(which) else { break };
            bend(answer, &mut choice);
        }
        let _ = R::follow_up(settings, &answers);
        answers
    });
}

fn of_folder(resource: &str, case: &Case, data: &[u8]) {
    match resource {
        "external_db" => try_out::<ExternalDatabase>(case, data),
        "ha_node" => try_out::<ha_node::Node>(case, data),
        "shared_secrets" => try_out::<SharedSecrets>(case, data),
        "pg_replication_pair" => try_out::<PgReplicationPair>(case, data),
        other => panic!("no resource for the folder {other}"),
    }
}

#[test]
fn no_answer_makes_a_decision_panic() {
    for folder in sorted(&root()) {
        for path in sorted(&folder).iter().filter(|p| p.extension().is_some_and(|e| e == "toml")) {
            let case = Case::load(&folder, &name(path));
            let config =
                ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() };
            proptest!(config, |(data in vec(any::<u8>(), 0..48))| {
                of_folder(&name(&folder), &case, &data);
            });
        }
    }
}
