//! The provider's log: which steps began, ended and failed.

use std::path::Path;

/// What happened to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// It begins.
    Begins,
    /// It succeeded.
    Done,
    /// It failed.
    Failed,
}

/// A line about a step.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// What happened.
    pub event: Event,
    /// Address of the host.
    pub host: String,
    /// What the step does.
    pub step: String,
}

/// All lines about steps in a log that Terraform wrote with `TF_LOG_PATH`; empty without a log.
pub fn read(path: &Path) -> Vec<Line> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().filter_map(line).collect()
}

/// The steps that ended well, as `host: step`.
pub fn done(path: &Path) -> Vec<String> {
    let lines = read(path).into_iter().filter(|l| l.event == Event::Done);
    lines.map(|l| format!("{}: {}", l.host, l.step)).collect()
}

/// A line as `time [INFO]  provider...: step done: host=root@h:22 step="do it" seconds=1`. The last
/// one of a log may be half written: it is none yet.
fn line(text: &str) -> Option<Line> {
    let events = [
        (": step begins: ", Event::Begins),
        (": step done: ", Event::Done),
        (": step failed: ", Event::Failed),
    ];
    let (fields, event) = events
        .into_iter()
        .find_map(|(says, event)| text.split_once(says).map(|(_, fields)| (fields, event)))?;
    Some(Line {
        event,
        host: address(&field(fields, "host")?).to_owned(),
        step: field(fields, "step")?,
    })
}

/// The value behind `name=`: a word, or a text in quotes with backslashes before its own.
fn field(fields: &str, name: &str) -> Option<String> {
    let mut rest = fields;
    loop {
        let (key, after) = rest.split_once('=')?;
        let (value, next) = value(after)?;
        if key.trim() == name {
            return Some(value);
        }
        rest = next;
    }
}

fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        return text.split_once(' ').map(|(word, rest)| (word.to_owned(), rest));
    };
    let (mut value, mut escaped) = (String::new(), false);
    for (i, c) in quoted.char_indices() {
        match c {
            '\\' if !escaped => escaped = true,
            '"' if !escaped => return Some((value, &quoted[i + 1..])),
            _ => {
                value.push(c);
                escaped = false;
            }
        }
    }
    None
}

/// The address in `root@198.51.100.11:22`.
fn address(host: &str) -> &str {
    let place = host.rsplit_once('@').map_or(host, |(_, place)| place);
    place.rsplit_once(':').map_or(place, |(address, _)| address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_read_and_a_half_line_is_not() {
        let text = "2026-11-23T01:33:28.690Z [INFO]  provider.x: step done: seconds=0.1 \
                    host=root@h:22 step=\"do \\\"it\\\"\" @module=harbor timestamp=now";
        let want = Line { event: Event::Done, host: "h".into(), step: "do \"it\"".into() };
        assert_eq!(line(text), Some(want));
        assert_eq!(line(&text[..90]), None);
        assert_eq!(line("2026 [INFO]  provider.x: other: host=h step=x timestamp=y"), None);
    }
}
