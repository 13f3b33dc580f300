//! Harbor's services, logs and outside connections.

use render::Error;
use render::harbor::harbor_yml as yml;

use super::secret::secret;
use crate::resources::ha_node::settings as our;

pub fn trivy(t: &our::Trivy) -> yml::Trivy {
    yml::Trivy {
        ignore_unfixed: Some(t.ignore_unfixed),
        skip_update: Some(t.skip_update),
        skip_java_db_update: t.skip_java_db_update,
        db_repository: t.db_repository.clone(),
        java_db_repository: t.java_db_repository.clone(),
        offline_scan: t.offline_scan,
        security_check: t.security_check.clone(),
        insecure: Some(t.insecure),
        timeout: t.timeout.clone(),
        github_token: t.github_token_wo.as_ref().map(|p| secret(Some(p))),
    }
}

pub fn jobservice(j: &our::Jobservice) -> Result<yml::Jobservice, Error> {
    let logger = |word: &String| match word.as_str() {
        "STD_OUTPUT" => Ok(yml::JobLogger::StdOutput),
        "FILE" => Ok(yml::JobLogger::File),
        "DB" => Ok(yml::JobLogger::Db),
        _ => Err(Error::Invalid {
            key: "jobservice.job_loggers".to_owned(),
            reason: "each must be STD_OUTPUT, FILE or DB".to_owned(),
        }),
    };
    let job_loggers = j.job_loggers.as_ref().map(|l| l.iter().map(logger).collect()).transpose()?;
    Ok(yml::Jobservice {
        max_job_workers: Some(j.max_job_workers),
        max_job_duration_hours: j.max_job_duration_hours,
        job_loggers,
        logger_sweeper_duration: j.logger_sweeper_duration,
    })
}

pub fn log(l: &our::Log) -> yml::Log {
    yml::Log {
        level: l.level.clone(),
        rotate_count: l.rotate_count,
        rotate_size: l.rotate_size.clone(),
        location: l.location.clone(),
        external_endpoint: l.external_endpoint.as_ref().map(|e| yml::LogEndpoint {
            protocol: e.protocol.clone(),
            host: e.host.clone(),
            port: e.port,
        }),
    }
}

pub fn proxy(p: &our::Proxy) -> yml::Proxy {
    let default = yml::Proxy::default();
    yml::Proxy {
        http_proxy: p.http_proxy.clone(),
        https_proxy: p.https_proxy.clone(),
        no_proxy: p.no_proxy.clone(),
        components: p.components.clone().unwrap_or(default.components),
    }
}

pub fn notification(n: &our::Notification) -> yml::Notification {
    yml::Notification {
        webhook_job_max_retry: n.webhook_job_max_retry,
        webhook_job_http_client_timeout: n.webhook_job_http_client_timeout,
    }
}

pub fn trace(t: &our::Trace) -> Result<yml::Trace, Error> {
    let rate = |text: &String| {
        let (key, reason) = ("trace.sample_rate".to_owned(), "must be from 0 to 1".to_owned());
        text.parse().map_err(|_| Error::Invalid { key, reason })
    };
    Ok(yml::Trace {
        enabled: true,
        sample_rate: t.sample_rate.as_ref().map(rate).transpose()?,
        namespace: t.namespace.clone(),
        attributes: t.attributes.clone().unwrap_or_default(),
        jaeger: t.jaeger.as_ref().map(jaeger),
        otel: t.otel.as_ref().map(otel),
    })
}

fn jaeger(j: &our::Jaeger) -> yml::Jaeger {
    yml::Jaeger {
        endpoint: j.endpoint.clone(),
        username: j.username.clone(),
        password: j.password_wo.as_ref().map(|p| secret(Some(p))),
        agent_host: j.agent_host.clone(),
        agent_port: j.agent_port,
    }
}

fn otel(o: &our::Otel) -> yml::Otel {
    yml::Otel {
        endpoint: o.endpoint.clone(),
        url_path: o.url_path.clone(),
        compression: o.compression,
        insecure: o.insecure,
        timeout_seconds: o.timeout_seconds,
    }
}
