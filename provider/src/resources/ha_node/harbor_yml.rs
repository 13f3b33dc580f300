//! `harbor.yml` of one node: from what the user wrote to what `render` writes.

mod attribute;
mod secret;
mod services;

use std::collections::BTreeMap;

use render::Error;
use render::harbor::{Release, harbor_yml as yml};

pub use attribute::{attribute, diag};
use secret::secret;

use super::settings::{self as our, HaNode};

/// The text of the file.
pub fn render(s: &HaNode, release: Release) -> Result<String, Error> {
    charts(s)?;
    yml::render(&settings(s, release)?)
}

/// Charts that Harbor keeps beside the layers are in no directory that is shared.
fn charts(s: &HaNode) -> Result<(), Error> {
    let shared = s.storage.as_ref().is_some_and(|storage| storage.shared.is_some());
    if s.chartmuseum.is_none() || !shared {
        return Ok(());
    }
    let reason = "must not be set with storage.shared, which holds no charts: each node would have \
                  its own. Use a driver like s3";
    Err(Error::Invalid { key: "with_chartmuseum".to_owned(), reason: reason.to_owned() })
}

fn settings(s: &HaNode, release: Release) -> Result<yml::Settings, Error> {
    let https = s.https.as_ref().zip(s.tls_paths()).map(|(https, (certificate, private_key))| {
        let strong_ssl_ciphers = https.strong_ssl_ciphers;
        yml::Https { port: https.port, certificate, private_key, strong_ssl_ciphers }
    });
    Ok(yml::Settings {
        release,
        hostname: s.hostname.clone(),
        external_url: s.external_url.clone(),
        http: yml::Http { port: s.http_port },
        https,
        harbor_admin_password: secret(s.admin_password_wo.as_ref()),
        data_volume: s.data_volume.clone(),
        with_notary: s.notary,
        database: None,
        external_database: Some(database(&s.database)),
        external_redis: s.redis.as_ref().map(redis).transpose()?,
        storage: s.storage.as_ref().and_then(storage),
        trivy: s.trivy.as_ref().map(services::trivy),
        jobservice: s
            .jobservice
            .as_ref()
            .map(services::jobservice)
            .transpose()?
            .unwrap_or_default(),
        notification: s.notification.as_ref().map(services::notification).unwrap_or_default(),
        log: s.log.as_ref().map(services::log).unwrap_or_default(),
        metric: s.metric.as_ref().map(|m| yml::Metric {
            enabled: true,
            port: m.port,
            path: m.path.clone(),
        }),
        trace: s.trace.as_ref().map(services::trace).transpose()?,
        upload_purging: s.upload_purging.as_ref().map(|p| yml::UploadPurging {
            enabled: p.enabled,
            age_hours: p.age_hours,
            interval_hours: p.interval_hours,
            dryrun: p.dryrun,
        }),
        cache: s.cache.as_ref().map(|c| yml::Cache { enabled: true, expire_hours: c.expire_hours }),
        proxy: s.proxy.as_ref().map(services::proxy),
        internal_tls: s
            .internal_tls
            .as_ref()
            .map(|tls| yml::InternalTls { enabled: true, dir: tls.dir.clone() }),
        ip_family: s.ip_family.as_ref().map(|f| yml::IpFamily { ipv4: f.ipv4, ipv6: f.ipv6 }),
        quota_update_provider: s.quota_update_provider.map(|p| p.word().to_owned()),
        uaa_ca_file: s.uaa_ca_file.clone(),
        chartmuseum: s
            .chartmuseum
            .as_ref()
            .map(|chart| yml::ChartMuseum { absolute_url: chart.absolute_url }),
        extra: extra(s)?,
    })
}

fn database(d: &our::Database) -> yml::ExternalDatabase {
    yml::ExternalDatabase {
        host: d.host.clone(),
        port: d.port,
        username: d.username.clone(),
        password: secret(d.password_wo.as_ref()),
        ssl_mode: d.ssl_mode.clone(),
        pool: yml::Pool {
            max_idle_conns: Some(d.max_idle_conns),
            max_open_conns: Some(d.max_open_conns),
            conn_max_lifetime: d.conn_max_lifetime.clone(),
            conn_max_idle_time: d.conn_max_idle_time.clone(),
        },
        name: d.name.clone(),
        notary_signer: d.notary_signer.as_ref().map(notary_database),
        notary_server: d.notary_server.as_ref().map(notary_database),
    }
}

fn notary_database(d: &our::NotaryDatabase) -> yml::NotaryDatabase {
    yml::NotaryDatabase {
        name: d.name.clone(),
        host: d.host.clone(),
        port: d.port,
        username: d.username.clone(),
        password: d.password_wo.as_ref().map(|p| secret(Some(p))),
        ssl_mode: d.ssl_mode.clone(),
    }
}

fn index(key: &str, n: u32) -> Result<u8, Error> {
    let reason = "must be at most 255".to_owned();
    u8::try_from(n).map_err(|_| Error::Invalid { key: format!("external_redis.{key}"), reason })
}

fn redis(r: &our::Redis) -> Result<yml::ExternalRedis, Error> {
    let optional = |key, n: Option<u32>| n.map(|n| index(key, n)).transpose();
    Ok(yml::ExternalRedis {
        host: r.host.clone(),
        port: r.port,
        username: r.username.clone(),
        // With a user there is one, known or not.
        password: (r.password_wo.is_some() || r.username.is_some())
            .then(|| secret(r.password_wo.as_ref())),
        sentinel_master_set: r.sentinel_master_set.clone(),
        tls: r.tls.as_ref().map(|tls| yml::RedisTls { enable: true, root_ca: tls.root_ca.clone() }),
        registry_db_index: Some(index("registry_db_index", r.registry_db_index)?),
        jobservice_db_index: Some(index("jobservice_db_index", r.jobservice_db_index)?),
        chartmuseum_db_index: optional("chartmuseum_db_index", r.chartmuseum_db_index)?,
        trivy_db_index: Some(index("trivy_db_index", r.trivy_db_index)?),
        harbor_db_index: optional("harbor_db_index", r.harbor_db_index)?,
        cache_layer_db_index: optional("cache_layer_db_index", r.cache_layer_db_index)?,
        idle_timeout_seconds: Some(r.idle_timeout_seconds),
    })
}

/// Nothing for the data volume as it is: that is Harbor's default.
fn storage(storage: &our::Storage) -> Option<yml::Storage> {
    let driver = match storage.driver.as_str() {
        "oss" => yml::Driver::Oss,
        "s3" => yml::Driver::S3,
        "azure" => yml::Driver::Azure,
        "gcs" => yml::Driver::Gcs,
        "swift" => yml::Driver::Swift,
        _ => yml::Driver::Filesystem,
    };
    let parameters = storage.parameters.iter().flatten();
    let parameters: BTreeMap<_, _> = parameters.map(|(k, v)| (k.clone(), scalar(v))).collect();
    let plain = driver == yml::Driver::Filesystem && parameters.is_empty();
    if plain && storage.redirect_disabled.is_none() && storage.ca_bundle.is_none() {
        return None;
    }
    let secrets = storage.parameters_wo.iter().flatten();
    Some(yml::Storage {
        driver,
        parameters,
        secret_parameters: secrets.map(|(k, v)| (k.clone(), secret(Some(v)))).collect(),
        redirect_disabled: storage.redirect_disabled,
        ca_bundle: storage.ca_bundle.clone(),
    })
}

fn scalar(text: &str) -> yml::Scalar {
    match (text, text.parse::<i64>()) {
        ("true", _) => yml::Scalar::Bool(true),
        ("false", _) => yml::Scalar::Bool(false),
        (_, Ok(number)) if number.to_string() == text => yml::Scalar::Integer(number),
        _ => yml::Scalar::Text(text.to_owned()),
    }
}

fn extra(s: &HaNode) -> Result<BTreeMap<String, serde_json::Value>, Error> {
    let pairs = s.settings.iter().flatten().map(|(key, text)| {
        let reason = "must be JSON".to_owned();
        let value =
            serde_json::from_str(text).map_err(|_| Error::Invalid { key: key.clone(), reason })?;
        Ok((key.clone(), value))
    });
    pairs.collect()
}
