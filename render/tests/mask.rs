//! The masked text holds no secret, and differs from the text only where a secret was.

use proptest::prelude::*;
use render::{Error, Secret, docker, harbor, mask, mask::MASK, postgres, systemd};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// What Harbor takes for a database password.
fn plain() -> impl Strategy<Value = String> {
    "[A-Za-z0-9_-]{9,24}"
}

/// Any printable text, long enough not to be found by chance.
fn any_text() -> impl Strategy<Value = String> {
    r"S[ -~é]{8,24}!"
}

/// What a URL can hold as a password, and an environment file too.
fn url_text() -> impl Strategy<Value = String> {
    "[A-Za-z0-9_~.!&()*+,;=%-]{9,24}"
}

/// What Harbor takes as a token: what an environment file holds.
fn token(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic() && !"#$'\"\\`".contains(*c)).collect()
}

fn from<T: DeserializeOwned>(settings: Value) -> T {
    serde_json::from_value(settings).expect("settings")
}

/// Where a file is on a host, and its text.
type File = (&'static str, Result<String, Error>);

fn files(plain: &str, any: &str, url: &str) -> Vec<File> {
    let csrf: String = plain.chars().cycle().take(32).collect();
    vec![
        ("/opt/harbor/harbor.yml", harbor_yml(plain, any, url)),
        (
            "/opt/harbor/docker-compose.override.yml",
            harbor::compose_override::render(&from(json!({
                "release": "2.15.2", "jobservice_secret": plain, "core_secret": plain,
                "csrf_key": csrf, "registry_http_secret": plain,
            }))),
        ),
        (
            "/etc/docker/daemon.json",
            docker::daemon_json::render(&from(json!({
                "registry_mirrors": ["https://mirror.example.com"],
                "settings": {"proxies": {
                    "http-proxy": format!("http://user:{url}@proxy.example.com:3128"),
                    "no-proxy": "10.0.0.0/8",
                }, "log-opts": {"splunk-token": any}},
            }))),
        ),
        (
            "/etc/systemd/system/docker.service.d/10-breakwater.conf",
            systemd::docker_dropin::render(&from(json!({"environment": {
                "HTTPS_PROXY": format!("http://user:{url}@proxy.example.com:3128"),
                "NO_PROXY": "10.0.0.0/8", "VAULT_TOKEN": any,
            }}))),
        ),
        (
            "/var/lib/postgresql/.pgpass-breakwater",
            postgres::passfile::render(&from(json!({"entries": [
                {"host": "fd00::1", "port": 5432, "user": "a:b\\", "password": any},
                {"host": "*", "user": "harbor", "password": plain},
            ]}))),
        ),
        (
            "/etc/postgresql/15/main/conf.d/90-breakwater.conf",
            postgres::conf::render(&from(json!({"values": {
                "primary_conninfo": conninfo(any), "max_connections": "100",
            }}))),
        ),
    ]
}

fn conninfo(password: &str) -> String {
    let quoted = render::quote::conninfo(password).expect("writable");
    format!("host=10.0.1.11 password = {quoted} user='replica' passfile='/x'")
}

fn harbor_yml(plain: &str, any: &str, url: &str) -> Result<String, Error> {
    let any = token(any);
    harbor::harbor_yml::render(&from(json!({
        "release": "2.15.2",
        "hostname": "harbor.example.com",
        "harbor_admin_password": plain,
        "data_volume": "/data/harbor",
        "external_database": {"host": "db", "username": "harbor", "password": plain},
        "external_redis": {"host": "redis", "password": plain},
        "storage": {
            "driver": "s3", "parameters": {"bucket": "layers"}, "secret_parameters": {"secretkey": any},
        },
        "trivy": {"github_token": any},
        "trace": {"jaeger": {"endpoint": "http://jaeger", "username": "harbor", "password": any}},
        "proxy": {"https_proxy": format!("http://user:{url}@proxy.example.com:3128")},
    })))
}

/// A failure prints its input; nothing is kept beside the sources.
fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_mask_hides_every_secret_and_nothing_else(
        a in plain(), b in any_text(), c in url_text(), x in plain(), y in any_text(), z in url_text(),
    ) {
        for ((path, one), (_, two)) in files(&a, &b, &c).into_iter().zip(files(&x, &y, &z)) {
            let (one, two) = (one.expect(path), two.expect(path));
            let masked = mask(path, &one);
            // Two files that differ only in secrets have one mask: so no part of a secret is left.
            prop_assert_eq!(&masked, &mask(path, &two), "{}", path);
            prop_assert_eq!(&masked, &mask(path, &masked), "{}: twice", path);
            for secret in [&a, &b, &c] {
                prop_assert!(!masked.contains(secret.as_str()), "{}", path);
            }
            prop_assert_eq!(masked.lines().count(), one.lines().count(), "{}", path);
            // A line that is the same in both files holds no secret and stays as it is.
            for ((line, other), shown) in one.lines().zip(two.lines()).zip(masked.lines()) {
                prop_assert_eq!(line == other, shown == line, "{}: {}", path, shown);
            }
        }
    }

    #[test]
    fn a_mask_never_changes_the_number_of_lines(path in "[a-z]{0,4}(\\.(yml|json|conf|key|env))?", text in any::<String>()) {
        let masked = mask(&path, &text);
        prop_assert_eq!(masked.matches('\n').count(), text.matches('\n').count());
    }
}

/// Files that others wrote: the path, the text, and what a plan shows.
const OTHERS: &[(&str, &str, &str)] = &[
    // Harbor's generated env files.
    ("core/env", "CSRF_KEY=abc=def\nLOG_LEVEL=info\n", "CSRF_KEY=(secret)\nLOG_LEVEL=info\n"),
    (
        "core/env",
        "_REDIS_URL_CORE=redis://:p@s#/1@10.0.1.30:6379/0?idle=30\nPOSTGRESQL_PASSWORD=\n",
        "_REDIS_URL_CORE=redis://:(secret)@10.0.1.30:6379/0?idle=30\nPOSTGRESQL_PASSWORD=\n",
    ),
    // A value that looks like a YAML key.
    (
        "docker.service.d/10-breakwater.conf",
        "Environment=\"VAULT_TOKEN=S: word\"\npassword: a=b\n",
        "Environment=\"VAULT_TOKEN=(secret)\"\npassword: (secret)\n",
    ),
    // The article's standby.
    (
        "postgresql.conf",
        "primary_conninfo = 'host=10.0.1.11 port=5432 user=replica password=it\\'\\'s'  # here\npassword_encryption = md5\n",
        "primary_conninfo = 'host=10.0.1.11 port=5432 user=replica password=(secret)'  # here\npassword_encryption = md5\n",
    ),
    (
        "postgresql.auto.conf",
        "primary_conninfo = 'user=replica password=''a host=b'' channel_binding=prefer'\n",
        "primary_conninfo = 'user=replica password=(secret) channel_binding=prefer'\n",
    ),
    // Hand-written YAML: quotes, comments, lists, flow maps, values below their key.
    (
        "harbor.yml",
        "harbor_admin_password: Harbor12345 # change me\n# password: root123\npassword:\nlog:\n  level: info\n",
        "harbor_admin_password: (secret)\n# password: (secret)\npassword:\nlog:\n  level: info\n",
    ),
    (
        "config.yml",
        "http:\n  secret: |\n    one\n    two\nredis: {addr: r, password: \"a,b}\", db: 1}\nnext: x\n",
        "http:\n  secret: |\n    (secret)\n    (secret)\nredis: {addr: r, password: \"(secret)\", db: 1}\nnext: x\n",
    ),
    (
        "config.yml",
        "a:\n  password: \"one\n  two\" \n  user: x\n- CORE_SECRET=abc\n- 'JOBSERVICE_SECRET=abc'\n",
        "a:\n  password: (secret)\n  (secret)\n  user: x\n- CORE_SECRET=(secret)\n- 'JOBSERVICE_SECRET=(secret)'\n",
    ),
    (
        "config.json",
        "{\"auths\":{\"r\":{\"auth\":\"dTpw\",\"email\":\"e\"}},\"token\" : \"a\\\"b\",\"n\":1}\n",
        "{\"auths\":{\"r\":{\"auth\":\"(secret)\",\"email\":\"e\"}},\"token\" : \"(secret)\",\"n\":1}\n",
    ),
    ("registry/passwd", "harbor_registry_user:$2y$05$x\n", "harbor_registry_user:(secret)\n"),
    (
        "redis.conf",
        "port 6379\n# requirepass foobared\nrequirepass x\n",
        "port 6379\n# requirepass (secret)\nrequirepass (secret)\n",
    ),
    (
        "tls.pem",
        "-----BEGIN RSA PRIVATE KEY-----\nMII\nEow\n-----END RSA PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\nMII\n",
        "-----BEGIN RSA PRIVATE KEY-----\n(secret)\n(secret)\n-----END RSA PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\nMII\n",
    ),
    ("secret/keys/secretkey", "0123456789abcdef", "(secret)"),
    (
        "10-proxy.conf",
        "Environment=\"DB_PASSWORD=a b\" \"NO_PROXY=x\"\n",
        "Environment=\"DB_PASSWORD=(secret)\" \"NO_PROXY=x\"\n",
    ),
];

#[test]
fn files_that_others_wrote_are_masked_too() {
    for (path, text, shown) in OTHERS {
        assert_eq!(mask(path, text), *shown, "{path}");
    }
}

#[test]
fn settings_do_not_show_their_secrets() {
    let settings: harbor::harbor_yml::Settings = from(json!({
        "release": "2.15.2", "hostname": "h", "data_volume": "/data",
        "harbor_admin_password": "Hidden-1", "database": {"password": "Hidden-2"},
        "storage": {"driver": "oss", "secret_parameters": {"accesskeysecret": "Hidden-3"}},
        "trivy": {"github_token": "Hidden-4"},
    }));
    assert!(!format!("{settings:?}").contains("Hidden"));
    assert!(!format!("{:?}", Secret::new("Hidden")).contains("Hidden"));
    assert_eq!(mask("x.env", "A_SECRET=Hidden"), format!("A_SECRET={MASK}"));
}

#[test]
fn errors_do_not_show_secrets() {
    for bad in ["Hidden'1 x", "Hidden$1", "Hidden\n1"] {
        let errors = [
            harbor_yml(bad, "x", "y").expect_err("refused"),
            docker::daemon_json::merge(&format!("{{\"token\": \"{bad}\", "), &from(json!({})))
                .expect_err("refused"),
            postgres::passfile::render(&from(json!({"entries": [
                {"host": "h", "user": "u", "password": format!("{bad}\n")},
            ]})))
            .expect_err("refused"),
        ];
        for error in errors {
            assert!(!format!("{error} {error:?}").contains("Hidden"), "{error}");
        }
    }
}
