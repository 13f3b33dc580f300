//! `storage_service` and `upload_purging`.

use serde_json::Value;

use super::super::{Refusal, yaml};
use crate::release::{Release, is_known};

#[derive(Debug)]
pub struct Storage {
    pub driver: String,
    pub options: Value,
    /// Certificates of the storage, a path on the host.
    pub ca_bundle: Option<String>,
    pub redirect_disabled: bool,
    /// `enabled, age, interval, dryrun`, where the release reads them.
    pub purging: Option<[String; 4]>,
}

impl Storage {
    pub fn read(
        config: &Value,
        release: Release,
        late_checks: &mut Vec<String>,
    ) -> Result<Self, Refusal> {
        let service = yaml::section(config, "storage_service");
        let driver = ["filesystem", "azure", "gcs", "s3", "swift", "oss"]
            .into_iter()
            .find(|driver| yaml::get(service, driver).is_some_and(yaml::truthy))
            .unwrap_or("filesystem");
        let redirect = yaml::section(service, "redirect");
        let renamed = is_known(release, "storage_service.redirect.disable");
        let key = if renamed { "disable" } else { "disabled" };
        let redirect_disabled =
            if redirect.is_null() { false } else { yaml::truthy(yaml::required(redirect, key)?) };
        Ok(Self {
            driver: driver.to_owned(),
            options: yaml::section(service, driver).clone(),
            ca_bundle: Some(yaml::or(service, "ca_bundle", "")).filter(|path| !path.is_empty()),
            redirect_disabled,
            purging: purging(config, release, late_checks),
        })
    }
}

fn purging(config: &Value, release: Release, late_checks: &mut Vec<String>) -> Option<[String; 4]> {
    let section = yaml::section(config, "upload_purging");
    if !is_known(release, "upload_purging.enabled") || section.is_null() {
        return None;
    }
    for key in ["age", "interval"] {
        let value = yaml::or(section, key, if key == "age" { "168h" } else { "24h" });
        let hours = value.strip_suffix('h').and_then(|n| n.parse::<i64>().ok());
        if hours.is_none_or(|hours| hours < 2) {
            late_checks.push(format!(
                "purge upload {key} should set with with nh, n is the number of hour"
            ));
        }
    }
    Some([
        yaml::or(section, "enabled", "False").to_lowercase(),
        yaml::or(section, "age", "168h"),
        yaml::or(section, "interval", "24h"),
        yaml::or(section, "dryrun", "False").to_lowercase(),
    ])
}
