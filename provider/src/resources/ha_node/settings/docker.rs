//! Docker and Compose.

use std::collections::BTreeMap;

crate::choice! {
    /// Where Docker comes from.
    pub enum DockerSource {
        /// Docker's own repository, or a mirror of it: `docker-ce`.
        DockerCe = "docker-ce",
        /// The distribution's `docker.io`.
        Distro = "distro",
        /// Docker is there already and stays as it is.
        None = "none",
    }
}

crate::choice! {
    /// Where Compose comes from.
    pub enum ComposeSource {
        /// The plugin `docker compose`, as a package.
        Plugin = "plugin",
        /// The distribution's package `docker-compose`.
        Distro = "distro",
        /// A file from `url`, as /usr/local/bin/docker-compose.
        Url = "url",
        /// Compose is there already and stays as it is.
        None = "none",
    }
}

crate::settings! {
    /// Docker and Compose.
    pub struct Docker {
        /// Where Docker comes from. `distro`: the distribution's `docker.io`; `docker-ce`: Docker's
        /// repository or a mirror of it; `none`: it is there already and stays as it is.
        source: DockerSource = attr().default("distro"),
        /// Where `docker-ce` is fetched from; the folder that holds `linux/`.
        mirror: String = attr().default("https://download.docker.com").check(crate::checks::repository),
        /// The key that signs `docker-ce`, ASCII-armoured; must be set with it.
        signing_key: Option<String> = attr().check(crate::checks::armoured_key),
        /// Version of Docker's package to hold, as apt writes it; any if not set.
        version: Option<String> = attr().on_change(OnChange::Restart),
        /// Compose.
        compose: Option<Compose> = attr(),
        /// Mirrors of Docker Hub, URLs.
        registry_mirrors: Option<Vec<String>> = attr().on_change(OnChange::Reload).each(super::super::checks::registry_mirror),
        /// Registries that Docker on this host may use without a trusted certificate: `host`,
        /// `host:port` or a network; not a URL.
        insecure_registries: Option<Vec<String>> = attr().on_change(OnChange::Reload).each(super::super::checks::insecure_registry),
        /// Further keys of `daemon.json`, each with its value as JSON. Keys of others stay.
        settings: Option<BTreeMap<String, String>> = attr().on_change(OnChange::Restart),
    }

    /// Compose.
    pub struct Compose {
        /// Where it comes from. `plugin`: the plugin `docker compose`, as a package, which is
        /// `docker-compose-plugin` with docker-ce and else Ubuntu's `docker-compose-v2`; `distro`: the
        /// package `docker-compose`; `url`: a file from `url`, as `/usr/local/bin/docker-compose`;
        /// `none`: it is there already. If not set: `plugin` with docker-ce and on Ubuntu, else as
        /// Docker; a package that is there and starts stays.
        source: Option<ComposeSource> = attr(),
        /// URL of the executable, or its path on the machine that runs Terraform; for source `url`,
        /// as are the next two.
        url: Option<String> = attr(),
        /// SHA-256 of the executable, hexadecimal.
        sha256: Option<String> = attr().check(super::super::checks::sha256),
        /// Version of the executable at `url`.
        version: Option<String> = attr(),
    }
}
