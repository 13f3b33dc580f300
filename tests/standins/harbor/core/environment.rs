//! The environment that core starts from.

use std::path::PathBuf;

/// Variables of core's env file, and the two mounted key files.
#[derive(Clone)]
pub struct Environment {
    pub port: u16,
    pub endpoint: String,
    pub redis_url: String,
    pub core_secret: String,
    pub jobservice_secret: String,
    pub csrf_key: String,
    pub admin_password: String,
    pub registry_username: String,
    pub registry_password: String,
    pub registry: String,
    pub portal: String,
    pub jobservice: String,
    pub registryctl: String,
    pub trivy: Option<String>,
    pub notary: Option<String>,
    pub charts: Option<String>,
    pub storage_provider: String,
    pub overwrite: Option<String>,
    pub token_key_file: PathBuf,
    pub secret_key_file: PathBuf,
}

/// A variable of the env file.
pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

impl Environment {
    /// Reads the environment.
    pub fn read() -> Self {
        let on = |name: &str| variable(name).eq_ignore_ascii_case("true");
        let url = |name: &str, usual: &str| match variable(name) {
            value if value.is_empty() => usual.to_owned(),
            value => value,
        };
        let file = |name: &str, usual: &str| PathBuf::from(url(name, usual));
        Self {
            port: variable("PORT").parse().unwrap_or(8080),
            endpoint: variable("EXT_ENDPOINT"),
            redis_url: variable("_REDIS_URL_CORE"),
            core_secret: variable("CORE_SECRET"),
            jobservice_secret: variable("JOBSERVICE_SECRET"),
            csrf_key: variable("CSRF_KEY"),
            admin_password: variable("HARBOR_ADMIN_PASSWORD"),
            registry_username: variable("REGISTRY_CREDENTIAL_USERNAME"),
            registry_password: variable("REGISTRY_CREDENTIAL_PASSWORD"),
            registry: url("REGISTRY_URL", "http://registry:5000"),
            portal: url("PORTAL_URL", "http://portal:8080"),
            jobservice: url("JOBSERVICE_URL", "http://jobservice:8080"),
            registryctl: url("REGISTRY_CONTROLLER_URL", "http://registryctl:8080"),
            trivy: on("WITH_TRIVY").then(|| url("TRIVY_ADAPTER_URL", "http://trivy-adapter:8080")),
            notary: on("WITH_NOTARY").then(|| url("NOTARY_URL", "http://notary-server:4443")),
            charts: on("WITH_CHARTMUSEUM").then(|| "http://chartmuseum:9999".to_owned()),
            storage_provider: variable("REGISTRY_STORAGE_PROVIDER_NAME"),
            overwrite: std::env::var("CONFIG_OVERWRITE_JSON").ok(),
            token_key_file: file("TOKEN_PRIVATE_KEY_PATH", "/etc/core/private_key.pem"),
            secret_key_file: file("KEY_PATH", "/etc/core/key"),
        }
    }
}
