//! Tracing.

use std::collections::BTreeMap;

use crate::secret::Secret;

crate::settings! {
    /// Tracing, by Jaeger or by OpenTelemetry.
    pub struct Trace {
        /// Part of the requests that are traced, from 0 to 1; all of them if not set.
        sample_rate: Option<String> = attr().on_change(OnChange::Restart),
        /// Tells this Harbor apart from others.
        namespace: Option<String> = attr().on_change(OnChange::Restart),
        /// Attributes of each trace.
        attributes: Option<BTreeMap<String, String>> = attr().on_change(OnChange::Restart),
        /// Jaeger; one of this and `otel`.
        jaeger: Option<Jaeger> = attr().on_change(OnChange::Restart),
        /// OpenTelemetry over HTTP.
        otel: Option<Otel> = attr().on_change(OnChange::Restart),
    }

    /// Jaeger: a collector or an agent.
    pub struct Jaeger {
        /// URL of the collector; one of this and `agent_host`.
        endpoint: Option<String> = attr().on_change(OnChange::Restart),
        /// User of the collector.
        username: Option<String> = attr().on_change(OnChange::Restart),
        /// Password of the collector.
        password_wo: Option<Secret> = attr().write_only().on_change(OnChange::Restart),
        /// Change it when `password_wo` changes: Terraform cannot see that.
        password_wo_version: Option<i64> = attr().on_change(OnChange::Restart),
        /// Host of the agent.
        agent_host: Option<String> = attr().on_change(OnChange::Restart),
        /// Port of the agent.
        agent_port: Option<u16> = attr().on_change(OnChange::Restart),
    }

    /// OpenTelemetry over HTTP.
    pub struct Otel {
        /// `host:port`.
        endpoint: String = attr().on_change(OnChange::Restart),
        /// Path of the URL.
        url_path: String = attr().default("/v1/traces").on_change(OnChange::Restart),
        /// Compress what is sent.
        compression: bool = attr().default(false).on_change(OnChange::Restart),
        /// Send without TLS.
        insecure: bool = attr().default(false).on_change(OnChange::Restart),
        /// Seconds after which sending has failed.
        timeout_seconds: u32 = attr().default(10).on_change(OnChange::Restart),
    }
}
