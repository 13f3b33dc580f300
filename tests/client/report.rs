//! What a run said.

use provider::diag::{Diag, Diags, Severity, has_error};
use provider::protocol::mask;
use provider::value::{Object, Value};
use serde_json::{Value as Json, json};

use crate::core::Action;
use crate::json;

/// All of it.
#[derive(Debug, Default)]
pub struct Report {
    said: Vec<(String, Diag)>,
    changes: Vec<Json>,
    /// What was there when the plan was made, as `terraform show -json` has it.
    pub prior: Json,
    /// What is there at the end.
    pub values: Json,
}

impl Report {
    /// What was said of a resource; of none if it has no address.
    pub fn say(&mut self, address: &str, diags: Diags) {
        self.said.extend(diags.into_iter().map(|diag| (address.to_owned(), diag)));
    }

    /// What happens to a resource.
    pub fn change(
        &mut self,
        address: &str,
        action: Action,
        before: Option<&Object>,
        after: Option<&Object>,
    ) {
        let shown = |object: Option<&Object>| object.map_or(Json::Null, json::object);
        let unknown = after.map_or(json!({}), |after| json::unknown(&Value::Map(after.clone())));
        self.changes.push(json!({"address": address, "change": {
            "actions": action.words(),
            "before": shown(before),
            "after": shown(after),
            "after_unknown": unknown,
        }}));
    }

    /// Whether there was an error.
    pub fn failed(&self) -> bool {
        self.said.iter().any(|(_, diag)| has_error(std::slice::from_ref(diag)))
    }

    /// Its document.
    pub fn json(&self) -> Json {
        json!({
            "errored": self.failed(),
            "diagnostics": self.said.iter().map(diagnostic).collect::<Vec<_>>(),
            "resource_changes": self.changes,
            "prior_state": {"values": self.prior},
            "values": self.values,
        })
    }
}

/// With secrets masked, as the provider's protocol layer does it.
fn diagnostic((address, diag): &(String, Diag)) -> Json {
    let severity = if diag.severity == Severity::Error { "error" } else { "warning" };
    json!({
        "severity": severity,
        "summary": mask::masked(&diag.summary),
        "detail": mask::masked(&diag.detail),
        "address": address,
        "attribute": diag.path.to_string(),
    })
}
