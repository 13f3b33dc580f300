//! The generated configuration files other than env files.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::files::{self, HARBOR};
use super::secrets::Generated;
use super::settings::{Https, Settings};
use super::{Places, Refusal, yaml};
use crate::error::{Doing, Result};
use crate::release::{Quirk, is_known};

/// The list that `strong_ssl_ciphers` turns on.
const STRONG_CIPHERS: &str = "ECDHE+AESGCM:DHE+AESGCM:ECDHE+RSA+SHA256:DHE+RSA+SHA256:!AES128";
const USUAL_CIPHERS: &str =
    "'!aNULL:kECDH+AESGCM:ECDH+AESGCM:RSA+AESGCM:kECDH+AES:ECDH+AES:RSA+AES:'";

fn write(path: &Path, text: &str) -> Result<()> {
    files::generate(path, text, HARBOR, 0o640)
}

/// The portal's and the log container's files.
pub fn portal_and_log(places: &Places, settings: &Settings) -> Result<()> {
    write(
        &places.config.join("portal/nginx.conf"),
        "events {}\nhttp {\n  server {\n    listen 8080;\n    root /usr/share/nginx/html;\n  }\n}\n",
    )?;
    let log = &settings.log;
    let rotate = format!(
        "/var/log/docker/*.log {{\n    rotate {}\n    size {}\n    copytruncate\n    compress\n    missingok\n    nodateext\n}}\n",
        log.rotate_count, log.rotate_size
    );
    write(&places.config.join("log/logrotate.conf"), &rotate)?;
    // An endpoint gets the logs in place of the files.
    let action = match &log.external {
        Some([protocol, host, port]) => format!(
            "type=\"omfwd\" Target=\"{host}\" Port=\"{port}\" Protocol=\"{protocol}\" Template=\"RSYSLOG_SyslogProtocol23Format\""
        ),
        None => "type=\"omfile\" dynaFile=\"DynaFile\"".to_owned(),
    };
    let rsyslog = format!(
        "template(name=\"DynaFile\" type=\"string\" string=\"/var/log/docker/%programname%.log\")\nif $programname != \"rsyslogd\" then {{\n  action({action})\n}}\n"
    );
    write(&places.config.join("log/rsyslog_docker.conf"), &rsyslog)
}

/// nginx's file, and the certificate: its folder is deleted and made anew.
pub fn nginx(places: &Places, settings: &Settings) -> std::result::Result<(), Refusal> {
    let mut text = String::from(
        "worker_processes auto;\nevents { worker_connections 3096; }\nhttp {\n  upstream core { server core:8080; }\n  upstream portal { server portal:8080; }\n",
    );
    if let Some(https) = &settings.https {
        certificate(places, https)?;
        let redirect = format!("$host:{}", https.port);
        let listen = ["    listen 8443 ssl;\n", "    listen [::]:8443 ssl;\n"];
        let listen: String = listen
            .iter()
            .zip(settings.listens)
            .filter(|(_, on)| *on)
            .map(|(line, _)| *line)
            .collect();
        let ciphers = if https.strong_ciphers { STRONG_CIPHERS } else { USUAL_CIPHERS };
        let _ = write!(
            text,
            "  server {{\n{listen}    ssl_certificate /etc/cert/server.crt;\n    ssl_certificate_key /etc/cert/server.key;\n    ssl_ciphers {ciphers};\n    location / {{ proxy_pass http://portal/; }}\n    location /api/ {{ proxy_pass http://core/api/; }}\n    location /c/ {{ proxy_pass http://core/c/; }}\n    location /v2/ {{ proxy_pass http://core/v2/; }}\n    location /service/ {{ proxy_pass http://core/service/; }}\n  }}\n  server {{\n    listen 8080;\n    return 308 https://{redirect}$request_uri;\n  }}\n"
        );
    } else {
        text.push_str("  server {\n    listen 8080;\n    location / { proxy_pass http://portal/; }\n    location /api/ { proxy_pass http://core/api/; }\n    location /c/ { proxy_pass http://core/c/; }\n    location /v2/ { proxy_pass http://core/v2/; }\n    location /service/ { proxy_pass http://core/service/; }\n  }\n");
    }
    text.push_str("}\n");
    fs::create_dir_all(places.config.join("nginx/conf.d")).doing("make nginx's folder")?;
    Ok(write(&places.config.join("nginx/nginx.conf"), &text)?)
}

fn certificate(places: &Places, https: &Https) -> std::result::Result<(), Refusal> {
    let folder = places.data.join("secret/cert");
    if folder.exists() {
        fs::remove_dir_all(&folder).doing("remove the certificate folder")?;
    }
    fs::create_dir_all(&folder).doing("make the certificate folder")?;
    files::own(&folder, HARBOR, 0o755)?;
    let pairs = [(&https.certificate, "server.crt"), (&https.private_key, "server.key")];
    for (source, name) in pairs {
        // The same folder may be the source: its content was just deleted.
        let inside = places.host.join(source.trim_start_matches('/'));
        let target = folder.join(name);
        fs::copy(&inside, &target).map_err(|_| {
            Refusal::traceback(
                "FileNotFoundError",
                format!("[Errno 2] No such file or directory: '/hostfs{source}'"),
            )
        })?;
        files::own(&target, HARBOR, 0o600)?;
    }
    Ok(())
}

/// The registry's, its controller's and core's files, and the password file.
pub fn registry(places: &Places, settings: &Settings, made: &Generated) -> Result<()> {
    write(
        &places.config.join("core/app.conf"),
        "appname = Harbor\nrunmode = prod\nhttpport = 8080\n",
    )?;
    fs::create_dir_all(places.config.join("core/certificates")).doing("make core's folder")?;
    write(&places.config.join("registry/config.yml"), &registry_yml(settings))?;
    write(
        &places.config.join("registryctl/config.yml"),
        &format!(
            "---\n{}log_level: {}\nregistry_config: \"/etc/registry/config.yml\"\n",
            listen(settings, "registryctl"),
            settings.log.registry_level()
        ),
    )?;
    let hash = bcrypt::hash_with_result(&made.registry_password, 5)
        .doing("hash the registry's password")?
        .format_for_version(bcrypt::Version::TwoY);
    files::generate(
        &places.config.join("registry/passwd"),
        &format!("harbor_registry_user:{hash}\n"),
        0,
        0o644,
    )
}

/// How a component listens, for the others.
fn listen(settings: &Settings, part: &str) -> String {
    if settings.internal_tls.is_none() {
        return "protocol: \"http\"\nport: 8080\n".to_owned();
    }
    let pair =
        format!("  cert: \"/etc/harbor/ssl/{part}.crt\"\n  key: \"/etc/harbor/ssl/{part}.key\"\n");
    format!("protocol: \"https\"\nport: 8443\nhttps_config:\n{pair}")
}

fn registry_yml(settings: &Settings) -> String {
    let mut text = format!(
        "version: 0.1\nlog:\n  level: {}\n  fields:\n    service: registry\nstorage:\n  cache:\n    layerinfo: redis\n",
        settings.log.registry_level()
    );
    storage(&mut text, settings);
    let redis = &settings.redis.registry;
    text.push_str("redis:\n");
    let _ = writeln!(text, "  addr: {}", redis.addr);
    if !redis.sentinel_master.is_empty() {
        let _ = writeln!(text, "  sentinelMasterSet: {}", redis.sentinel_master);
    }
    let _ = writeln!(text, "  password: {}", redis.password);
    if settings.release.has(Quirk::RegistryRedisUsername) {
        let _ = writeln!(text, "  username: {}", redis.username);
    }
    let _ = writeln!(text, "  db: {}", redis.index);
    if is_known(settings.release, "external_redis.tlsOptions.enable") {
        let _ = writeln!(text, "  enableTLS: {}", redis.tls);
    }
    text.push_str("  readtimeout: 10s\n  writetimeout: 10s\n  dialtimeout: 10s\n");
    if settings.release.has(Quirk::RegistryRedisPool) {
        text.push_str("  pool:\n    maxidle: 100\n    maxactive: 500\n    idletimeout: 60s\n");
    }
    text.push_str("http:\n");
    text.push_str(match settings.internal_tls {
        Some(_) => "  addr: :5443\n  tls:\n    certificate: /etc/harbor/tls/registry.crt\n    key: /etc/harbor/tls/registry.key\n    minimumtls: tls1.2\n",
        None => "  addr: :5000\n",
    });
    text.push_str("  secret: placeholder\n  debug:\n");
    let _ = match &settings.metric {
        Some((port, path)) => {
            writeln!(
                text,
                "    addr: :{port}\n    prometheus:\n      enabled: true\n      path: {path}"
            )
        }
        None => writeln!(text, "    addr: localhost:5001"),
    };
    text.push_str("auth:\n  htpasswd:\n    realm: harbor-registry-basic-realm\n    path: /etc/registry/passwd\nvalidation:\n  disabled: true\ncompatibility:\n  schema1:\n    enabled: true\n");
    text
}

fn storage(text: &mut String, settings: &Settings) {
    let storage = &settings.storage;
    let _ = writeln!(text, "  {}:", storage.driver);
    for (key, value) in storage.options.as_object().into_iter().flatten() {
        let keyfile = storage.driver == "gcs" && key == "keyfile" && yaml::truthy(value);
        let value = if keyfile { "/etc/registry/gcs.key".to_owned() } else { bare(value) };
        let _ = writeln!(text, "    {key}: {value}");
    }
    if storage.driver == "filesystem" && storage.options.get("rootdirectory").is_none() {
        let _ = writeln!(text, "    rootdirectory: /storage");
    }
    text.push_str("  maintenance:\n    uploadpurging:\n");
    match &storage.purging {
        Some([enabled, age, interval, dry_run]) => {
            let _ = writeln!(
                text,
                "      enabled: {enabled}\n      age: {age}\n      interval: {interval}\n      dryrun: {dry_run}"
            );
        }
        None => text.push_str("      enabled: false\n"),
    }
    text.push_str("  delete:\n    enabled: true\n");
    if storage.redirect_disabled {
        text.push_str("  redirect:\n    disable: true\n");
    }
}

/// A value as Python writes it into the text, without quotes; what equals
/// `True` is true, and 1 does.
fn bare(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "true".to_owned(),
        Value::Number(number) if number.as_f64() == Some(1.0) => "true".to_owned(),
        other => yaml::text(other),
    }
}

/// jobservice's file.
pub fn jobservice(places: &Places, settings: &Settings) -> Result<()> {
    let jobs = &settings.jobs;
    let mut text = format!(
        "---\n{}worker_pool:\n  workers: {}\n  backend: \"redis\"\n  redis_pool:\n    redis_url: {}\n    namespace: \"harbor_job_service_namespace\"\n    idle_timeout_second: 3600\njob_loggers:\n",
        listen(settings, "job_service"),
        jobs.workers,
        settings.redis.jobservice
    );
    let level = settings.log.level.to_uppercase();
    for logger in &jobs.loggers {
        let _ = writeln!(text, "  - name: \"{logger}\"\n    level: \"{level}\"");
        if logger == "FILE" {
            let _ = writeln!(text, "    settings:\n      base_dir: \"/var/log/jobs\"");
        }
        if logger != "STD_OUTPUT" {
            let _ = writeln!(text, "    sweeper:\n      duration: {}", jobs.sweeper_days);
        }
        if logger == "FILE" {
            text.push_str("      settings:\n        work_dir: \"/var/log/jobs\"\n");
        }
    }
    if settings.release.has(Quirk::JobReaper) {
        let hours = &jobs.max_duration_hours;
        let _ = writeln!(
            text,
            "reaper:\n  max_update_hours: {hours}\n  max_dangling_hours: 168\nmax_retrieve_size_mb: 10"
        );
    }
    let _ = writeln!(text, "loggers:\n  - name: \"STD_OUTPUT\"\n    level: \"{level}\"");
    if let Some((port, path)) = &settings.metric {
        let _ = writeln!(text, "metric:\n  enabled: true\n  path: {path}\n  port: {port}");
    }
    write(&places.config.join("jobservice/config.yml"), &text)
}
