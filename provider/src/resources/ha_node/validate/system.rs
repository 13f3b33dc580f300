//! Harbor's system settings, as its API judges them: what it refuses, what it takes and changes, and
//! what it takes and cannot use.

use std::collections::BTreeMap;

use render::address;
use render::harbor::Release;
use render::harbor::releases::{Kind, Quirk};

use crate::diag::Path;
use crate::resources::ha_node::configuration::value;
use crate::resources::ha_node::settings::HaNode;
use crate::rule::Findings;

/// The words that a setting takes.
const WORDS: &[(&str, &[&str])] = &[
    ("auth_mode", &["db_auth", "ldap_auth", "uaa_auth", "http_auth", "oidc_auth"]),
    ("project_creation_restriction", &["everyone", "adminonly"]),
    ("ldap_scope", &["0", "1", "2"]),
    ("ldap_group_search_scope", &["0", "1", "2"]),
];

/// Texts that the API does not take empty, whatever their default is.
const NOT_EMPTY: &[&str] = &["ldap_url", "ldap_base_dn", "ldap_uid"];

/// Minutes or days; the API takes at most ten digits of them.
const DURATIONS: &[&str] = &["token_expiration", "robot_token_duration", "session_timeout"];

/// Where something is reached by HTTP.
const URLS: &[&str] =
    &["oidc_endpoint", "http_authproxy_endpoint", "http_authproxy_tokenreview_endpoint"];

/// Each key and value that Harbor's API would not take, or would take to no effect.
pub fn settings(s: &HaNode, found: &mut Findings) {
    let Ok(release) = s.version.parse::<Release>() else { return };
    let empty = BTreeMap::new();
    let all = s.configuration.as_ref().unwrap_or(&empty);
    for (key, text) in all {
        let path = Path::of("configuration").key(key);
        if let Some(why) = wrong_kind(key, text, release).or_else(|| refused(key, text, release)) {
            found.error(path, format!("Invalid system setting {key}"), why);
        } else if let Some(kept) = rounded(key, text) {
            let detail = format!(
                "Harbor keeps seven digits of a large number: it may show {kept} afterwards, which \
                 each plan would want to change back. Write that number."
            );
            found.warn(path, format!("{key} may be rounded"), detail);
        }
    }
    if all.get("skip_audit_log_database").is_some_and(|v| v == "true" || v == "on")
        && all.get("audit_log_forward_endpoint").is_some_and(String::is_empty)
    {
        let detail = "Harbor skips its own audit log only while it forwards it: set \
                      audit_log_forward_endpoint.";
        let path = Path::of("configuration").key("skip_audit_log_database");
        found.error(path, "Invalid system setting skip_audit_log_database", detail);
    }
}

fn wrong_kind(key: &str, text: &str, release: Release) -> Option<String> {
    match release.setting(key) {
        None => Some(format!(
            "Harbor {release} has no system setting {key}. Compare with GET \
             /api/v2.0/configurations."
        )),
        Some(Kind::Secret) => Some(format!(
            "{key} is a secret: it would stand in the state, and Harbor never gives it back to \
             compare. Set it in Harbor itself."
        )),
        Some(kind) if value(kind, text).is_none() => Some(match kind {
            Kind::Bool => format!("{key} must be \"true\" or \"false\"."),
            _ => format!("{key} must be a whole number."),
        }),
        Some(_) => None,
    }
}

fn refused(key: &str, text: &str, release: Release) -> Option<String> {
    if let Some((_, words)) = WORDS.iter().find(|(name, _)| *name == key) {
        let one = words.contains(&text);
        return (!one).then(|| format!("\"{text}\" is not one of: {}.", words.join(", ")));
    }
    if NOT_EMPTY.contains(&key) && text.trim().is_empty() {
        return Some("Harbor does not take it empty: take it off this map to leave it.".to_owned());
    }
    if DURATIONS.contains(&key) {
        return duration(text, release);
    }
    if URLS.contains(&key) && !text.is_empty() {
        let url = address::url(text, &["https", "http"]);
        return url.err().map(|why| format!("\"{text}\" {why}."));
    }
    match key {
        "storage_per_project" => {
            let fits = text.parse::<i64>().is_ok_and(|n| n == -1 || n > 0);
            (!fits).then(|| "It must be a number of bytes above 0, or -1 for no limit.".to_owned())
        }
        "oidc_extra_redirect_parms" => {
            let map = serde_json::from_str::<BTreeMap<String, String>>(text);
            map.err().map(|_| {
                "It must be a JSON object of texts, such as {\"prompt\": \"login\"}; {} is none."
                    .to_owned()
            })
        }
        "email_port" => {
            let fits = text.parse::<u16>().is_ok();
            (!fits).then(|| "It must be a port from 0 to 65535.".to_owned())
        }
        "ldap_timeout" => {
            let fits = text.parse::<i32>().is_ok_and(|n| n >= 0);
            (!fits).then(|| "It must be a number of seconds, not below 0.".to_owned())
        }
        "ldap_url" if text.contains("://") => {
            let url = address::url(text, &["ldap", "ldaps"]);
            url.err().map(|why| format!("\"{text}\" {why}."))
        }
        "ldap_filter" | "ldap_group_search_filter" => {
            (!is_balanced(text)).then(|| "Its parentheses do not pair: it finds nobody.".to_owned())
        }
        "audit_log_forward_endpoint" if !text.is_empty() => match address::host_port(text) {
            Ok((_, Some(_))) => None,
            Ok((_, None)) => Some(format!("\"{text}\" names no port: write host:port.")),
            Err(why) => Some(format!("\"{text}\" {why}.")),
        },
        _ => None,
    }
}

fn duration(text: &str, release: Release) -> Option<String> {
    let number: i64 = text.parse().unwrap_or_default();
    if number > 9_999_999_999 {
        return Some("It must have at most ten digits.".to_owned());
    }
    let none = number == 0 || (number < 0 && release.has(Quirk::PositiveDurations));
    none.then(|| "It must be above 0.".to_owned())
}

/// Filters escape parentheses of values as `\28` and `\29`.
fn is_balanced(filter: &str) -> bool {
    let mut open = 0_i32;
    for c in filter.chars() {
        open = open.saturating_add(match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        });
        if open < 0 {
            return false;
        }
    }
    open == 0
}

/// Numbers go through a single-precision float, written with as many digits as tell it from others.
fn rounded(key: &str, text: &str) -> Option<String> {
    let number = DURATIONS.contains(&key) || key == "storage_per_project";
    let kept = text.parse::<f32>().ok().filter(|_| number)?.to_string();
    (kept != text.trim_start_matches('+')).then_some(kept)
}
