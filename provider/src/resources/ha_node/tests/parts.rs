//! Every part of Harbor that a release has can be reached, comes back by an import, and is refused
//! where the release lacks it.

use serde_json::{Value as Json, json};

use super::super::{harbor_yml, import};
use super::*;
use crate::resource::{Answer, Answers};

/// A node of a release with these attributes, and few others.
fn node(version: &str, change: &Json) -> HaNode {
    let mut all = json!({"version": version, "trivy": null, "storage": null, "redis": null});
    if let (Some(all), Some(change)) = (all.as_object_mut(), change.as_object()) {
        all.extend(change.clone());
    }
    settings(all)
}

/// What is imported of a host that has this node's file and runs these services.
fn imported(s: &HaNode, services: &[&str]) -> Object {
    let release = s.version.parse().expect("supported");
    let text = harbor_yml::render(s, release).unwrap_or_else(|error| panic!("{error}"));
    let services: String = services.iter().map(|name| format!("service={name}\n")).collect();
    let mut answers = Answers::default();
    for (key, stdout) in [
        ("/opt/harbor/harbor.yml", format!("600 root root\n{text}")),
        ("node", format!("composed={}\n{services}", s.version)),
    ] {
        answers.insert(HOST, key, Answer::Output { status: 0, stdout, stderr: String::new() });
    }
    import::import("root@198.51.100.11:22", &answers).expect("it is there")
}

/// Releases, attributes that they have, and the services of these.
fn cases() -> Vec<(&'static str, Json, &'static [&'static str])> {
    let redis = json!({"host": "10.0.1.31:26379,10.0.1.32:26380", "username": "harbor",
        "password_wo": "Redis-pass", "sentinel_master_set": "harbor",
        "tls": {"root_ca": "/etc/harbor/redis-ca.crt"}});
    let database = json!({"host": "db.example.com", "password_wo": "Db-pass",
        "conn_max_lifetime": "5m", "conn_max_idle_time": "0"});
    let notary = json!({"host": "db.example.com", "password_wo": "Db-pass",
        "notary_signer": {"name": "signer", "username": "signer", "password_wo": "Signer-pass"},
        "notary_server": {"host": "10.0.1.21", "port": 5433, "ssl_mode": "require"}});
    let otel = json!({"endpoint": "otel.example.com:4318", "timeout_seconds": 7});
    let jaeger = json!({"endpoint": "http://jaeger.example.com/api/traces", "username": "harbor",
        "password_wo": "Jaeger-pass"});
    vec![
        ("2.15.2", json!({"internal_tls": {"dir": "/etc/harbor/tls/internal"}}), &[]),
        ("2.15.2", json!({"ip_family": {"ipv4": false, "ipv6": true}}), &[]),
        (
            "2.15.2",
            json!({"log": {"external_endpoint": {"protocol": "udp", "host": "10.0.1.41"}}}),
            &[],
        ),
        ("2.15.2", json!({"quota_update_provider": "redis"}), &[]),
        ("2.15.2", json!({"redis": redis, "trivy": {}}), &["trivy-adapter"]),
        ("2.7.4", json!({"database": database}), &[]),
        ("2.8.6", json!({"database": notary, "notary": true}), &["notary-server"]),
        ("2.7.4", json!({"trace": {"sample_rate": "0.5", "otel": otel}}), &[]),
        (
            "2.4.3",
            json!({"trace": {"namespace": "a", "attributes": {"b": "c d"}, "jaeger": jaeger}}),
            &[],
        ),
        ("2.15.2", json!({"trace": {"jaeger": {"agent_host": "j", "agent_port": 6831}}}), &[]),
        (
            "2.0.6",
            json!({"chartmuseum": {"absolute_url": true},
                "redis": {"host": "10.0.1.31", "chartmuseum_db_index": 4}}),
            &["chartmuseum"],
        ),
        ("2.3.2", json!({"notification": {"webhook_job_max_retry": 5}}), &[]),
        ("2.8.0", json!({"notification": {"webhook_job_http_client_timeout": 9}}), &[]),
        ("2.3.2", json!({"uaa_ca_file": "/etc/harbor/uaa.crt"}), &[]),
        ("2.5.0", json!({"upload_purging": {"enabled": false}}), &[]),
        ("2.15.2", json!({"upload_purging": {"age_hours": 72, "dryrun": true}}), &[]),
        (
            "2.15.2",
            json!({"storage": {"driver": "s3", "ca_bundle": "/etc/harbor/s3-ca.crt",
                "parameters": {"bucket": "b", "region": "us-east-1", "multipartcopymaxconcurrency": "1", "secure": "true"}}}),
            &[],
        ),
    ]
}

#[test]
fn an_import_of_what_was_written_is_what_was_written() {
    for (version, change, services) in cases() {
        let s = node(version, &change);
        assert_eq!(Node::validate(&s), vec![], "{version} {change}");
        let (written, read) = (s.to_object(), imported(&s, services));
        for name in change.as_object().expect("attributes").keys() {
            assert_eq!(read.get(name), written.get(name), "{name} of {version}");
        }
    }
}

#[test]
fn an_imported_node_without_purging_keeps_it_off() {
    let mut s = node("2.15.2", &json!({}));
    let read = imported(&s, &[]);
    let usual = read.get("upload_purging").expect("read");
    assert_eq!(usual.get("enabled"), &Value::Bool(true), "it is Harbor's default");
    s.upload_purging = Some(off());
    let release = s.version.parse().expect("supported");
    let ours = harbor_yml::render(&s, release).expect("a file");
    let by_hand = ours.split("upload_purging").next().expect("a part");
    assert!(super::super::semantic_equality::equal(by_hand, &ours, release), "{ours}");
}

fn off() -> crate::resources::ha_node::settings::UploadPurging {
    crate::resources::ha_node::settings::UploadPurging {
        enabled: false,
        age_hours: 168,
        interval_hours: 24,
        dryrun: false,
    }
}

#[test]
fn a_part_is_refused_at_its_attribute_where_the_release_lacks_it() {
    let database = |inner: Json| {
        let mut database = json!({"host": "h", "password_wo": "p"});
        database.as_object_mut().expect("a map").extend(inner.as_object().expect("a map").clone());
        json!({ "database": database })
    };
    let cases = [
        ("2.10.3", json!({"ip_family": {"ipv6": true}}), "ip_family"),
        ("2.12.4", json!({"redis": {"host": "h", "tls": {}}}), "redis.tls"),
        (
            "2.7.4",
            json!({"redis": {"host": "h", "username": "u", "password_wo": "p"}}),
            "redis.username",
        ),
        (
            "2.8.0",
            json!({"redis": {"host": "h", "chartmuseum_db_index": 3}}),
            "redis.chartmuseum_db_index",
        ),
        ("2.8.0", json!({"chartmuseum": {}}), "chartmuseum"),
        ("2.9.0", json!({"notary": true}), "notary"),
        // Its charts would be on each node alone.
        ("2.7.4", json!({"chartmuseum": {}, "storage": {"shared": {"path": "/x"}}}), "chartmuseum"),
        ("2.9.0", database(json!({"notary_signer": {"name": "n"}})), "database.notary_signer"),
        ("2.6.4", database(json!({"conn_max_lifetime": "5m"})), "database.conn_max_lifetime"),
        ("2.6.4", database(json!({"conn_max_idle_time": "5m"})), "database.conn_max_idle_time"),
        ("2.3.5", json!({"trace": {"otel": {"endpoint": "h:1"}}}), "trace"),
        (
            "2.7.4",
            json!({"notification": {"webhook_job_http_client_timeout": 5}}),
            "notification.webhook_job_http_client_timeout",
        ),
        ("2.8.6", json!({"quota_update_provider": "db"}), "quota_update_provider"),
        ("2.4.3", json!({"upload_purging": {}}), "upload_purging.enabled"),
        ("2.10.0", json!({"trivy": {"skip_java_db_update": true}}), "trivy.skip_java_db_update"),
    ];
    for (version, change, path) in cases {
        let diags = Node::validate(&node(version, &change));
        let paths: Vec<_> = diags.iter().map(|d| d.path.to_string()).collect();
        assert_eq!(paths, [path], "{version} {change}");
        let shared = change.get("storage").is_some();
        assert!(shared || diags[0].detail.contains(version), "{}", diags[0].detail);
    }
}

#[test]
fn what_prepare_would_lose_is_refused_at_its_attribute() {
    let s3 = |inner: Json| {
        let mut storage =
            json!({"driver": "s3", "parameters": {"bucket": "b", "region": "us-east-1"}});
        storage.as_object_mut().expect("a map").extend(inner.as_object().expect("a map").clone());
        json!({ "storage": storage })
    };
    let redis = |host: &str| json!({"redis": {"host": host, "sentinel_master_set": "m"}});
    let cases = [
        (redis("fd00::33"), "redis.host"),
        (redis("[fd00::33]:6379"), "redis.host"),
        (redis("10.0.1.31,fd00::33"), "redis.host"),
        (json!({"redis": {"host": "h", "username": "u"}}), "redis.password_wo"),
        (json!({"redis": {"host": "h", "password_wo": "null"}}), "redis.password_wo"),
        (json!({"redis": {"host": "h", "password_wo": "-"}}), "redis.password_wo"),
        (
            s3(
                json!({"parameters": {"bucket": "b", "region": "us-east-1", "rootdirectory": "a #b"}}),
            ),
            "storage.parameters[\"rootdirectory\"]",
        ),
        (
            s3(json!({"parameters_wo": {"secretkey": "0123"}})),
            "storage.parameters_wo[\"secretkey\"]",
        ),
        (json!({"database": {"host": "[fd00::20]", "password_wo": "p"}}), "database.host"),
        (json!({"ip_family": {"ipv4": false}}), "ip_family"),
        (json!({"data_volume": "/srv", "internal_tls": {"dir": "/etc/tls"}}), "data_volume"),
        (json!({"internal_tls": {"dir": "/data/secret/tls"}}), "internal_tls.dir"),
        (json!({"trace": {}}), "trace"),
        (json!({"trace": {"sample_rate": "2", "otel": {"endpoint": "h:1"}}}), "trace.sample_rate"),
        (json!({"trace": {"sample_rate": "x", "otel": {"endpoint": "h:1"}}}), "trace.sample_rate"),
        (json!({"trace": {"jaeger": {"endpoint": "http://j", "agent_host": "j"}}}), "trace.jaeger"),
        (
            json!({"trace": {"jaeger": {"endpoint": "http://j", "password_wo": "a\nb"}}}),
            "trace.jaeger.password_wo",
        ),
        (json!({"trace": {"otel": {"endpoint": "http://h"}}}), "trace.otel.endpoint"),
        (json!({"trivy": {"github_token_wo": "a\nb"}}), "trivy.github_token_wo"),
        (json!({"metric": {"path": "/a: b"}}), "metric.path"),
        (json!({"proxy": {"https_proxy": "http://u:$word@p"}}), "proxy.https_proxy"),
        (json!({"proxy": {"components": ["registry"]}}), "proxy.components"),
        (
            json!({"log": {"external_endpoint": {"host": "h", "protocol": "tls"}}}),
            "log.external_endpoint.protocol",
        ),
        (s3(json!({"ca_bundle": "/data/ca.crt"})), ""),
        (
            json!({"settings": {"redis.registry_db_index": "3"}}),
            "settings[\"redis.registry_db_index\"]",
        ),
        (json!({"settings": {"database.password": "\"p\""}}), "settings[\"database.password\"]"),
        (json!({"settings": {"cache.enabled": "true"}}), "settings[\"cache.enabled\"]"),
        (
            json!({"settings": {"internal_tls.enabled": "true"}}),
            "settings[\"internal_tls.enabled\"]",
        ),
        (json!({"settings": {"metric.enabled": "true"}}), "settings[\"metric.enabled\"]"),
        (
            json!({"settings": {"external_redis.tlsOptions.enable": "true"}}),
            "settings[\"external_redis.tlsOptions.enable\"]",
        ),
        (
            json!({"settings": {"core.quota_update_provider": "\"disk\""}}),
            "settings[\"core.quota_update_provider\"]",
        ),
        (
            json!({"settings": {"log.external_endpoint.host": "\"h\""}}),
            "settings[\"log.external_endpoint.host\"]",
        ),
    ];
    for (change, path) in cases {
        let diags = Node::validate(&node("2.15.2", &change));
        let paths: Vec<_> = diags.iter().map(|d| d.path.to_string()).collect();
        let expected: Vec<&str> = [path].into_iter().filter(|path| !path.is_empty()).collect();
        assert_eq!(paths, expected, "{change}");
    }
}

#[test]
fn a_key_that_an_attribute_writes_names_it() {
    for (key, attribute) in [
        ("trace.jaeger.password", "trace.jaeger.password_wo"),
        ("storage_service.ca_bundle", "storage.ca_bundle"),
        ("external_database.harbor.conn_max_lifetime", "database.conn_max_lifetime"),
        ("notification.webhook_job_max_retry", "notification.webhook_job_max_retry"),
    ] {
        let mut change = json!({"settings": {}});
        change["settings"][key] = json!("1");
        let diags = Node::validate(&node("2.15.2", &change));
        assert!(diags[0].detail.contains(attribute), "{}", diags[0].detail);
    }
}
