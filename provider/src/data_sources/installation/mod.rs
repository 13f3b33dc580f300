//! `harbor_installation`: what a Harbor on a host is, whoever set it up.

use std::collections::BTreeMap;

use crate::diag::Diags;
use crate::resource::{Answers, DataSource, Question, Ssh};
use crate::shell::word;
use crate::value::Value;

crate::settings! {
    /// What the user writes.
    pub struct Settings {
        /// The host.
        ssh: Ssh = attr(),
        /// The installer's directory, where harbor.yml stands.
        path: String = attr().default("/opt/harbor").check(absolute),
    }

    /// What is read.
    pub struct Outputs {
        /// Whether there is a Harbor.
        exists: Option<bool> = attr(),
        /// Its release, from the images of its compose file: `2.3.2`.
        release: Option<String> = attr(),
        /// `hostname` of harbor.yml.
        hostname: Option<String> = attr(),
        /// `external_url` of harbor.yml.
        external_url: Option<String> = attr(),
        /// `data_volume` of harbor.yml.
        data_volume: Option<String> = attr(),
        /// Docker's version.
        docker_version: Option<String> = attr(),
        /// Compose's version.
        compose_version: Option<String> = attr(),
        /// Each container's state: `running`, `restarting`, `exited`.
        containers: Option<BTreeMap<String, String>> = attr(),
    }
}

fn absolute(value: &Value) -> Result<(), String> {
    match value.as_str() {
        Some(path) if path.starts_with('/') => Ok(()),
        _ => Err("It must be an absolute path.".to_owned()),
    }
}

/// The data source.
pub struct Installation;

impl DataSource for Installation {
    const NAME: &'static str = "harbor_installation";
    const DESCRIPTION: &'static str = "What a Harbor on a host is, whoever set it up.\n\nIt reads the installer's directory and \
         asks Docker. What is found stands in the state in clear, as of every data source. Of \
         harbor.yml three values are read and no password; one in `external_url` is masked.";
    type Settings = Settings;
    type Outputs = Outputs;

    fn targets(settings: &Settings) -> Vec<(String, Ssh)> {
        vec![("node".to_owned(), settings.ssh.clone())]
    }

    fn questions(settings: &Settings) -> Vec<Question> {
        let script = format!("cd {} 2>/dev/null || cd /\n{SCRIPT}", word(&settings.path));
        vec![Question::script("node", "installation", script)]
    }

    fn outputs(_settings: &Settings, answers: &Answers) -> Result<Outputs, Diags> {
        Ok(parse(answers.stdout("node", "installation").unwrap_or_default()))
    }
}

/// Says lines `name=value`. Only top-level keys that hold no secret are taken from harbor.yml.
const SCRIPT: &str = r#"[ ! -f harbor.yml ] || [ ! -f docker-compose.yml ] || echo exists=true
for key in hostname external_url data_volume; do
  sed -n "s/^$key: */$key=/p" harbor.yml 2>/dev/null | tail -n 1
done
sed -n 's/^ *image: *goharbor\/harbor-core:v*/release=/p' docker-compose.yml 2>/dev/null | head -n 1
if command -v docker >/dev/null 2>&1; then
  echo "docker_version=$(docker version --format '{{.Server.Version}}' 2>/dev/null)"
  echo "compose_version=$(docker compose version --short 2>/dev/null || docker-compose version --short 2>/dev/null)"
  docker ps -a --filter "label=com.docker.compose.project.working_dir=$(pwd -P)" \
    --format 'container={{.Names}} {{.State}}' 2>/dev/null
fi
true"#;

fn parse(output: &str) -> Outputs {
    let lines = || output.lines().filter_map(|line| line.split_once('='));
    let get = |wanted: &str| {
        let found = lines().find(|(name, _)| *name == wanted);
        found.map(|(_, value)| scalar(value)).filter(|value| !value.is_empty())
    };
    let version = |name: &str| get(name).map(|v| v.trim_start_matches('v').to_owned());
    let containers = lines()
        .filter(|(name, _)| *name == "container")
        .filter_map(|(_, value)| value.split_once(' '))
        .map(|(name, state)| (name.to_owned(), state.to_owned()));
    Outputs {
        exists: Some(get("exists").is_some()),
        release: version("release"),
        hostname: get("hostname"),
        // It has no place for a password; who wrote one there anyhow does not find it in the state.
        external_url: get("external_url").map(|url| render::mask("external_url", &url)),
        data_volume: get("data_volume"),
        docker_version: version("docker_version"),
        compose_version: version("compose_version"),
        containers: Some(containers.collect()),
    }
}

/// A scalar of YAML on one line: without quotes and without a comment.
fn scalar(text: &str) -> String {
    let text = text.trim();
    for quote in ['"', '\''] {
        if let Some((inside, _)) = text.strip_prefix(quote).and_then(|t| t.split_once(quote)) {
            return inside.to_owned();
        }
    }
    text.split(" #").next().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_harbor() {
        let seen = parse(
            "exists=true\nhostname=\"hub.example\" # the name\ndata_volume=/data # all\n\
             external_url=https://user:hidden@hub.example\n\
             release=v2.3.2\ndocker_version=20.10.24\ncompose_version=v2.24.5\n\
             container=harbor-core running\ncontainer=nginx restarting\n",
        );
        assert_eq!(seen.exists, Some(true));
        assert_eq!(seen.release.as_deref(), Some("2.3.2"));
        assert_eq!(seen.hostname.as_deref(), Some("hub.example"));
        assert_eq!(seen.external_url.as_deref(), Some("https://user:(secret)@hub.example"));
        assert_eq!(seen.data_volume.as_deref(), Some("/data"));
        assert_eq!(seen.compose_version.as_deref(), Some("2.24.5"));
        assert_eq!(seen.containers.expect("containers")["nginx"], "restarting");
    }

    #[test]
    fn a_bare_host_has_none() {
        let seen = parse("docker_version=\ncompose_version=\n");
        assert_eq!((seen.exists, seen.release, seen.docker_version), (Some(false), None, None));
    }

    #[test]
    fn the_script_reads_files_and_never_a_password() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let write = |name: &str, text: &str| {
            std::fs::write(directory.path().join(name), text).expect("written");
        };
        write(
            "harbor.yml",
            "hostname: hub.example\nharbor_admin_password: Harbor12345\ndata_volume: /data\n\
             external_database:\n  harbor:\n    hostname: other\n",
        );
        write("docker-compose.yml", "services:\n  core:\n    image: goharbor/harbor-core:v2.3.2\n");
        let output = std::process::Command::new("sh")
            .args(["-c", SCRIPT])
            .current_dir(directory.path())
            .output()
            .expect("sh runs");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(!text.contains("Harbor12345"));
        let seen = parse(&text);
        assert_eq!(seen.hostname.as_deref(), Some("hub.example"));
        assert_eq!((seen.exists, seen.release.as_deref()), (Some(true), Some("2.3.2")));
    }
}
