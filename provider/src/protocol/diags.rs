//! Our diagnostics as the protocol's.

use super::mask;
use super::tfplugin6::{self as pb, attribute_path};
use crate::diag::{Diag, Path, Severity, Step};

/// Diagnostics for the host, without any secret that the log may not show either.
pub fn to_host(diags: impl IntoIterator<Item = Diag>) -> Vec<pb::Diagnostic> {
    diags.into_iter().map(diagnostic).collect()
}

fn diagnostic(diag: Diag) -> pb::Diagnostic {
    let severity = match diag.severity {
        Severity::Error => pb::diagnostic::Severity::Error,
        Severity::Warning => pb::diagnostic::Severity::Warning,
    };
    let shown = shown_path(&diag.path);
    let whole = diag.path.to_string();
    let mut detail = diag.detail;
    if shown != diag.path && !detail.contains(&whole) {
        let space = if detail.is_empty() { "" } else { " " };
        detail = format!("{detail}{space}(At {whole}.)");
    }
    pb::Diagnostic {
        severity: severity.into(),
        summary: mask::masked(&diag.summary).into_owned(),
        detail: mask::masked(&detail).into_owned(),
        attribute: (!shown.0.is_empty()).then(|| path(shown)),
    }
}

/// As much of a path as Terraform finds in a configuration: an attribute, and one item of it.
/// Steps into a nested attribute send it to the attribute of the same name at the top (seen with
/// `labels[1].name`, which was shown at `name`).
fn shown_path(path: &Path) -> Path {
    let item = matches!(path.0.get(1), Some(Step::Index(_) | Step::Key(_)));
    Path(path.0.iter().take(if item { 2 } else { 1 }).cloned().collect())
}

/// A path for the host.
pub fn path(path: Path) -> pb::AttributePath {
    use attribute_path::step::Selector;
    let selector = |step| match step {
        Step::Attribute(name) => Selector::AttributeName(name),
        Step::Key(key) => Selector::ElementKeyString(key),
        Step::Index(i) => Selector::ElementKeyInt(i),
    };
    let steps = path.0.into_iter().map(|s| attribute_path::Step { selector: Some(selector(s)) });
    pb::AttributePath { steps: steps.collect() }
}

/// Parse state as it was stored.
pub fn stored_json(bytes: &[u8]) -> Result<serde_json::Value, Diag> {
    serde_json::from_slice(bytes)
        .map_err(|e| Diag::error("Unreadable state", format!("The stored state is not JSON: {e}.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_diagnostic_acts_on_a_terminal() {
        let said = "\x1b]0;T\x07\u{9b}31m\u{202e}\r";
        let diag = Diag::error(said, said).at(Path::of("a.b").key(said));
        let [sent] = &to_host([diag])[..] else { panic!("one") };
        for text in [&sent.summary, &sent.detail] {
            assert!(text.contains("\\u{1b}]0;T"), "{text}");
            assert_eq!(crate::value::shown(text), text.as_str());
        }
    }
}
