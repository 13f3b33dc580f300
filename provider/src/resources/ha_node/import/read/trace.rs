//! Tracing.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::value::{number, text};
use crate::resources::ha_node::settings::{Jaeger, Otel, Trace};

/// `trace`, which is on.
pub fn trace(yml: &Json) -> Trace {
    let pairs = yml["attributes"].as_object().into_iter().flatten();
    let attributes: BTreeMap<String, String> =
        pairs.filter_map(|(key, value)| Some((key.clone(), text(value)?))).collect();
    Trace {
        sample_rate: text(&yml["sample_rate"]),
        namespace: text(&yml["namespace"]),
        attributes: (!attributes.is_empty()).then_some(attributes),
        jaeger: yml["jaeger"].is_object().then(|| jaeger(&yml["jaeger"])),
        otel: yml["otel"].is_object().then(|| otel(&yml["otel"])),
    }
}

fn jaeger(yml: &Json) -> Jaeger {
    Jaeger {
        endpoint: text(&yml["endpoint"]),
        username: text(&yml["username"]),
        password_wo: None,
        password_wo_version: None,
        agent_host: text(&yml["agent_host"]),
        agent_port: number(&yml["agent_port"]),
    }
}

fn otel(yml: &Json) -> Otel {
    let seconds = text(&yml["timeout"]);
    let seconds = seconds.and_then(|text| text.trim_end_matches('s').parse().ok());
    Otel {
        endpoint: text(&yml["endpoint"]).unwrap_or_default(),
        url_path: text(&yml["url_path"]).unwrap_or_else(|| "/v1/traces".to_owned()),
        compression: yml["compression"].as_bool().unwrap_or(false),
        insecure: yml["insecure"].as_bool().unwrap_or(false),
        timeout_seconds: seconds.unwrap_or(10),
    }
}
