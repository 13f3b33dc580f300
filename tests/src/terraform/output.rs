//! What a run of Terraform, or of the client, said.

use std::process::Output;

use serde_json::Value as Json;

/// A finished run.
#[derive(Debug, Clone)]
pub struct Run {
    /// Exit status; none if a signal ended it.
    pub code: Option<i32>,
    /// Both streams.
    pub text: String,
}

/// One error or warning, as `-json` has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether it is an error.
    pub is_error: bool,
    /// Its first line.
    pub summary: String,
    /// The rest.
    pub detail: String,
    /// The place that it points to, if it has one in the configuration: of Terraform the lines there,
    /// of the client the path.
    pub code: String,
}

impl Run {
    /// With this exit status and text.
    pub fn new(code: Option<i32>, text: String) -> Self {
        Self { code, text }
    }

    /// Of what a process left.
    pub fn of(output: &Output) -> Self {
        let text = [output.stdout.as_slice(), &output.stderr].concat();
        Self::new(output.status.code(), String::from_utf8_lossy(&text).into_owned())
    }

    /// Whether it succeeded.
    pub fn ok(&self) -> bool {
        self.code == Some(0)
    }

    /// The run, which must have succeeded.
    #[track_caller]
    #[must_use]
    pub fn succeeds(self) -> Self {
        assert!(self.ok(), "it failed:\n{}\n{}", self.after_error(), self.readable());
        self
    }

    /// The run, which must have failed.
    #[track_caller]
    #[must_use]
    pub fn fails(self) -> Self {
        assert!(!self.ok(), "it succeeded:\n{}", self.readable());
        self
    }

    /// The run, which must have said all this. White space is not compared, as Terraform breaks
    /// lines of messages.
    #[track_caller]
    #[must_use]
    pub fn says(self, parts: &[&str]) -> Self {
        let text = squeeze(&self.readable());
        for part in parts {
            assert!(text.contains(&squeeze(part)), "no \"{part}\" in:\n{}", self.readable());
        }
        self
    }

    /// The whole text as one JSON document.
    ///
    /// # Panics
    /// If it is none.
    #[track_caller]
    pub fn json(&self) -> Json {
        // With development overrides a warning may come on the other stream, after the document.
        let mut documents = serde_json::Deserializer::from_str(&self.text).into_iter();
        let first = documents.next().and_then(Result::ok);
        first.unwrap_or_else(|| panic!("no JSON in:\n{}", self.text))
    }

    /// Errors and warnings, of `-json` output of plan, apply or validate.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let lines: Vec<Json> =
            self.text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let streamed = lines.iter().map(|l| &l["diagnostic"]).filter(|d| !d.is_null());
        let mut found: Vec<Diagnostic> = streamed.map(Diagnostic::of).collect();
        if found.is_empty() && self.text.trim_start().starts_with('{') {
            let mut documents = serde_json::Deserializer::from_str(&self.text).into_iter();
            let document: Json = documents.next().and_then(Result::ok).unwrap_or_default();
            let all = document["diagnostics"].as_array().cloned().unwrap_or_default();
            found.extend(all.iter().map(Diagnostic::of));
        }
        found
    }

    /// Its errors.
    pub fn errors(&self) -> Vec<Diagnostic> {
        self.diagnostics().into_iter().filter(|d| d.is_error).collect()
    }

    /// What it said from its first error on. A plan before it can be long, and a log cut short.
    fn after_error(&self) -> &str {
        self.text.find("Error: ").map_or("", |at| &self.text[at..])
    }

    /// The text for people: of JSON lines, their messages.
    pub fn readable(&self) -> String {
        let diagnostics = self.diagnostics();
        if diagnostics.is_empty() {
            return self.text.clone();
        }
        let say = |d: &Diagnostic| format!("{}: {}\n{}\n", d.summary, d.detail, d.code);
        diagnostics.iter().map(say).collect()
    }
}

impl Diagnostic {
    fn of(json: &Json) -> Self {
        let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
        Self {
            is_error: json["severity"] == "error",
            summary: text(&json["summary"]),
            detail: text(&json["detail"]),
            code: text(json.get("attribute").unwrap_or(&json["snippet"]["code"])),
        }
    }
}

/// Words alone, without Terraform's frame.
fn squeeze(text: &str) -> String {
    let plain = text.replace(['│', '╷', '╵'], " ");
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnostic_is_found_among_lines() {
        let text = "{\"@level\":\"info\"}\n{\"diagnostic\":{\"severity\":\"error\",\"summary\":\"No\",\
                    \"detail\":\"why\",\"snippet\":{\"code\":\"  x = 1\"}}}\nTerraform\n";
        let run = Run::new(Some(1), text.to_owned());
        assert_eq!(run.errors().len(), 1);
        assert_eq!(run.errors()[0].code, "  x = 1");
    }

    #[test]
    fn what_was_said_is_found_over_broken_lines() {
        let run = Run::new(Some(1), "│ a long\n│ message\n".to_owned());
        let _ = run.says(&["long message"]);
    }
}
