//! The attribute that a key of `harbor.yml`, or a setting of `render`, comes from.

use render::Error;

use crate::diag::{Diag, Path};
use crate::resources::ha_node::settings::HaNode;

/// Names that begin like the first are attributes that begin like the second.
const RENAMED: &[(&str, &str)] = &[
    ("harbor_admin_password", "admin_password_wo"),
    ("http.port", "http_port"),
    ("https.certificate", "https.certificate_path"),
    ("https.private_key", "https.private_key_path"),
    ("external_database.pool.", "database."),
    ("external_database.harbor.db_name", "database.name"),
    ("external_database.harbor.", "database."),
    ("external_database.", "database."),
    ("external_redis.tlsOptions.rootCA", "redis.tls.root_ca"),
    ("external_redis.tlsOptions.", "redis.tls"),
    ("external_redis.", "redis."),
    ("log.local.", "log."),
    ("storage_service.ca_bundle", "storage.ca_bundle"),
    ("storage_service.redirect", "storage.redirect_disabled"),
    ("storage_service.", "storage.parameters"),
    ("upload_purging.age", "upload_purging.age_hours"),
    ("upload_purging.interval", "upload_purging.interval_hours"),
    ("with_notary", "notary"),
    ("with_chartmuseum", "chartmuseum"),
    ("chart.absolute_url", "chartmuseum.absolute_url"),
    ("core.quota_update_provider", "quota_update_provider"),
    ("uaa.ca_file", "uaa_ca_file"),
];

/// Sections without a switch: an attribute that is there is on.
const SWITCHED: &[&str] = &["metric", "cache", "trace", "internal_tls"];

/// The rest of attributes that are maps or have no names of their own.
const WHOLE: &[&str] = &[
    "ip_family",
    "storage.redirect_disabled",
    "storage.parameters",
    "redis.tls",
    "trace.attributes",
];

/// What `render` refuses, at the attribute that it comes from.
pub fn diag(error: &Error, s: &HaNode) -> Diag {
    let summary = "Harbor cannot take this configuration";
    let text = error.to_string().replace("storage.secret_parameters", "storage.parameters_wo");
    let mut rest = text.chars();
    let first: String = rest.next().into_iter().flat_map(char::to_uppercase).collect();
    let detail = format!("{first}{}.", rest.as_str());
    let diag = Diag::error(summary, detail);
    match error.key() {
        Some(key) if s.settings.iter().flatten().any(|(k, _)| k == key) => {
            diag.at(Path::of("settings").key(key))
        }
        Some(key) => diag.at(attribute(key)),
        None => diag,
    }
}

/// The attribute of a key that `render` names.
pub fn attribute(key: &str) -> Path {
    for (map, name) in [
        ("storage.parameters.", "storage.parameters"),
        ("storage.secret_parameters.", "storage.parameters_wo"),
    ] {
        if let Some(parameter) = key.strip_prefix(map) {
            return Path::of(name).key(parameter);
        }
    }
    let renamed = RENAMED.iter().find_map(|(from, to)| {
        let rest = key.strip_prefix(from)?;
        let name = format!("{to}{rest}");
        // One that is renamed already begins like its old name.
        (!key.starts_with(to) || to.ends_with('.')).then_some(name)
    });
    let name = renamed.unwrap_or_else(|| key.to_owned());
    if let Some(whole) =
        WHOLE.iter().find(|whole| name.starts_with(**whole) && name != "redis.tls.root_ca")
    {
        return Path::of(whole);
    }
    if let Some(section) = name.strip_suffix(".enabled").filter(|s| SWITCHED.contains(s)) {
        return Path::of(section);
    }
    let secrets = ["password", "github_token"];
    let last = name.rsplit('.').next().unwrap_or_default();
    if secrets.contains(&last) {
        return Path::of(&format!("{name}_wo"));
    }
    Path::of(&name)
}

#[cfg(test)]
mod tests {
    use super::attribute;
    use crate::resources::ha_node::settings::HaNode;
    use crate::schema::{Attribute, Kind};
    use crate::settings::Settings;

    fn names(prefix: &str, attributes: &[Attribute], into: &mut Vec<String>) {
        for attribute in attributes {
            let name = format!("{prefix}{}", attribute.name);
            if let Kind::Object(inner) = &attribute.kind {
                names(&format!("{name}."), inner, into);
            }
            into.push(name);
        }
    }

    #[test]
    fn every_key_that_an_attribute_writes_leads_to_one() {
        let mut known = Vec::new();
        names("", &HaNode::attributes(), &mut known);
        for row in render::harbor::releases::RELEASES {
            for patch in [0, 9] {
                let release = format!("2.{}.{patch}", row.minor).parse().expect("supported");
                for key in render::harbor::keys::known_keys(release) {
                    let key = key.trim_end_matches(".*");
                    let ours = key == "_version" || key.starts_with("external_redis.port");
                    if render::harbor::harbor_yml::setting_of(key).is_some() && !ours {
                        let path = attribute(key).to_string();
                        assert!(known.contains(&path), "{key} leads to {path}");
                    }
                }
            }
        }
    }
}
