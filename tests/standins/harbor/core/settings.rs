//! The settings of `/configurations`: names, kinds, defaults, releases.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::release::{Quirk, Release};

/// What a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Switch,
    Number,
    /// A number, in newer releases above zero.
    Positive,
    /// Bytes, or -1.
    Quota,
    /// 0, 1 or 2.
    Scope,
    Text,
    /// A text that is not empty when it is set, whatever its default is.
    Filled,
    /// A JSON object of texts.
    Object,
    Password,
    Choice(&'static [&'static str]),
}

/// One setting.
#[derive(Debug, Clone)]
pub struct Setting {
    pub name: &'static str,
    pub kind: Kind,
    pub default: Value,
}

impl Setting {
    /// Why this value cannot be set.
    pub fn check(&self, value: &Value, release: Release) -> Result<(), String> {
        let right = match self.kind {
            Kind::Switch => value.is_boolean(),
            Kind::Number | Kind::Positive | Kind::Quota | Kind::Scope => {
                value.is_i64() || value.is_u64()
            }
            Kind::Text | Kind::Filled | Kind::Object | Kind::Password | Kind::Choice(_) => {
                value.is_string()
            }
        };
        if !right {
            return Err(format!(
                "parsing configurations body from \"\" failed, because json: cannot unmarshal value into Go struct field Configurations.{}",
                self.name
            ));
        }
        let (number, text) = (value.as_i64().unwrap_or(0), value.as_str().unwrap_or(""));
        let fits = match self.kind {
            Kind::Choice(words) => words.contains(&text),
            Kind::Quota => number == -1 || number > 0,
            Kind::Scope => (0..=2).contains(&number),
            Kind::Filled => !text.trim().is_empty(),
            Kind::Object => serde_json::from_str::<BTreeMap<String, String>>(text).is_ok(),
            Kind::Positive if release.has(Quirk::PositiveDurations) && number <= 0 => {
                return Err(format!("the {} value must be positive", self.name));
            }
            _ => true,
        };
        if fits {
            return Ok(());
        }
        Err(format!("invalid value, key: {}, value: {value}", self.name))
    }
}

const AUTH_MODES: &[&str] = &["db_auth", "ldap_auth", "uaa_auth", "http_auth", "oidc_auth"];
const CREATORS: &[&str] = &["everyone", "adminonly"];

/// The settings that a release knows: 55 in 2.3, 57 in 2.15.
pub fn settings(release: Release) -> Vec<Setting> {
    let mut all = main_settings();
    all.extend(directory_settings());
    all.extend(sign_on_settings());
    all.extend(later_settings());
    all.extend(email_settings());
    all.retain(|setting| release.setting(setting.name).is_some());
    all
}

fn setting(name: &'static str, kind: Kind, default: impl Into<Value>) -> Setting {
    Setting { name, kind, default: default.into() }
}

fn texts(names: &[&'static str]) -> impl Iterator<Item = Setting> {
    names.iter().map(|name| setting(name, Kind::Text, ""))
}

fn main_settings() -> Vec<Setting> {
    vec![
        setting("auth_mode", Kind::Choice(AUTH_MODES), "db_auth"),
        setting("notification_enable", Kind::Switch, true),
        setting("project_creation_restriction", Kind::Choice(CREATORS), "everyone"),
        setting("quota_per_project_enable", Kind::Switch, true),
        setting("read_only", Kind::Switch, false),
        setting("robot_name_prefix", Kind::Text, "robot$"),
        setting("robot_token_duration", Kind::Positive, 30),
        setting("self_registration", Kind::Switch, false),
        setting("storage_per_project", Kind::Quota, -1),
        setting("token_expiration", Kind::Positive, 30),
    ]
}

fn directory_settings() -> Vec<Setting> {
    let mut all: Vec<Setting> = texts(&[
        "ldap_filter",
        "ldap_group_admin_dn",
        "ldap_group_attribute_name",
        "ldap_group_base_dn",
        "ldap_group_search_filter",
        "ldap_search_dn",
    ])
    .collect();
    all.extend([
        setting("ldap_group_membership_attribute", Kind::Text, "memberof"),
        setting("ldap_group_search_scope", Kind::Scope, 2),
        setting("ldap_scope", Kind::Scope, 2),
        setting("ldap_search_password", Kind::Password, ""),
        setting("ldap_timeout", Kind::Number, 5),
        setting("ldap_base_dn", Kind::Filled, ""),
        setting("ldap_uid", Kind::Filled, "cn"),
        setting("ldap_url", Kind::Filled, ""),
        setting("ldap_verify_cert", Kind::Switch, true),
    ]);
    all
}

fn sign_on_settings() -> Vec<Setting> {
    let mut all: Vec<Setting> = texts(&[
        "http_authproxy_admin_groups",
        "http_authproxy_admin_usernames",
        "http_authproxy_endpoint",
        "http_authproxy_server_certificate",
        "http_authproxy_tokenreview_endpoint",
        "oidc_admin_group",
        "oidc_client_id",
        "oidc_endpoint",
        "oidc_groups_claim",
        "oidc_name",
        "oidc_scope",
        "oidc_user_claim",
        "uaa_client_id",
        "uaa_endpoint",
    ])
    .collect();
    all.extend([
        setting("http_authproxy_skip_search", Kind::Switch, false),
        setting("http_authproxy_verify_cert", Kind::Switch, true),
        setting("oidc_auto_onboard", Kind::Switch, false),
        setting("oidc_client_secret", Kind::Password, ""),
        setting("oidc_extra_redirect_parms", Kind::Object, "{}"),
        setting("oidc_verify_cert", Kind::Switch, true),
        setting("uaa_client_secret", Kind::Password, ""),
        setting("uaa_verify_cert", Kind::Switch, false),
    ]);
    all
}

fn email_settings() -> Vec<Setting> {
    vec![
        setting("email_from", Kind::Text, "admin <sample_admin@mydomain.com>"),
        setting("email_host", Kind::Text, "smtp.mydomain.com"),
        setting("email_identity", Kind::Text, ""),
        setting("email_insecure", Kind::Switch, false),
        setting("email_password", Kind::Password, ""),
        setting("email_port", Kind::Number, 25),
        setting("email_ssl", Kind::Switch, false),
        setting("email_username", Kind::Text, "sample_admin@mydomain.com"),
    ]
}

/// Settings that came later than the others.
fn later_settings() -> Vec<Setting> {
    vec![
        setting("audit_log_forward_endpoint", Kind::Text, ""),
        setting("skip_audit_log_database", Kind::Switch, false),
        setting("oidc_group_filter", Kind::Text, ""),
        setting("session_timeout", Kind::Positive, 60),
        setting("primary_auth_mode", Kind::Switch, false),
        setting("scanner_skip_update_pulltime", Kind::Switch, false),
        setting("banner_message", Kind::Text, ""),
        setting("ldap_group_attach_parallel", Kind::Switch, false),
        setting("disabled_audit_log_event_types", Kind::Text, ""),
        setting("oidc_logout", Kind::Switch, false),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::settings;
    use crate::release;

    #[test]
    fn values_are_judged_as_by_the_real_one() {
        let release = release::parse("2.15.2").expect("a release");
        let takes = |name: &str, value: Value| {
            let all = settings(release);
            let found = all.into_iter().find(|s| s.name == name).expect("a setting");
            found.check(&value, release).is_ok()
        };
        for name in ["ldap_url", "ldap_base_dn", "ldap_uid", "oidc_extra_redirect_parms"] {
            assert!(!takes(name, json!("")), "{name}");
        }
        assert!(takes("oidc_extra_redirect_parms", json!("{\"a\": \"b\"}")));
        assert!(takes("oidc_endpoint", json!("not a url")) && takes("ldap_filter", json!("(bad")));
        for (name, good, bad) in [
            ("storage_per_project", -1, 0),
            ("storage_per_project", 1, -2),
            ("ldap_scope", 2, 3),
            ("token_expiration", 30, 0),
        ] {
            assert!(takes(name, json!(good)) && !takes(name, json!(bad)), "{name}");
        }
    }

    #[test]
    fn releases_know_as_many_settings_as_the_real_ones() {
        let count = |text| settings(release::parse(text).expect("a release")).len();
        assert_eq!(count("2.3.2"), 55);
        assert_eq!(count("2.15.2"), 57);
    }
}
