//! `/etc/apt/sources.list.d/<name>.sources`: one repository in deb822 form, with the key that
//! signs it named, so that the key is trusted for this repository alone.

use serde::Deserialize;

use crate::{Error, quote};

/// One repository.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the repository is: `http`, `https` or `file` URL.
    pub uri: String,
    /// The suite, for example `bookworm` or `bookworm-pgdg`. A suite that ends with `/` is a flat
    /// repository, which has no components.
    pub suite: String,
    /// Components, for example `["stable"]`.
    #[serde(default)]
    pub components: Vec<String>,
    /// Architectures, for example `["amd64"]`; empty for those of the host.
    #[serde(default)]
    pub architectures: Vec<String>,
    /// Absolute path of the keyring on the host (`.asc` or `.gpg`).
    pub signed_by: String,
}

/// Docker's own repository, `docker-ce`. `mirror` is the folder that holds `linux/`, for example
/// `https://download.docker.com` or `https://mirrors.aliyun.com/docker-ce`; `distribution` is
/// `debian` or `ubuntu`.
pub fn docker_ce(mirror: &str, distribution: &str, codename: &str, signed_by: &str) -> Settings {
    Settings {
        uri: format!("{}/linux/{distribution}", mirror.trim_end_matches('/')),
        suite: codename.to_owned(),
        components: vec!["stable".to_owned()],
        architectures: Vec::new(),
        signed_by: signed_by.to_owned(),
    }
}

/// The PostgreSQL project's repository. `mirror` is the folder that holds `dists/`, for example
/// `https://apt.postgresql.org/pub/repos/apt`.
pub fn pgdg(mirror: &str, codename: &str, signed_by: &str) -> Settings {
    Settings {
        uri: mirror.trim_end_matches('/').to_owned(),
        suite: format!("{codename}-pgdg"),
        components: vec!["main".to_owned()],
        architectures: Vec::new(),
        signed_by: signed_by.to_owned(),
    }
}

/// Renders the `.sources` file.
pub fn render(settings: &Settings) -> Result<String, Error> {
    check(settings)?;
    let mut text = String::from("Types: deb\n");
    let mut field = |name: &str, words: &[String]| -> Result<(), Error> {
        if !words.is_empty() {
            let value = words.iter().map(|w| word(name, w)).collect::<Result<Vec<_>, _>>()?;
            text.extend([name, ": ", &value.join(" "), "\n"]);
        }
        Ok(())
    };
    field("URIs", std::slice::from_ref(&settings.uri))?;
    field("Suites", std::slice::from_ref(&settings.suite))?;
    field("Components", &settings.components)?;
    field("Architectures", &settings.architectures)?;
    field("Signed-By", std::slice::from_ref(&settings.signed_by))?;
    Ok(text)
}

fn check(settings: &Settings) -> Result<(), Error> {
    let schemes = ["http://", "https://", "file:"];
    if !schemes.iter().any(|s| settings.uri.starts_with(s)) {
        return Err(Error::invalid("uri", "must be an http, https or file URL"));
    }
    if !settings.signed_by.starts_with('/') {
        return Err(Error::invalid("signed_by", "must be the absolute path of a keyring"));
    }
    match (settings.suite.ends_with('/'), settings.components.is_empty()) {
        (true, false) => {
            Err(Error::invalid("components", "must be empty: a suite ending in / has none"))
        }
        (false, true) => Err(Error::invalid("components", "must name at least one component")),
        _ => Ok(()),
    }
}

fn word(field: &str, value: &str) -> Result<String, Error> {
    if value.contains(char::is_whitespace) {
        return Err(Error::invalid(field, "must not contain space"));
    }
    quote::deb822(value).map_err(|e| e.at(field))
}
