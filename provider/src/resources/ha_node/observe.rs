//! What is there, of one node.

use std::collections::BTreeMap;

use render::docker::daemon_json as daemon;
use render::harbor::Release;

use super::facts::{Admin, Facts, HOST, Health};
use super::input_digest::{InputDigest, sha256};
use super::settings::{ComposeSource, Docker, DockerSource, HaNode, Outputs};
use super::{compose, configuration, layout, texts};
use crate::facts::package::Package;
use crate::facts::service::Service;
use crate::observation::{Observation, Unseen};
use crate::settings::Settings as _;
use crate::step::File;

/// What is there.
pub fn observe(s: &HaNode, facts: &Facts) -> Observation {
    let mut observed = Observation::default();
    let Ok(release) = s.version.parse::<Release>() else { return observed };
    observed.outputs = outputs(s, facts).to_object();
    files(s, facts, &mut observed);
    programs(s, facts, &mut observed);
    if let Some(directory) = &s.shared_secrets {
        secrets(s, facts, release, directory, &mut observed);
    }
    harbor(s, facts, release, &mut observed);
    system_settings(s, facts, release, &mut observed);
    observed
}

fn files(s: &HaNode, facts: &Facts, observed: &mut Observation) {
    let mut file = |like: File| observed.file(HOST, &like.path, facts.file(&like.path), &like);
    let docker = s.docker();
    if docker.source == DockerSource::DockerCe {
        file(File::public(layout::KEYRING, ""));
        file(File::public(layout::SOURCES, ""));
    }
    if !daemon::our_keys(&daemon_settings(&docker)).is_empty() {
        // Who may read it is for others to say as well: the file is not ours alone.
        file(facts.file(layout::DAEMON_JSON).kept(File::public(layout::DAEMON_JSON, "")));
    }
    let shared = s.storage.as_ref().is_some_and(|storage| storage.shared.is_some());
    if let Some(path) = layout::mount_unit_path(s).filter(|_| shared) {
        file(File::public(path, ""));
        file(File::public(layout::DROPIN, ""));
    }
    file(File::private(s.at("harbor.yml"), ""));
    if s.https.as_ref().is_some_and(|https| https.certificate.is_some()) {
        file(File::private(s.at("tls/server.key"), ""));
        file(File::public(s.at("tls/server.crt"), ""));
    }
    if s.shared_secrets.is_some() {
        // Its secrets come from the host and not from the configuration, so what was written last
        // says nothing about whether it is right.
        let path = s.at("docker-compose.override.yml");
        let text = facts.file(&path).text().unwrap_or_default().to_owned();
        file(File::private(path, text));
    }
    if s.boot_unit {
        file(File::public(layout::BOOT_UNIT, ""));
    }
}

/// Packages, programs, units.
fn programs(s: &HaNode, facts: &Facts, observed: &mut Observation) {
    let docker = s.docker();
    let from = compose::source(s, facts);
    for name in layout::packages(s, from) {
        let (actual, _) = Package::status(facts.packages.get(name), pin(&docker, name));
        observed.status(format!("package {name}"), actual);
    }
    let compose = docker.compose.as_ref().filter(|_| from == ComposeSource::Url);
    if let Some((compose, sha256)) = compose.and_then(|c| Some((c, c.sha256.as_ref()?)))
        && compose.url.is_some()
    {
        let wanted = compose.version.clone().unwrap_or_default();
        let same = facts.seen.one("compose_sha256").eq_ignore_ascii_case(sha256);
        observed.status(
            "compose",
            match facts.seen.one("standalone") {
                _ if same => wanted,
                seen if seen == wanted => format!("{seen}, another build"),
                seen => seen.to_owned(),
            },
        );
    }
    let shared = s.storage.as_ref().is_some_and(|storage| storage.shared.is_some());
    let mut units = vec!["docker.service".to_owned()];
    units.extend(layout::mount_unit(s).filter(|_| shared));
    units.extend(s.boot_unit.then(|| "harbor.service".to_owned()));
    for unit in units {
        let words = facts.services.get(&unit).map(Service::status);
        observed.status(format!("service {unit}"), words.unwrap_or_default());
    }
}

/// The secrets that nodes share.
fn secrets(
    s: &HaNode,
    facts: &Facts,
    release: Release,
    directory: &str,
    observed: &mut Observation,
) {
    for (name, _) in layout::seeded(s) {
        let words = match facts.seen.of("seed", name) {
            "same" => "as shared",
            "differs" => "another than shared",
            "unshared" => "not shared",
            _ => "",
        };
        observed.status(format!("secret {name}"), words);
    }
    let fact = facts.file(&s.at("docker-compose.override.yml"));
    if let (Ok(text), true) =
        (texts::compose_override(s, facts, release, directory), fact.is_present())
    {
        let same = fact.text() == Some(&text);
        let words = if same { "as shared" } else { "others than shared" };
        observed.status("secrets in docker-compose.override.yml", words);
    }
}

/// The installer, what prepare made, the containers, the health.
fn harbor(s: &HaNode, facts: &Facts, release: Release, observed: &mut Observation) {
    observed.status("harbor installer", facts.installed().unwrap_or_default());
    // An archive that is still there was not loaded to its end; somebody else may have left it.
    let by_hand =
        facts.seen.one("prepared").is_empty() && facts.composed() == Some(&release.to_string());
    let whole = facts.seen.one("archive").is_empty() || by_hand;
    observed.status("harbor images", if has_images(facts) && whole { "loaded" } else { "" });
    let made = made(s, facts, release);
    let words = |fits: bool| if fits { "done" } else { "outdated" };
    let edited = edited(s, facts, release, observed);
    if facts.composed().is_some() {
        observed.status(
            "prepare",
            words(made && (edited || ran_with_what_is_there(s, facts, release))),
        );
        observed.follows(&s.at("harbor.yml"), "prepare", words(made));
    }
    for name in layout::containers(s, release) {
        let state = facts.seen.of("container", name);
        let state = state.split(' ').next().unwrap_or_default();
        observed.status(format!("container {name}"), state);
    }
    observed.status("health", health(facts));
}

/// Whether all images of the installed release are there.
pub(super) fn has_images(facts: &Facts) -> bool {
    facts.seen.one("images") == "yes"
}

/// Whether what prepare made is of this release, with all its parts and no other.
pub(super) fn made(s: &HaNode, facts: &Facts, release: Release) -> bool {
    let listed: Vec<&str> = facts.seen.all("service").collect();
    let wanted = layout::containers(s, release);
    let optional =
        ["trivy-adapter", "notary-server", "notary-signer", "chartmuseum", "harbor-exporter"];
    let complete = wanted.iter().all(|name| listed.contains(name));
    let excess = optional.iter().any(|o| listed.contains(o) && !wanted.contains(o));
    complete && !excess && facts.composed() == Some(&release.to_string())
}

/// What a user sees of `harbor.yml` and the certificate is not as it should be: that shows as those
/// files' difference, and what follows from it is not shown again.
fn edited(s: &HaNode, facts: &Facts, release: Release, observed: &Observation) -> bool {
    let differs = |path: &str, wanted: Option<&str>| {
        let wanted = wanted.map(|text| render::mask::mask(path, text));
        observed.files.get(path) != wanted.as_ref()
    };
    let yml = texts::harbor_yml(s, facts, release).ok();
    let certificate = s.https.as_ref().and_then(|https| https.certificate.as_ref());
    let certificate = certificate.map(|text| texts::ended(text));
    differs(&s.at("harbor.yml"), yml.as_deref())
        || certificate.is_some_and(|text| differs(&s.at("tls/server.crt"), Some(&text)))
}

/// Whether prepare was last run with the files that are there.
fn ran_with_what_is_there(s: &HaNode, facts: &Facts, release: Release) -> bool {
    let digest = |path: String| facts.file(&path).text().map(sha256);
    let yml = digest(s.at("harbor.yml"));
    let (certificate, key) = match &s.https {
        None => (Some("-".to_owned()), Some("-".to_owned())),
        Some(https) if https.certificate.is_some() => {
            (digest(s.at("tls/server.crt")), digest(s.at("tls/server.key")))
        }
        Some(_) => {
            let seen = |key: &str| Some(facts.seen.one(key).to_owned());
            (seen("certificate"), seen("key"))
        }
    };
    let (Some(yml), Some(certificate), Some(key)) = (yml, certificate, key) else { return false };
    let mut inputs = vec![texts::head(s, release), yml, certificate, key];
    inputs.extend(texts::of_others(s, facts));
    ran_with(facts, &inputs, false)
}

/// Whether prepare was last run with files of these digests, in the order of `scripts::inputs`;
/// `changed`: `harbor.yml` or the certificate are still to change.
pub(super) fn ran_with(facts: &Facts, inputs: &[String], changed: bool) -> bool {
    match InputDigest::parse(facts.seen.one("prepared")) {
        Some(recorded) => {
            recorded.is_of(inputs) && recorded.compose_file == facts.seen.one("compose_file")
        }
        // Prepared by somebody else: after harbor.yml was last written, as far as one can see.
        None => !changed && facts.seen.one("composed_newer") == "yes",
    }
}

fn health(facts: &Facts) -> String {
    match &facts.health {
        Health::Silent if facts.composed().is_none() => String::new(),
        Health::Silent if facts.untrusted => "shows an unknown certificate".to_owned(),
        Health::Silent => "does not answer".to_owned(),
        Health::Says { healthy: true, .. } => "healthy".to_owned(),
        Health::Says { components, .. } => unhealthy(components),
    }
}

fn unhealthy(components: &BTreeMap<String, String>) -> String {
    let bad: Vec<&str> =
        components.iter().filter(|(_, s)| *s != "healthy").map(|(n, _)| n.as_str()).collect();
    format!("unhealthy: {}", bad.join(", "))
}

/// Harbor's system settings. Without the admin's password they cannot be asked for.
fn system_settings(s: &HaNode, facts: &Facts, release: Release, observed: &mut Observation) {
    for (key, wanted) in configuration::wanted(s, release) {
        let name = setting_label(&key);
        match &facts.admin {
            Admin::Settings(seen) => {
                let actual = configuration::actual(seen, &key, &wanted);
                observed.status(name, shown(configuration::show(&actual)));
            }
            Admin::Unknown | Admin::Refused => {
                observed.unseen.insert(name, Unseen::All);
            }
        }
    }
}

/// A system setting in `status`.
pub(super) fn setting_label(key: &str) -> String {
    format!("configuration {key}")
}

/// Text that is empty means absent in `status`.
pub(super) fn shown(text: String) -> String {
    if text.is_empty() { "\"\"".to_owned() } else { text }
}

/// The release that a package is pinned to.
pub(super) fn pin<'a>(docker: &'a Docker, package: &str) -> Option<&'a str> {
    docker.version.as_deref().filter(|_| ["docker-ce", "docker.io"].contains(&package))
}

/// Compose as the command that this node uses.
pub(super) fn compose_command(s: &HaNode, facts: &Facts) -> &'static str {
    let plugin = match compose::source(s, facts) {
        ComposeSource::Plugin => true,
        ComposeSource::Distro | ComposeSource::Url => false,
        // Harbor's own choice where both are there.
        ComposeSource::None => !facts.seen.one("plugin").is_empty(),
    };
    if plugin { "docker compose" } else { "docker-compose" }
}

fn outputs(s: &HaNode, facts: &Facts) -> Outputs {
    let text = |key: &str| Some(facts.seen.one(key).to_owned()).filter(|t| !t.is_empty());
    let (healthy, components) = match &facts.health {
        Health::Silent => (facts.installed().map(|_| false), None),
        Health::Says { healthy, components } => (Some(*healthy), Some(components.clone())),
    };
    let plugin = compose_command(s, facts) == "docker compose";
    Outputs {
        url: Some(s.url()),
        address: Some(s.ssh.host.clone()),
        release: facts.composed().map(str::to_owned),
        healthy,
        components,
        docker_version: text("server"),
        compose_version: text(if plugin { "plugin" } else { "standalone" }),
    }
}

/// What we write into `daemon.json`.
pub(super) fn daemon_settings(docker: &Docker) -> daemon::Settings {
    let settings = docker.settings.iter().flatten();
    let parsed = settings.filter_map(|(k, v)| Some((k.clone(), serde_json::from_str(v).ok()?)));
    daemon::Settings {
        registry_mirrors: docker.registry_mirrors.clone(),
        insecure_registries: docker.insecure_registries.clone(),
        settings: parsed.collect(),
    }
}
