//! `trace`: checked late, and told to three services.

use serde_json::Value;

use super::super::yaml;

/// Lines of env files: name and value.
pub type Lines = Vec<(&'static str, String)>;

/// The lines that `TRACE_SERVICE_NAME` stands before, where tracing is on.
pub fn read(trace: &Value, late_checks: &mut Vec<String>) -> Option<Lines> {
    if !yaml::get(trace, "enabled").is_some_and(yaml::truthy) {
        return None;
    }
    let (jaeger, otel) = (yaml::section(trace, "jaeger"), yaml::section(trace, "otel"));
    if let Some(text) = complaint(jaeger, otel) {
        late_checks.push(text.to_owned());
    }
    let attributes = yaml::section(trace, "attributes");
    let pairs = attributes.as_object().into_iter().flatten();
    let pairs: Vec<_> = pairs.map(|(key, value)| format!("\"{key}\": {value}")).collect();
    let attributes = format!("{{{}}}", pairs.join(", "));
    let mut lines = vec![
        ("TRACE_SAMPLE_RATE", yaml::get(trace, "sample_rate").map_or("1".to_owned(), yaml::text)),
        ("TRACE_NAMESPACE", yaml::or(trace, "namespace", "")),
        ("TRACE_ATTRIBUTES", attributes),
    ];
    if !jaeger.is_null() {
        for (name, key) in [
            ("TRACE_JAEGER_ENDPOINT", "endpoint"),
            ("TRACE_JAEGER_USERNAME", "username"),
            ("TRACE_JAEGER_PASSWORD", "password"),
            ("TRACE_JAEGER_AGENT_HOSTNAME", "agent_host"),
            ("TRACE_JAEGER_AGENT_PORT", "agent_port"),
        ] {
            lines.push((name, yaml::or(jaeger, key, "")));
        }
    }
    if !otel.is_null() {
        for (name, key, usual) in [
            ("TRACE_OTEL_ENDPOINT", "endpoint", "None"),
            ("TRACE_OTEL_URL_PATH", "url_path", ""),
            ("TRACE_OTEL_COMPRESSION", "compression", "False"),
            ("TRACE_OTEL_TIMEOUT", "timeout", "10"),
            ("TRACE_OTEL_INSECURE", "insecure", "False"),
        ] {
            lines.push((name, yaml::or(otel, key, usual)));
        }
    }
    Some(lines)
}

fn complaint(jaeger: &Value, otel: &Value) -> Option<&'static str> {
    let has = |section: &Value, key: &str| yaml::get(section, key).is_some_and(yaml::truthy);
    match (jaeger.is_null(), otel.is_null()) {
        (true, true) => Some("Trace enabled but no trace exporter set"),
        (false, false) => Some("Only can have one trace exporter at a time"),
        (false, true) => match (has(jaeger, "endpoint"), has(jaeger, "agent_host")) {
            (false, false) => Some("Jaeger Colector Endpoint or Agent host not set, must set one"),
            (true, true) => {
                Some("Jaeger Colector Endpoint and Agent host both set, only can set one")
            }
            _ => None,
        },
        (true, false) if !has(otel, "endpoint") => Some("Trace endpoint not set"),
        (true, false) if !has(otel, "url_path") => Some("Trace url path not set"),
        (true, false) => None,
    }
}
