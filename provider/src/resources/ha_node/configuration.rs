//! System settings of Harbor, which live in its database and are set through its API.

use std::collections::BTreeMap;

use render::harbor::Release;
use serde_json::{Value, json};

use super::settings::HaNode;
use crate::diag::{Diag, Diags, Path};

/// Kind of a setting's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bool,
    Number,
    Text,
    Secret,
}
use Kind::{Bool, Number, Secret, Text};

/// Key, kind, first and last minor of Harbor 2 that has it: the model `Configurations` of its API.
#[rustfmt::skip] // one row per key reads best
static KEYS: &[(&str, Kind, u64, u64)] = &[
    ("auth_mode", Text, 0, 99),
    ("primary_auth_mode", Bool, 8, 99),
    ("ldap_url", Text, 0, 99),
    ("ldap_search_dn", Text, 0, 99),
    ("ldap_search_password", Secret, 0, 99),
    ("ldap_base_dn", Text, 0, 99),
    ("ldap_filter", Text, 0, 99),
    ("ldap_uid", Text, 0, 99),
    ("ldap_scope", Number, 0, 99),
    ("ldap_timeout", Number, 0, 99),
    ("ldap_group_base_dn", Text, 0, 99),
    ("ldap_group_search_filter", Text, 0, 99),
    ("ldap_group_attribute_name", Text, 0, 99),
    ("ldap_group_admin_dn", Text, 0, 99),
    ("ldap_group_search_scope", Number, 0, 99),
    ("ldap_group_membership_attribute", Text, 0, 99),
    ("ldap_group_attach_parallel", Bool, 12, 99),
    ("ldap_verify_cert", Bool, 0, 99),
    ("uaa_endpoint", Text, 0, 99),
    ("uaa_client_id", Text, 0, 99),
    ("uaa_client_secret", Secret, 0, 99),
    ("uaa_verify_cert", Bool, 0, 99),
    ("http_authproxy_endpoint", Text, 0, 99),
    ("http_authproxy_tokenreview_endpoint", Text, 0, 99),
    ("http_authproxy_admin_groups", Text, 0, 99),
    ("http_authproxy_admin_usernames", Text, 0, 99),
    ("http_authproxy_verify_cert", Bool, 0, 99),
    ("http_authproxy_skip_search", Bool, 0, 99),
    ("http_authproxy_server_certificate", Text, 0, 99),
    ("oidc_name", Text, 0, 99),
    ("oidc_endpoint", Text, 0, 99),
    ("oidc_client_id", Text, 0, 99),
    ("oidc_client_secret", Secret, 0, 99),
    ("oidc_groups_claim", Text, 0, 99),
    ("oidc_admin_group", Text, 0, 99),
    ("oidc_group_filter", Text, 7, 99),
    ("oidc_scope", Text, 0, 99),
    ("oidc_user_claim", Text, 0, 99),
    ("oidc_verify_cert", Bool, 0, 99),
    ("oidc_auto_onboard", Bool, 0, 99),
    ("oidc_extra_redirect_parms", Text, 0, 99),
    ("oidc_logout", Bool, 13, 99),
    ("robot_token_duration", Number, 0, 99),
    ("robot_name_prefix", Text, 0, 99),
    ("notification_enable", Bool, 0, 99),
    ("quota_per_project_enable", Bool, 0, 99),
    ("storage_per_project", Number, 0, 99),
    ("project_creation_restriction", Text, 0, 99),
    ("read_only", Bool, 0, 99),
    ("self_registration", Bool, 0, 99),
    ("token_expiration", Number, 0, 99),
    ("session_timeout", Number, 7, 99),
    ("audit_log_forward_endpoint", Text, 6, 99),
    ("skip_audit_log_database", Bool, 6, 99),
    ("scanner_skip_update_pulltime", Bool, 8, 99),
    ("banner_message", Text, 9, 99),
    ("disabled_audit_log_event_types", Text, 13, 99),
    ("email_host", Text, 0, 6),
    ("email_port", Number, 0, 6),
    ("email_username", Text, 0, 6),
    ("email_password", Secret, 0, 6),
    ("email_ssl", Bool, 0, 6),
    ("email_insecure", Bool, 0, 6),
    ("email_identity", Text, 0, 6),
    ("email_from", Text, 0, 6),
];

fn row(key: &str, release: Release) -> Option<Kind> {
    KEYS.iter()
        .find(|(name, _, from, to)| *name == key && (*from..=*to).contains(&release.minor()))
        .map(|(_, kind, ..)| *kind)
}

/// For a key of `harbor.yml` that is none: where it belongs, if it is a system setting.
pub fn hint(key: &str, release: Release) -> &'static str {
    if row(key, release).is_some() {
        "It is a system setting: write it in configuration, which sets it through Harbor's API."
    } else {
        ""
    }
}

/// Each key and value that Harbor's API would not take.
pub fn validate(s: &HaNode, release: Release) -> Diags {
    let mut diags = Vec::new();
    for (key, text) in s.configuration.iter().flatten() {
        let problem = match row(key, release) {
            None => format!(
                "Harbor {release} has no system setting {key}. Compare with \
                 GET /api/v2.0/configurations."
            ),
            Some(Secret) => format!(
                "{key} is a secret: it would stand in the state, and Harbor never gives it back to \
                 compare. Set it in Harbor itself."
            ),
            Some(kind) if value(kind, text).is_none() => match kind {
                Bool => format!("{key} must be \"true\" or \"false\"."),
                _ => format!("{key} must be a whole number."),
            },
            Some(_) => continue,
        };
        let path = Path::of("configuration").key(key);
        diags.push(Diag::error(format!("Invalid system setting {key}"), problem).at(path));
    }
    diags
}

fn value(kind: Kind, text: &str) -> Option<Value> {
    match (kind, text) {
        (Bool, "true" | "on") => Some(json!(true)),
        (Bool, "false" | "off") => Some(json!(false)),
        (Bool, _) => None,
        (Number, _) => text.parse::<i64>().ok().map(Value::from),
        (Text | Secret, _) => Some(json!(text)),
    }
}

/// Read the answer of `GET /configurations`: key to value. None if it is not that.
pub fn parse(body: &str) -> Option<BTreeMap<String, Value>> {
    let Value::Object(map) = serde_json::from_str(body).ok()? else { return None };
    Some(map.into_iter().map(|(k, v)| (k, v.get("value").cloned().unwrap_or_default())).collect())
}

/// What is wanted, by key.
pub fn wanted(s: &HaNode, release: Release) -> BTreeMap<String, Value> {
    let pairs = s.configuration.iter().flatten();
    pairs.filter_map(|(k, text)| Some((k.clone(), value(row(k, release)?, text)?))).collect()
}

/// A value as `status` shows it.
pub fn show(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What a setting is now. Releases before 2.4 leave out what is false, 0 or empty.
pub fn actual(seen: &BTreeMap<String, Value>, key: &str, wanted: &Value) -> Value {
    match seen.get(key) {
        Some(Value::Null) | None => match wanted {
            Value::Bool(_) => json!(false),
            Value::Number(_) => json!(0),
            _ => json!(""),
        },
        Some(value) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_left_out_is_the_zero_of_its_kind() {
        let seen = parse(r#"{"read_only":{"value":true,"editable":true},"x":{"editable":true}}"#)
            .expect("an object");
        assert_eq!(actual(&seen, "read_only", &json!(false)), json!(true));
        assert_eq!(actual(&seen, "self_registration", &json!(true)), json!(false));
        assert_eq!(actual(&seen, "x", &json!("adminonly")), json!(""));
        assert_eq!(parse("not json"), None);
    }

    #[test]
    fn the_table_has_as_many_keys_as_the_api() {
        let count = |text: &str| {
            let release: Release = text.parse().expect("supported");
            KEYS.iter().filter(|(key, ..)| row(key, release).is_some()).count()
        };
        assert_eq!((count("2.3.2"), count("2.15.2")), (55, 57));
    }
}
