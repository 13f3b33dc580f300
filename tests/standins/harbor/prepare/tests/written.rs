//! What `prepare` writes, where it differs from what one would expect or from
//! release to release.

use super::*;

/// A run of a release with `GOOD` and more.
fn run(release: &str, more: &str, flags: &[&str]) -> Node {
    let node = Node::new(release, &format!("{GOOD}{more}"));
    node.prepare(flags).unwrap_or_else(|refusal| panic!("{release} {more}: {refusal}"));
    node
}

#[test]
fn half_sections_and_urls_that_cannot_be_split_are_refused() {
    let cases: Vec<(&str, String, u8, &str)> = vec![
        (OLD, format!("{GOOD}internal_tls:\n  enabled: true\n"), 1, "KeyError: 'dir'"),
        (
            NEW,
            with("  password: p@s", "  tlsOptions:\n    enable: true\n  password: p@s"),
            1,
            "KeyError: 'rootCA'",
        ),
        (
            OLD,
            with("level: info", "level: info\n  external_endpoint:\n    host: h"),
            1,
            "KeyError: 'protocol'",
        ),
        (
            NEW,
            format!("{GOOD}cache:\n  enabled: true\n"),
            255,
            "cache expire hours should be positive number",
        ),
        (NEW, format!("{GOOD}ip_family:\n  ipv6:\n    enabled: true\n"), 1, "'ipv4'"),
        (
            NEW,
            format!("{GOOD}trace:\n  enabled: true\n"),
            255,
            "Trace enabled but no trace exporter set",
        ),
        (
            NEW,
            format!(
                "{GOOD}trace:\n  enabled: true\n  jaeger:\n    endpoint: e\n    agent_host: h\n"
            ),
            255,
            "both set, only can set one",
        ),
        (
            NEW,
            format!("{GOOD}trace:\n  enabled: true\n  otel:\n    endpoint: e\n"),
            255,
            "Trace url path not set",
        ),
        (
            OLD,
            format!("{GOOD}storage_service:\n  ca_bundle: /ssl/none.crt\n"),
            255,
            "Can not get file info",
        ),
        (
            OLD,
            format!("{GOOD}internal_tls:\n  enabled: true\n  dir: /ssl/none\n"),
            1,
            "FileNotFoundError",
        ),
        // A user without a password, and then a password that ends the host.
        (OLD, with("p@s#/1", "p/1"), 1, "invalid literal for int()"),
        (OLD, with("p@s#/1", "p[1"), 1, "Invalid IPv6 URL"),
    ];
    for (release, yml, status, text) in cases {
        let refusal = Node::new(release, &yml).prepare(&[]).expect_err(text);
        assert!(refusal.to_string().contains(text), "{refusal}");
        assert_eq!(refusal.exit_status(), status, "{refusal}");
    }
}

fn storage(options: &str) -> String {
    let node = run(NEW, &format!("storage_service:\n  s3:\n{options}"), &[]);
    node.read("config/registry/config.yml")
}

#[test]
fn storage_values_are_written_bare() {
    for (given, written) in [
        ("a: 'a #b'", "    a: a #b\n"),
        ("a: \"'q'\"", "    a: 'q'\n"),
        ("a: '0123'", "    a: 0123\n"),
        ("a: 'null'", "    a: null\n"),
        ("a:", "    a: \n"),
        ("a: 1", "    a: true\n"),
        ("a: '1'", "    a: 1\n"),
        ("a: 1.0", "    a: true\n"),
        ("a: 5242880", "    a: 5242880\n"),
        ("a: true", "    a: true\n"),
        ("a: false", "    a: False\n"),
    ] {
        let text = storage(&format!("    {given}\n"));
        assert!(text.contains(written), "{given}:\n{text}");
    }
    for broken in ["'%x'", "'a: b'", "'x:'", "'@x'", "'*x'"] {
        let text = storage(&format!("    a: {broken}\n"));
        assert!(serde_saphyr::from_str::<serde_json::Value>(&text).is_err(), "{text}");
    }
}

#[test]
fn an_address_of_ipv6_breaks_the_registrys_file() {
    let yml = with("10.0.0.6:6379", "'[fd00::33]:6379'");
    let node = Node::new(NEW, &yml);
    node.prepare(&[]).expect("it prepares");
    let text = node.read("config/registry/config.yml");
    assert!(text.contains("  addr: [fd00::33]:6379\n"), "{text}");
    assert!(serde_saphyr::from_str::<serde_json::Value>(&text).is_err(), "{text}");
}

#[test]
fn a_user_without_a_password_is_glued_to_the_host() {
    let yml = with("  password: p@s#/1\n", "  username: harbor\n");
    let node = Node::new(NEW, &yml);
    node.prepare(&[]).expect("it prepares");
    assert!(node.env("core")["_REDIS_URL_CORE"].starts_with("redis://harbor10.0.0.6:6379?"));
}

/// Lines of files: release, more of harbor.yml, flags, file, and its line, if it has it.
type Line = (&'static str, &'static str, &'static [&'static str], &'static str, &'static str, bool);

const LINES: &[Line] = &[
    (NEW, "", &[], "config/db/env", "POSTGRES_PASSWORD=Secret_1", true),
    (NEW, "", &[], "config/core/env", "CACHE_ENABLED", false),
    (
        NEW,
        "cache:\n  enabled: true\n  expire_hours: 12\n",
        &[],
        "config/core/env",
        "CACHE_EXPIRE_HOURS=12",
        true,
    ),
    (
        NEW,
        "cache:\n  enabled: true\n  expire_hours: 12\n",
        &[],
        "config/jobservice/env",
        "CACHE_ENABLED=true",
        true,
    ),
    (NEW, "", &[], "config/core/env", "REPLICATION_ADAPTER_WHITELIST=", true),
    ("2.13.5", "", &[], "config/core/env", "REPLICATION_ADAPTER_WHITELIST", false),
    ("2.1.3", "", &[], "config/core/env", "PERMITTED_REGISTRY_TYPES_FOR_PROXY_CACHE=", true),
    (NEW, "", &[], "config/core/env", "HTTP_PROXY=\n", true),
    (
        NEW,
        "proxy:\n  http_proxy: http://p\n  components: [core]\n",
        &[],
        "config/core/env",
        "HTTP_PROXY=http://p",
        true,
    ),
    (
        NEW,
        "proxy:\n  http_proxy: http://p\n  components: [core]\n",
        &[],
        "config/jobservice/env",
        "HTTP_PROXY=\n",
        true,
    ),
    ("2.13.5", "", &[], "config/jobservice/env", "MAX_JOB_DURATION_SECONDS=86400", true),
    (NEW, "", &[], "config/jobservice/env", "MAX_JOB_DURATION", false),
    (NEW, "", &[], "config/jobservice/config.yml", "max_update_hours: 24", true),
    ("2.7.4", "", &[], "config/jobservice/config.yml", "max_update_hours", false),
    (
        "2.10.1",
        "trivy:\n  skip_java_db_update: true\n",
        &["--with-trivy"],
        "config/trivy-adapter/env",
        "SCANNER_TRIVY_SKIP_JAVA_DB_UPDATE=True",
        true,
    ),
    (
        "2.10.0",
        "trivy:\n  skip_java_db_update: true\n",
        &["--with-trivy"],
        "config/trivy-adapter/env",
        "SKIP_JAVA",
        false,
    ),
    (
        NEW,
        "trivy: {}\n",
        &["--with-trivy"],
        "config/trivy-adapter/env",
        "SCANNER_TRIVY_TIMEOUT=5m0s",
        true,
    ),
    (
        NEW,
        "trace:\n  enabled: true\n  otel:\n    endpoint: o:1\n    url_path: /p\n",
        &[],
        "config/registryctl/env",
        "TRACE_OTEL_ENDPOINT=o:1",
        true,
    ),
    (NEW, "", &[], "config/nginx/nginx.conf", "return 308 https://$host:443$request_uri", true),
    (
        NEW,
        "ip_family:\n  ipv4:\n    enabled: false\n  ipv6:\n    enabled: false\n",
        &[],
        "config/nginx/nginx.conf",
        "8443 ssl",
        false,
    ),
    ("2.3.2", "", &[], "compose_location/docker-compose.yml", "dns_search: .", true),
    ("2.4.0", "", &[], "compose_location/docker-compose.yml", "dns_search", false),
    ("2.2.0", "", &[], "compose_location/docker-compose.yml", "tcp://127.0.0.1:1514", true),
    ("2.3.2", "", &[], "compose_location/docker-compose.yml", "tcp://localhost:1514", true),
    ("2.6.0", "", &[], "compose_location/docker-compose.yml", "scandata_exports:", true),
    ("2.6.4", "", &[], "compose_location/docker-compose.yml", "scandata_exports", false),
    ("2.7.0", "", &[], "compose_location/docker-compose.yml", "scandata_exports:", true),
    ("2.7.1", "", &[], "compose_location/docker-compose.yml", "scandata_exports", false),
    ("2.5.0", "", &[], "compose_location/docker-compose.yml", "scandata_exports", false),
    (
        "2.7.4",
        "",
        &["--with-chartmuseum"],
        "compose_location/docker-compose.yml",
        "harbor-chartmuseum:",
        true,
    ),
    ("2.7.4", "", &[], "compose_location/docker-compose.yml", "chartmuseum", false),
    (NEW, "", &[], "compose_location/docker-compose.yml", "NET_BIND_SERVICE", true),
];

#[test]
fn lines_are_those_of_the_release() {
    for (release, more, flags, file, line, there) in LINES {
        let text = run(release, more, flags).read(file);
        assert_eq!(
            text.contains(line),
            *there,
            "{line} in {file} of {release} with {more}\n{text}"
        );
    }
}

#[test]
fn notary_has_networks_and_a_port_of_its_own() {
    let login = "    host: h\n    port: 5432\n    db_name: d\n    username: u\n    password: p\n    \
                 ssl_mode: disable\n";
    let notary = format!("  notary_signer:\n{login}  notary_server:\n{login}");
    let yml = with("external_redis:\n", &format!("{notary}external_redis:\n"));
    let node = Node::new("2.8.6", &yml);
    node.prepare(&["--with-notary"]).expect("it prepares");
    let text = node.read("compose_location/docker-compose.yml");
    for line in ["- 4443:4443", "  harbor-notary:\n    external", "  notary-sig:\n    external"] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
}

#[test]
fn the_bundled_redis_is_valkey_from_2_15_2() {
    let bundled = GOOD.split("external_redis").next().expect("a part");
    let text = |release| {
        let node = Node::new(release, bundled);
        node.prepare(&[]).expect("it prepares");
        node.read("compose_location/docker-compose.yml")
    };
    assert!(text("2.15.2").contains("goharbor/valkey-photon:v2.15.2"));
    assert!(text("2.15.1").contains("goharbor/redis-photon:v2.15.1"));
}

/// A certificate with names, or without.
fn certificate(names: &[&str]) -> (String, String) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let key = rcgen::KeyPair::generate().expect("a key");
    let parameters = rcgen::CertificateParams::new(names).expect("parameters");
    let certificate = parameters.self_signed(&key).expect("a certificate");
    (certificate.pem(), key.serialize_pem())
}

fn internal_tls(node: &Node, names: &[&str]) {
    let folder = node.places.host.join("tls");
    fs::create_dir_all(&folder).expect("a folder");
    let (certificate, key) = certificate(names);
    fs::write(folder.join("harbor_internal_ca.crt"), &certificate).expect("a file");
    for part in ["proxy", "core", "job_service", "registryctl", "registry", "portal"] {
        fs::write(folder.join(format!("{part}.crt")), &certificate).expect("a file");
        fs::write(folder.join(format!("{part}.key")), &key).expect("a file");
    }
}

#[test]
fn internal_tls_is_copied_checked_and_trusted_where_the_data_volume_is_data() {
    let yml = format!("{GOOD}internal_tls:\n  enabled: true\n  dir: /tls\n");
    let node = Node::new(NEW, &yml);
    internal_tls(&node, &[]);
    let refusal = node.prepare(&[]).expect_err("no names");
    assert!(refusal.to_string().contains("should include SAN"), "{refusal}");
    internal_tls(&node, &["core"]);
    node.prepare(&[]).expect("it prepares");
    assert!(node.places.data.join("secret/tls/core.key").exists());
    assert_eq!(node.env("core")["PORT"], "8443");
    assert_eq!(node.env("jobservice")["CORE_URL"], "https://core:8443");
    let compose = node.read("compose_location/docker-compose.yml");
    assert!(compose.contains("/data/secret/tls/core.key"), "{compose}");
    // The host has no such directory at /data: here the data volume is another.
    let trusted = node.places.config.join("shared/trust-certificates/harbor_internal_ca.crt");
    assert!(!trusted.exists());
    std::os::unix::fs::symlink(&node.places.data, node.places.host.join("data")).expect("a link");
    node.prepare(&[]).expect("it prepares");
    assert!(trusted.exists());
}

#[test]
fn an_authority_of_the_storage_is_looked_for_in_the_data_volume_below_data() {
    let yml = format!("{GOOD}storage_service:\n  ca_bundle: /data/ssl/ca.crt\n");
    let node = Node::new(NEW, &yml);
    fs::create_dir_all(node.places.host.join("data/ssl")).expect("a folder");
    fs::write(node.places.host.join("data/ssl/ca.crt"), "pem").expect("a file");
    let refusal = node.prepare(&[]).expect_err("it looks elsewhere");
    assert_eq!(
        (refusal.to_string().as_str(), refusal.exit_status()),
        ("Can not get file info", 255)
    );
}

/// What `render` takes for a release, and what its registry then reads.
fn rendered(
    release: &str,
    storage: &serde_json::Value,
    redis: &serde_json::Value,
) -> serde_json::Value {
    let settings = serde_json::from_value(serde_json::json!({
        "release": release,
        "hostname": "harbor.example.com",
        "harbor_admin_password": "Admin-Password1",
        "data_volume": "/data",
        "external_database": {"host": "10.0.0.5", "username": "harbor", "password": "Db-Password_1"},
        "external_redis": redis,
        "storage": storage,
    }))
    .expect("settings");
    let text = render::harbor::harbor_yml::render(&settings)
        .unwrap_or_else(|error| panic!("{release}: {error}"));
    let node = Node::new(release, &text);
    node.prepare(&[]).unwrap_or_else(|refusal| panic!("{release}: {refusal}\n{text}"));
    let config = node.read("config/registry/config.yml");
    serde_saphyr::from_str(&config).unwrap_or_else(|error| panic!("{error}\n{config}"))
}

#[test]
fn what_render_takes_reaches_the_registry_in_every_release() {
    let storage = serde_json::json!({
        "driver": "s3",
        "parameters": {
            "bucket": "layers", "region": "us-east-1", "secure": true, "encrypt": false,
            "chunksize": 5_242_880, "multipartcopymaxconcurrency": 1, "rootdirectory": "/a b#c",
            "regionendpoint": "https://s3.example.com:9000/x?y=z", "accesskey": "AKIA:x",
        },
        "secret_parameters": {"secretkey": "-abc/def+gh=%@*'\"=="},
    });
    let redis = serde_json::json!({"host": "redis.example.com", "password": "0123-yes_null"});
    for row in render::harbor::releases::RELEASES {
        let release = format!("2.{}.2", row.minor);
        let config = rendered(&release, &storage, &redis);
        let read = &config["storage"]["s3"];
        for map in ["parameters", "secret_parameters"] {
            for (name, given) in storage[map].as_object().expect("a map") {
                // Python's own word for what is false; the registry reads it as that.
                let python = if *given == serde_json::json!(false) { "False" } else { "" };
                let same = read[name] == *given || read[name] == serde_json::json!(python);
                assert!(same, "{name} of {release} is {}", read[name]);
            }
        }
        assert_eq!(config["redis"]["addr"], "redis.example.com:6379", "{release}");
        assert_eq!(config["redis"]["password"], "0123-yes_null", "{release}");
    }
}

#[test]
fn sentinels_users_and_tls_reach_the_registry() {
    let storage = serde_json::json!({"driver": "filesystem", "parameters": {"maxthreads": 1}});
    let redis = serde_json::json!({
        "host": "10.0.1.31,10.0.1.32:26380", "port": 26379, "username": "harbor",
        "password": "Redis-Password_1", "sentinel_master_set": "main", "registry_db_index": 3,
        "tls": {"enable": true, "root_ca": "/ssl/a.crt"},
    });
    let config = rendered(NEW, &storage, &redis);
    assert_eq!(config["storage"]["filesystem"]["maxthreads"], 1);
    let expected = serde_json::json!({
        "addr": "10.0.1.31:26379,10.0.1.32:26380", "sentinelMasterSet": "main", "db": 3,
        "username": "harbor", "password": "Redis-Password_1", "enableTLS": true,
    });
    for (name, value) in expected.as_object().expect("a map") {
        assert_eq!(config["redis"][name], *value, "{name}");
    }
}
