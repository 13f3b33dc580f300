//! Checks before any host is asked: everything that can be wrong in what the user wrote.

use render::harbor::harbor_yml::setting_of;
use render::harbor::{Release, keys};
use render::mask::is_secret_key;

use super::settings::{Compose, ComposeSource, DockerSource, HaNode, Https, Installer, Storage};
use super::{certificate as pair, configuration, harbor_yml};
use crate::diag::{Diag, Diags, Path};
use crate::resources::common::is_key;
use crate::secret::Secret;

/// All checks across attributes.
pub fn all(s: &HaNode) -> Diags {
    let release: Release = match s.version.parse() {
        Ok(release) => release,
        Err(_) => return vec![unknown_release(&s.version)],
    };
    let mut found = Found(Vec::new());
    found.secrets(s);
    s.installer.iter().for_each(|i| found.installer(i));
    s.https.iter().for_each(|h| found.https(h));
    s.storage.iter().for_each(|storage| found.storage(storage));
    found.docker(s);
    found.extra(s, release);
    found.0.extend(configuration::validate(s, release));
    // What render refuses, at the attribute it comes from; after the checks above, because it
    // stops at its first.
    if found.0.is_empty()
        && let Err(error) = harbor_yml::render(s, release)
    {
        found.0.push(harbor_yml::diag(&error, s));
    }
    found.0
}

fn unknown_release(version: &str) -> Diag {
    let newest = render::harbor::release::newest_series();
    Diag::error(
        format!("Unknown Harbor release {version}"),
        format!(
            "Known are the releases 2.0.0 to {newest}.x, written like \"{newest}.2\", without \
             pre-releases. The keys of harbor.yml differ from release to release, so no other \
             can be configured safely."
        ),
    )
    .at(Path::of("version"))
}

struct Found(Diags);

impl Found {
    fn at(&mut self, path: &str, summary: &str, detail: impl Into<String>) {
        self.0.push(Diag::error(summary, detail).at(Path::of(path)));
    }

    fn missing(&mut self, path: &str, why: &str) {
        self.at(path, "Missing value", format!("{path} must be set: {why}"));
    }

    fn secrets(&mut self, s: &HaNode) {
        if s.admin_password_wo.is_none() {
            self.missing("admin_password_wo", "Harbor takes it at its first start.");
        }
        if s.database.password_wo.is_none() {
            self.missing("database.password_wo", "Harbor logs in to PostgreSQL with it.");
        }
        if s.redis.as_ref().is_some_and(|r| r.username.is_some() && r.password_wo.is_none()) {
            let why = "without it Harbor writes the user into the host's name.";
            self.missing("redis.password_wo", why);
        }
        let text = |secret: &Option<Secret>| secret.as_ref().map(|p| p.expose().to_owned());
        let redis = s.redis.as_ref().and_then(|r| text(&r.password_wo));
        for (path, value) in
            [("database.password_wo", text(&s.database.password_wo)), ("redis.password_wo", redis)]
        {
            let carried = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
            if value.is_some_and(|v| v.is_empty() || !v.bytes().all(carried)) {
                self.at(
                    path,
                    "A password that Harbor cannot carry",
                    "It may hold letters, digits, _ and - only: Harbor writes it unquoted into \
                     environment files and URLs, where other characters change their meaning.",
                );
            }
        }
    }

    fn installer(&mut self, installer: &Installer) {
        match (&installer.url, &installer.path) {
            (Some(url), None) if !url.starts_with("https://") => {
                self.at("installer.url", "Invalid url", "It must start with https://.");
            }
            (Some(_), None) | (None, Some(_)) => {}
            _ => self.at(
                "installer",
                "One source of the installer",
                "Exactly one of url and path must be set.",
            ),
        }
    }

    fn https(&mut self, https: &Https) {
        let given = https.certificate.is_some() || https.private_key_wo.is_some();
        let paths = https.certificate_path.is_some() || https.private_key_path.is_some();
        if given && paths {
            let detail = "Give certificate and private_key_wo, or certificate_path and \
                          private_key_path, not both.";
            self.at("https", "Two sources of the certificate", detail);
        } else if paths {
            if https.certificate_path.is_none() {
                self.missing("https.certificate_path", "private_key_path is set.");
            }
            if https.private_key_path.is_none() {
                self.missing("https.private_key_path", "certificate_path is set.");
            }
        } else {
            if https.certificate.is_none() {
                self.missing("https.certificate", "HTTPS needs a certificate.");
            }
            match &https.private_key_wo {
                None => self.missing("https.private_key_wo", "HTTPS needs a private key."),
                Some(key) if !is_key(key.expose()) => self.at(
                    "https.private_key_wo",
                    "Invalid private key",
                    "It must be a private key in PEM form, not encrypted.",
                ),
                Some(key)
                    if !pair::is_of(key.expose(), https.certificate.as_deref().unwrap_or("")) =>
                {
                    self.at(
                        "https.private_key_wo",
                        "Another private key",
                        "It is not the key of https.certificate, whose first part must be the \
                         server's own certificate: no client could connect.",
                    );
                }
                Some(_) => {}
            }
        }
    }

    fn storage(&mut self, storage: &Storage) {
        let Some(shared) = &storage.shared else { return };
        if storage.driver != "filesystem" {
            let detail = format!(
                "With the driver {} image layers are not in the data volume, so nothing is to be \
                 shared. Remove storage.shared.",
                storage.driver
            );
            self.at("storage.shared", "Shared storage is not used", detail);
        }
        match (&shared.path, &shared.nfs) {
            (Some(_), None) => {}
            (None, Some(nfs)) => {
                let parts = nfs.split_once(":/");
                if parts.is_none_or(|(server, _)| server.is_empty()) {
                    let detail = "It must be server:/export.";
                    self.at("storage.shared.nfs", "Invalid nfs", detail);
                }
            }
            _ => self.at(
                "storage.shared",
                "One source of the shared directory",
                "Exactly one of path and nfs must be set.",
            ),
        }
    }

    fn docker(&mut self, s: &HaNode) {
        let docker = s.docker();
        if docker.source == DockerSource::DockerCe && docker.signing_key.is_none() {
            self.missing("docker.signing_key", "packages of docker-ce are checked with it.");
        }
        for (i, registry) in docker.insecure_registries.iter().flatten().enumerate() {
            if registry.contains("://") {
                let path = Path::of("docker.insecure_registries").index(i);
                let host = registry.split("://").nth(1).unwrap_or_default();
                let detail = format!(
                    "{registry} is a URL, which makes no registry insecure: Docker compares hosts. \
                     Write {} instead.",
                    host.trim_end_matches('/')
                );
                self.0.push(Diag::error("A URL among the insecure registries", detail).at(path));
            }
        }
        for (key, text) in docker.settings.iter().flatten() {
            if let Err(e) = serde_json::from_str::<serde_json::Value>(text) {
                let path = Path::of("docker.settings").key(key);
                let detail =
                    format!("The value of {key} must be JSON: {e}. A text is \"\\\"...\\\"\".");
                self.0.push(Diag::error("Not JSON", detail).at(path));
            }
        }
        if let Some(compose) = &docker.compose {
            self.compose(compose, s.compose_source());
        }
    }

    fn compose(&mut self, compose: &Compose, source: ComposeSource) {
        if source != ComposeSource::Url {
            return;
        }
        let why = "compose.source is \"url\".";
        if compose.url.is_none() {
            self.missing("docker.compose.url", why);
        }
        if compose.sha256.is_none() {
            self.missing("docker.compose.sha256", why);
        }
        if compose.version.is_none() {
            self.missing("docker.compose.version", why);
        }
    }

    fn extra(&mut self, s: &HaNode, release: Release) {
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
            self.0.push(Diag::error(format!("Invalid setting {key}"), problem.trim_end()).at(path));
        }
    }
}
