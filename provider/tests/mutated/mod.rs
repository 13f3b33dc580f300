//! The plan cases with answers that no honest host gives: whatever comes, there is a decision.

use std::ops::Range;

use proptest::collection::vec;
use proptest::prelude::*;
use provider::question::Verdict;
use provider::resource::{Answer, Answers, Resource};
use provider::resources::database_endpoint::Endpoint;
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

/// Where the numbers of a text are.
fn numbers(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (i, _) in text.match_indices(|c: char| c.is_ascii_digit()) {
        match found.last_mut() {
            Some(last) if last.end == i => last.end += 1,
            _ => found.push(i..i + 1),
        }
    }
    found
}

fn with(text: &str, place: Range<usize>, other: &str) -> String {
    format!("{}{other}{}", &text[..place.start], &text[place.end..])
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
            let numbers = numbers(text);
            let number = numbers.get(choice.below(numbers.len())).cloned().unwrap_or(0..0);
            with(text, number, choice.of(NUMBERS))
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
        (Answer::Login(verdict), way) => *verdict = verdicts("no").swap_remove(way % 6),
    }
}

fn verdicts(why: &str) -> Vec<Verdict> {
    let ways: [fn(String) -> Verdict; 5] = [
        Verdict::Refused,
        Verdict::NotThere,
        Verdict::NoTls,
        Verdict::Unreachable,
        Verdict::Unknown,
    ];
    let all = ways.iter().map(|way| way(why.to_owned()));
    all.chain([Verdict::Accepted]).collect()
}

/// The case with these answers.
fn decided<R: Resource>(case: &Case, answers: &Answers) {
    let _ = case.decide_on::<R>(|settings| {
        let _ = R::follow_up(settings, answers);
        answers.clone()
    });
}

/// The case with answers that differ in a few places.
fn bent_anywhere<R: Resource>(case: &Case) {
    let honest = case.answers::<R>();
    let config =
        ProptestConfig { cases: 4, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(data in vec(any::<u8>(), 0..48))| {
        let (mut answers, mut choice) = (honest.clone(), Choice(&data));
        while !choice.0.is_empty() {
            let which = choice.below(answers.0.len());
            let Some(answer) = answers.0.values_mut().nth(which) else { break };
            bend(answer, &mut choice);
        }
        decided::<R>(case, &answers);
    });
}

/// Cases have most of their answers in common: each tries one number of so many.
const STRIDE: usize = 47;

/// The case with one number that is as large as it can be, or nothing, beside what it was.
fn with_each_number<R: Resource>(case: &Case, turn: usize) {
    let honest = case.answers::<R>();
    let mut count = turn;
    for (at, answer) in &honest.0 {
        // Texts of files are texts; what scripts and servers reckon is numbers.
        let (false, Answer::Output { stdout, .. }) = (at.1.starts_with('/'), answer) else {
            continue;
        };
        for place in numbers(stdout) {
            count += 1;
            if !count.is_multiple_of(STRIDE) {
                continue;
            }
            for other in ["9223372036854775807", "0"] {
                let stdout = with(stdout, place.clone(), other);
                let answer = Answer::Output { status: 0, stdout, stderr: String::new() };
                let mut answers = honest.clone();
                answers.0.insert(at.clone(), answer);
                decided::<R>(case, &answers);
            }
        }
    }
}

fn each_case(try_out: impl Fn(&str, &Case, usize)) {
    for folder in sorted(&root()) {
        let paths = sorted(&folder);
        let cases = paths.iter().filter(|p| p.extension().is_some_and(|e| e == "toml"));
        for (turn, path) in cases.enumerate() {
            try_out(&name(&folder), &Case::load(&folder, &name(path)), turn);
        }
    }
}

#[test]
fn no_answer_makes_a_decision_panic() {
    each_case(|resource, case, _| match resource {
        "database_endpoint" => bent_anywhere::<Endpoint>(case),
        "external_db" => bent_anywhere::<ExternalDatabase>(case),
        "ha_node" => bent_anywhere::<ha_node::Node>(case),
        "shared_secrets" => bent_anywhere::<SharedSecrets>(case),
        "pg_replication_pair" => bent_anywhere::<PgReplicationPair>(case),
        other => panic!("no resource for the folder {other}"),
    });
}

#[test]
fn no_number_makes_a_decision_panic() {
    each_case(|resource, case, turn| match resource {
        "database_endpoint" => with_each_number::<Endpoint>(case, turn),
        "external_db" => with_each_number::<ExternalDatabase>(case, turn),
        "ha_node" => with_each_number::<ha_node::Node>(case, turn),
        "shared_secrets" => with_each_number::<SharedSecrets>(case, turn),
        "pg_replication_pair" => with_each_number::<PgReplicationPair>(case, turn),
        other => panic!("no resource for the folder {other}"),
    });
}
