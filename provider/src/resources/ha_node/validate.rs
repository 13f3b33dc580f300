//! Checks before any host is asked: everything that can be wrong in what the user wrote.

mod docker;
mod front;
mod parts;
mod storage;
mod system;

use render::harbor::harbor_yml::setting_of;
use render::harbor::{Release, keys};
use render::mask::is_secret_key;

use super::settings::{HaNode, Installer};
use super::{configuration, harbor_yml};
use crate::diag::{Diag, Path, has_error};
use crate::rule::{Findings, Rule};
use crate::secret::Secret;

/// What `harbor.yml` is made of.
const FILE: &[&str] = &[
    "version",
    "directory",
    "hostname",
    "external_url",
    "http_port",
    "https",
    "ip_family",
    "internal_tls",
    "admin_password_wo",
    "data_volume",
    "notary",
    "chartmuseum",
    "database",
    "redis",
    "storage",
    "trivy",
    "jobservice",
    "notification",
    "log",
    "metric",
    "trace",
    "cache",
    "upload_purging",
    "quota_update_provider",
    "proxy",
    "uaa_ca_file",
    "settings",
];

/// All rules across attributes.
pub const RULES: &[Rule<HaNode>] = &[
    Rule { reads: &["version"], check: known_release },
    Rule { reads: &["admin_password_wo"], check: admin_password },
    Rule { reads: &["database.password_wo"], check: database_password },
    Rule { reads: &["redis.username", "redis.password_wo"], check: redis_password },
    Rule { reads: &["installer"], check: installer },
    Rule { reads: &["http_port", "https.port", "metric.port", "notary"], check: front::ports },
    Rule {
        reads: &["ssh.host", "database.host", "database.port", "http_port", "https.port"],
        check: front::database_beside,
    },
    Rule { reads: &["external_url", "http_port", "https.port"], check: front::unusual_port },
    Rule { reads: &["https"], check: front::https },
    Rule { reads: &["https", "hostname", "external_url"], check: front::names },
    Rule { reads: &["storage"], check: storage::shared },
    Rule { reads: &["storage.driver", "storage.parameters"], check: storage::parameters },
    Rule {
        reads: &["storage.driver", "storage.parameters", "storage.parameters_wo"],
        check: storage::complete,
    },
    Rule { reads: &["docker"], check: docker::docker },
    Rule { reads: &["redis.host", "redis.sentinel_master_set"], check: parts::sentinels },
    Rule { reads: &["proxy.components"], check: parts::proxy },
    Rule {
        reads: &["database.host", "redis.host", "docker.settings{}"],
        check: parts::hidden_by_docker,
    },
    Rule { reads: &["version", "settings"], check: extra },
    Rule { reads: &["version", "configuration"], check: system::settings },
    Rule { reads: FILE, check: rendered },
];

fn known_release(s: &HaNode, found: &mut Findings) {
    if s.version.parse::<Release>().is_ok() {
        return;
    }
    let newest = render::harbor::release::newest_series();
    let detail = format!(
        "Known are the releases 2.0.0 to {newest}.x, written like \"{newest}.2\", without \
         pre-releases. The keys of harbor.yml differ from release to release, so no other can be \
         configured safely."
    );
    found.at("version", &format!("Unknown Harbor release {}", s.version), detail);
}

fn admin_password(s: &HaNode, found: &mut Findings) {
    if s.admin_password_wo.is_none() {
        found.missing("admin_password_wo", "Harbor takes it at its first start.");
    }
}

fn database_password(s: &HaNode, found: &mut Findings) {
    let password = s.database.password_wo.as_ref();
    if password.is_none() {
        found.missing("database.password_wo", "Harbor logs in to PostgreSQL with it.");
    }
    carried(found, "database.password_wo", password);
}

fn redis_password(s: &HaNode, found: &mut Findings) {
    let Some(redis) = &s.redis else { return };
    if redis.username.is_some() && redis.password_wo.is_none() {
        let why = "without it Harbor writes the user into the host's name.";
        found.missing("redis.password_wo", why);
    }
    carried(found, "redis.password_wo", redis.password_wo.as_ref());
}

fn carried(found: &mut Findings, path: &str, password: Option<&Secret>) {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
    if password.is_some_and(|p| p.expose().is_empty() || !p.expose().bytes().all(fits)) {
        found.at(
            path,
            "A password that Harbor cannot carry",
            "It may hold letters, digits, _ and - only: Harbor writes it unquoted into environment \
             files and URLs, where other characters change their meaning.",
        );
    }
}

fn installer(s: &HaNode, found: &mut Findings) {
    match s.installer.as_ref().map(|Installer { url, path, .. }| (url, path)) {
        None | Some((Some(_), None) | (None, Some(_))) => {}
        Some(_) => found.at(
            "installer",
            "One source of the installer",
            "Exactly one of url and path must be set.",
        ),
    }
}

fn extra(s: &HaNode, found: &mut Findings) {
    let Ok(release) = s.version.parse::<Release>() else { return };
    for (key, text) in s.settings.iter().flatten() {
        let problem = if setting_of(key).is_some() {
            format!("There is an attribute for it: {}.", harbor_yml::attribute(key))
        } else if !keys::is_known(release, key) {
            format!(
                "Harbor {release} does not read {key} in harbor.yml: it is read by {}. {}",
                keys::releases_of(key),
                configuration::hint(key, release)
            )
        } else if is_secret_key(key) {
            "It is a secret, and would stand in the state. There is a write-only attribute for \
             each secret that Harbor needs."
                .to_owned()
        } else if let Err(e) = serde_json::from_str::<serde_json::Value>(text) {
            format!("The value of {key} must be JSON: {e}.")
        } else {
            continue;
        };
        let path = Path::of("settings").key(key);
        found.error(path, format!("Invalid setting {key}"), problem.trim_end());
    }
}

/// What render refuses, at the attribute it comes from; after the others, because it stops at its
/// first.
fn rendered(s: &HaNode, found: &mut Findings) {
    let Ok(release) = s.version.parse() else { return };
    if !has_error(&found.diags)
        && let Err(error) = harbor_yml::render(s, release)
    {
        let diag: Diag = harbor_yml::diag(&error, s);
        found.diags.push(diag);
    }
}

#[cfg(test)]
mod tests {
    use super::FILE;
    use crate::resources::ha_node::settings::HaNode;
    use crate::settings::Settings as _;

    /// What `harbor.yml` has nothing of.
    const BESIDE: &[&str] = &[
        "ssh",
        "installer",
        "admin_password_wo_version",
        "admin_old_password_wo",
        "shared_secrets",
        "shared_secrets_rotation",
        "docker",
        "configuration",
        "boot_unit",
        "peers",
        "on_destroy",
    ];

    #[test]
    fn every_attribute_is_of_the_file_or_beside_it() {
        for attribute in HaNode::attributes() {
            let name = attribute.name.as_str();
            assert_eq!(FILE.contains(&name), !BESIDE.contains(&name), "{name}");
        }
    }
}
