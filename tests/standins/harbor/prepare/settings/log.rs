//! `log`, its local files and its endpoint.

use serde_json::Value;

use super::super::{Refusal, yaml};

#[derive(Debug)]
pub struct Log {
    pub level: String,
    pub location: String,
    pub rotate_count: String,
    pub rotate_size: String,
    /// protocol, host, port of an external endpoint.
    pub external: Option<[String; 3]>,
}

impl Log {
    /// The level as the registry calls it.
    pub fn registry_level(&self) -> &str {
        if self.level == "warning" { "warn" } else { &self.level }
    }

    pub fn read(config: &Value, late_checks: &mut Vec<String>) -> Result<Self, Refusal> {
        let log = yaml::section(config, "log");
        let level = yaml::text(yaml::required(log, "level")?);
        if !["debug", "info", "warning", "error", "fatal"].contains(&level.as_str()) {
            return Err(Refusal::traceback(
                "Exception",
                "log level must be one of debug, info, warning, error, fatal".into(),
            ));
        }
        let local = yaml::section(log, "local");
        if local.is_null() {
            return Err(Refusal::traceback("KeyError", "'log_location'".into()));
        }
        Ok(Self {
            level,
            location: yaml::or(local, "location", "/var/log/harbor"),
            rotate_count: yaml::or(local, "rotate_count", "50"),
            rotate_size: yaml::or(local, "rotate_size", "200M"),
            external: external_log(yaml::section(log, "external_endpoint"), late_checks)?,
        })
    }
}

fn external_log(
    endpoint: &Value,
    late_checks: &mut Vec<String>,
) -> Result<Option<[String; 3]>, Refusal> {
    if endpoint.is_null() {
        return Ok(None);
    }
    let text = |key| yaml::required(endpoint, key).map(yaml::text);
    let (protocol, host, port) = (text("protocol")?, text("host")?, text("port")?);
    for (name, value) in [("host", &host), ("port", &port)] {
        if ["", "None", "0"].contains(&value.as_str()) {
            late_checks
                .push(format!("Error: must set log endpoint {name} to enable external host"));
        }
    }
    if !["tcp", "udp"].contains(&protocol.as_str()) {
        late_checks
            .push("Protocol in external log endpoint must be one of 'udp' or 'tcp'".to_owned());
    }
    Ok(Some([protocol, host, port]))
}
