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

/// The last line may be half written: it is none yet.
fn line(text: &str) -> Option<Line> {
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    // Terraform passes a plugin's message on, in some releases behind the plugin's name.
    let message = json["@message"].as_str()?;
    let events = [
        ("step begins", Event::Begins),
        ("step done", Event::Done),
        ("step failed", Event::Failed),
    ];
    let (_, event) = events.into_iter().find(|(text, _)| message.ends_with(text))?;
    let field = |name: &str| json[name].as_str().map(str::to_owned);
    Some(Line { event, host: address(&field("host")?), step: field("step")? })
}

/// The address in `root@198.51.100.11:22`.
fn address(host: &str) -> String {
    let place = host.rsplit_once('@').map_or(host, |(_, place)| place);
    place.rsplit_once(':').map_or(place, |(address, _)| address).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_read_and_a_half_line_is_not() {
        let text = r#"{"@level":"info","@message":"step done","host":"root@h:22","step":"do it"}"#;
        let want = Line { event: Event::Done, host: "h".into(), step: "do it".into() };
        assert_eq!(line(text), Some(want));
        assert_eq!(line(&text[..30]), None);
        assert_eq!(line(r#"{"@message":"other"}"#), None);
    }
}
