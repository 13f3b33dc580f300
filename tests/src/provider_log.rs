//! The provider's log: which steps began, ended and failed.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

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

/// All lines about steps in a log that Terraform wrote with `TF_LOG_PATH`, or that the client did;
/// empty without a log.
pub fn read(path: &Path) -> Vec<Line> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().filter_map(line).collect()
}

/// A log that is followed while it grows.
#[derive(Debug)]
pub struct Tail {
    path: PathBuf,
    /// How much of it was read.
    read: u64,
    /// The beginning of a line whose end was not written yet.
    half: Vec<u8>,
}

impl Tail {
    /// From its beginning; it need not be there yet.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), read: 0, half: Vec::new() }
    }

    /// The lines about steps that came since the last look.
    pub fn more(&mut self) -> Vec<Line> {
        // A log that cannot be read has nothing yet.
        let _ = self.take();
        let end = self.half.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let whole: Vec<u8> = self.half.drain(..end).collect();
        String::from_utf8_lossy(&whole).lines().filter_map(line).collect()
    }

    fn take(&mut self) -> std::io::Result<()> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.read))?;
        self.read += file.read_to_end(&mut self.half)? as u64;
        Ok(())
    }
}

/// The steps that ended well, as `host: step`.
pub fn done(path: &Path) -> Vec<String> {
    let lines = read(path).into_iter().filter(|l| l.event == Event::Done);
    lines.map(|l| format!("{}: {}", l.host, l.step)).collect()
}

/// A line of Terraform's log or of the provider's own. The last one of a log may be half written: it
/// is none yet.
fn line(text: &str) -> Option<Line> {
    if text.starts_with('{') { own_line(text) } else { terraforms_line(text) }
}

/// A line as `{"@message":"step done","host":"root@h:22","step":"do it"}`.
fn own_line(text: &str) -> Option<Line> {
    let json: Json = serde_json::from_str(text).ok()?;
    let event = match json["@message"].as_str()? {
        "step begins" => Event::Begins,
        "step done" => Event::Done,
        "step failed" => Event::Failed,
        _ => return None,
    };
    let host = address(json["host"].as_str()?).to_owned();
    Some(Line { event, host, step: json["step"].as_str()?.to_owned() })
}

/// A line as `time [INFO]  provider...: step done: host=root@h:22 step="do it" seconds=1`.
fn terraforms_line(text: &str) -> Option<Line> {
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

    #[test]
    fn the_providers_own_line_is_read_as_well() {
        let text =
            r#"{"@level":"info","@message":"step begins","host":"root@h:22","step":"do \"it\""}"#;
        let want = Line { event: Event::Begins, host: "h".into(), step: "do \"it\"".into() };
        assert_eq!(line(text), Some(want));
        assert_eq!(line(&text[..60]), None);
        assert_eq!(line(r#"{"@message":"other","host":"h","step":"x"}"#), None);
    }

    #[test]
    fn a_log_is_followed_and_a_half_line_waits_for_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut tail = Tail::new(&path);
        assert_eq!(tail.more(), []);
        let write = |text: &str| {
            let file = File::options().create(true).append(true).open(&path);
            std::io::Write::write_all(&mut file.unwrap(), text.as_bytes()).unwrap();
        };
        write(r#"{"@message":"step begins","host":"h","#);
        assert_eq!(tail.more(), []);
        write("\"step\":\"x\"}\n{\"@message\":\"step done\",\"host\":\"h\",\"step\":\"x\"}\n");
        let events: Vec<_> = tail.more().into_iter().map(|l| l.event).collect();
        assert_eq!(events, [Event::Begins, Event::Done]);
        assert_eq!(tail.more(), []);
    }
}
