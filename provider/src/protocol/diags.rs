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
    pb::Diagnostic {
        severity: severity.into(),
        summary: mask::masked(&diag.summary).into_owned(),
        detail: mask::masked(&diag.detail).into_owned(),
        attribute: (!diag.path.0.is_empty()).then(|| path(diag.path)),
    }
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
