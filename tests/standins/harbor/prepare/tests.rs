//! What `prepare` refuses, what it writes, and what survives a second run.

mod written;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use tempfile::TempDir;

use super::{Places, Refusal, files, prepare};
use crate::release::{self, Release};

const OLD: &str = "2.3.2";
const NEW: &str = "2.15.2";

/// A harbor.yml that both releases take.
const GOOD: &str = "\
hostname: harbor.example.com
http:
  port: 80
https:
  port: 443
  certificate: /ssl/a.crt
  private_key: /ssl/a.key
harbor_admin_password: Harbor12345
data_volume: /data
jobservice:
  max_job_workers: 10
  logger_sweeper_duration: 1
  job_loggers: [STD_OUTPUT, FILE]
notification:
  webhook_job_max_retry: 3
  webhook_job_http_client_timeout: 3
log:
  level: info
  local:
    location: /var/log/harbor
external_database:
  harbor:
    host: 10.0.0.5
    port: 5432
    db_name: registry
    username: harbor
    password: Secret_1
    ssl_mode: disable
external_redis:
  host: 10.0.0.6:6379
  password: p@s#/1
  registry_db_index: 1
";

struct Node {
    root: TempDir,
    places: Places,
    release: Release,
}

impl Node {
    fn new(release: &str, yml: &str) -> Self {
        let root = TempDir::new().expect("a folder");
        let places = Places::under(root.path());
        for folder in [&places.input, &places.data, &places.host.join("ssl")] {
            fs::create_dir_all(folder).expect("a folder");
        }
        fs::write(places.input.join("harbor.yml"), yml).expect("a file");
        fs::write(places.host.join("ssl/a.crt"), "certificate").expect("a file");
        fs::write(places.host.join("ssl/a.key"), "key").expect("a file");
        let release = release::parse(release).expect("a release");
        Self { root, places, release }
    }

    fn prepare(&self, flags: &[&str]) -> Result<(), Refusal> {
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        prepare(&self.places, self.release, &flags)
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.path().join(path)).expect(path)
    }

    /// Variables of an env file.
    fn env(&self, part: &str) -> BTreeMap<String, String> {
        self.read(&format!("config/{part}/env"))
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }
}

/// `GOOD` with one piece of text replaced.
fn with(old: &str, new: &str) -> String {
    assert!(GOOD.contains(old), "{old}");
    GOOD.replace(old, new)
}

#[test]
fn refuses_what_the_real_one_refuses() {
    let no_database = GOOD.split("external_database").next().unwrap_or_default();
    let cases: Vec<(&str, String, &[&str], u8, &str)> = vec![
        (
            OLD,
            with("harbor.example.com", "127.0.0.1"),
            &[],
            255,
            "127.0.0.1 can not be the hostname",
        ),
        (OLD, with("harbor.example.com", "reg.mydomain.com"), &[], 255, "Please specify hostname"),
        (OLD, with("hostname: harbor.example.com\n", ""), &[], 1, "KeyError: 'hostname'"),
        (
            OLD,
            with("/ssl/a.crt", "/your/certificate/path"),
            &[],
            255,
            "attribute ssl_cert is not set",
        ),
        (OLD, with("/ssl/a.crt", "/ssl/none.crt"), &[], 1, "'/hostfs/ssl/none.crt'"),
        (OLD, with("  private_key: /ssl/a.key\n", ""), &[], 1, "KeyError: 'private_key'"),
        (OLD, with("level: info", "level: loud"), &[], 1, "log level must be one of"),
        (
            OLD,
            with("  local:\n    location: /var/log/harbor\n", ""),
            &[],
            1,
            "KeyError: 'log_location'",
        ),
        (OLD, with("    ssl_mode: disable\n", ""), &[], 1, "KeyError: 'ssl_mode'"),
        (OLD, no_database.to_owned(), &[], 1, "KeyError: 'harbor_db_password'"),
        (OLD, GOOD.to_owned(), &["--with-notary"], 1, "KeyError: 'notary_signer'"),
        (
            NEW,
            with("  logger_sweeper_duration: 1\n", ""),
            &[],
            1,
            "KeyError: 'logger_sweeper_duration'",
        ),
        (NEW, with("  job_loggers: [STD_OUTPUT, FILE]\n", ""), &[], 1, "KeyError: 'job_loggers'"),
        (
            NEW,
            format!("{GOOD}upload_purging:\n  age: 168\n"),
            &[],
            255,
            "purge upload age should set with with nh",
        ),
        (
            NEW,
            format!("{GOOD}upload_purging:\n  age: 1h\n"),
            &[],
            255,
            "purge upload age should set with with nh",
        ),
        (
            NEW,
            format!("{GOOD}cache:\n  enabled: true\n  expire_hours: 0\n"),
            &[],
            255,
            "cache expire hours should be positive number",
        ),
        (
            NEW,
            format!("{GOOD}core:\n  quota_update_provider: foo\n"),
            &[],
            255,
            "invalid quota update provider: foo",
        ),
        (
            NEW,
            format!("{GOOD}storage_service:\n  redirect:\n    disabled: true\n"),
            &[],
            1,
            "KeyError: 'disable'",
        ),
        (
            OLD,
            format!("{GOOD}storage_service:\n  redirect:\n    disable: true\n"),
            &[],
            1,
            "KeyError: 'disabled'",
        ),
        (OLD, format!("{GOOD}metric:\n  enabled: true\n"), &[], 1, "KeyError: 'port'"),
    ];
    for (release, yml, flags, status, text) in cases {
        let refusal = Node::new(release, &yml).prepare(flags).expect_err(text);
        let told = refusal.to_string();
        assert!(told.contains(text), "{told}");
        assert_eq!(refusal.exit_status(), status, "{told}");
    }
}

#[test]
fn accepts_what_the_real_one_does_not_check() {
    for yml in [
        with("ssl_mode: disable", "ssl_mode: nonsense"),
        with("10.0.0.6:6379", "10.0.0.6"),
        format!("{GOOD}_version: 9.9.9\nself_registration: off\n"),
        format!("{GOOD}storage_service:\n  tape:\n    drive: 1\n"),
    ] {
        assert_eq!(Node::new(NEW, &yml).prepare(&["--with-trivy"]), Ok(()));
    }
}

#[test]
fn a_refusal_leaves_no_env_files_but_the_old_compose_file() {
    let node = Node::new(OLD, GOOD);
    node.prepare(&[]).expect("it prepares");
    let compose = node.read("compose_location/docker-compose.yml");
    let bad = with("harbor.example.com", "127.0.0.1");
    fs::write(node.places.input.join("harbor.yml"), bad).expect("a file");
    node.prepare(&[]).expect_err("it refuses");
    assert!(!node.places.config.join("core/env").exists());
    assert_eq!(node.read("compose_location/docker-compose.yml"), compose);
}

#[test]
fn a_second_run_changes_secrets_in_env_files_and_keeps_keys() {
    let node = Node::new(NEW, GOOD);
    node.prepare(&[]).expect("it prepares");
    let keys = ["keys/secretkey", "core/private_key.pem", "registry/root.crt"]
        .map(|name| format!("data/secret/{name}"));
    let kept = keys.clone().map(|path| node.read(&path));
    let before = node.env("core");
    node.prepare(&[]).expect("it prepares");
    assert_eq!(keys.map(|path| node.read(&path)), kept);
    let after = node.env("core");
    for name in [
        "JOBSERVICE_SECRET",
        "CORE_SECRET",
        "CSRF_KEY",
        "REGISTRY_CREDENTIAL_PASSWORD",
        "ROBOT_SCANNER_NAME_PREFIX",
    ] {
        assert_ne!(before[name], after[name], "{name}");
    }
    assert_eq!(after["JOBSERVICE_SECRET"], node.env("jobservice")["JOBSERVICE_SECRET"]);
}

#[test]
fn a_key_without_its_certificate_is_made_anew() {
    let node = Node::new(OLD, GOOD);
    node.prepare(&[]).expect("it prepares");
    let key = node.read("data/secret/core/private_key.pem");
    assert!(key.starts_with("-----BEGIN RSA PRIVATE KEY-----"));
    fs::remove_file(node.places.data.join("secret/registry/root.crt")).expect("it was there");
    node.prepare(&[]).expect("it prepares");
    assert_ne!(node.read("data/secret/core/private_key.pem"), key);
}

#[test]
fn a_secret_key_with_a_newline_is_refused() {
    let node = Node::new(OLD, GOOD);
    let folder = node.places.data.join("secret/keys");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("secretkey"), "0123456789abcdef\n").expect("a file");
    let refusal = node.prepare(&[]).expect_err("17 characters");
    let text = "secret key's length has to be 16 chars, current length: 17";
    assert!(refusal.to_string().contains(text), "{refusal}");
    assert_eq!(refusal.exit_status(), 1);
}

#[test]
fn files_have_the_owners_and_modes_of_the_real_ones() {
    let node = Node::new(NEW, GOOD);
    node.prepare(&["--with-trivy"]).expect("it prepares");
    let files: [(&str, u32, u32); 11] = [
        ("compose_location/docker-compose.yml", 0, 0o644),
        ("config/core/env", 0, 0o640),
        ("config/trivy-adapter/env", 0, 0o640),
        ("config/nginx/nginx.conf", 10000, 0o640),
        ("config/registry/config.yml", 10000, 0o640),
        ("config/registry/passwd", 0, 0o644),
        ("data/registry", 10000, 0o755),
        ("data/database", 999, 0o700),
        ("data/secret/keys/secretkey", 10000, 0o600),
        ("data/secret/core/private_key.pem", 10000, 0o600),
        ("data/secret/cert/server.key", 10000, 0o600),
    ];
    for (path, owner, mode) in files {
        let found = fs::metadata(node.root.path().join(path)).expect(path);
        assert_eq!(found.permissions().mode() & 0o7777, mode, "{path}");
        if files::running_as_root() {
            assert_eq!((found.uid(), found.gid()), (owner, owner), "{path}");
        }
    }
}

#[test]
fn the_compose_file_has_a_version_up_to_2_11() {
    let text = |release| {
        let node = Node::new(release, GOOD);
        node.prepare(&[]).expect("it prepares");
        node.read("compose_location/docker-compose.yml")
    };
    assert!(text("2.11.2").starts_with("version: '2.3'\n"));
    assert!(text("2.12.0").starts_with("services:\n"));
}

#[test]
fn redis_urls_follow_the_release() {
    let url = |release| {
        let node = Node::new(release, GOOD);
        node.prepare(&[]).expect("it prepares");
        node.env("core")["_REDIS_URL_CORE"].clone()
    };
    assert_eq!(url(OLD), "redis://:p@s#/1@10.0.0.6:6379?idle_timeout_seconds=30");
    let registry = |release| {
        let node = Node::new(release, GOOD);
        node.prepare(&[]).expect("it prepares");
        node.read("config/registry/config.yml")
    };
    // The host ends at the password's first # or /, and the password at its last @.
    assert!(registry(OLD).contains("  addr: s\n  password: p\n  db: 0\n"), "{}", registry(OLD));
    assert!(registry(NEW).contains("  addr: 10.0.0.6:6379\n  password: p@s#/1\n"));
    assert_eq!(url(NEW), "redis://:p%40s%23%2F1@10.0.0.6:6379?idle_timeout_seconds=30");
    let node = Node::new(NEW, &format!("{GOOD}redis:\n  registry_db_index: 7\n"));
    node.prepare(&[]).expect("it prepares");
    let jobs = node.read("config/jobservice/config.yml");
    assert!(jobs.contains("redis_url: redis://redis:6379/2"), "{jobs}");
}

#[test]
fn numbers_that_are_zero_become_defaults() {
    let yml = with(
        "    ssl_mode: disable\n",
        "    ssl_mode: disable\n    max_idle_conns: 0\n    max_open_conns: 0\n",
    );
    let node = Node::new(OLD, &yml);
    node.prepare(&[]).expect("it prepares");
    let env = node.env("core");
    assert_eq!(env["POSTGRESQL_MAX_IDLE_CONNS"], "2");
    assert_eq!(env["POSTGRESQL_MAX_OPEN_CONNS"], "0");
}

#[test]
fn strong_ciphers_are_on_for_the_word_none() {
    let node = Node::new(NEW, &with("https:\n", "https:\n  strong_ssl_ciphers: none\n"));
    node.prepare(&[]).expect("it prepares");
    assert!(node.read("config/nginx/nginx.conf").contains("!AES128"));
}

#[test]
fn flags_depend_on_the_release() {
    let complaint = |release: &str, flag: &str| {
        let arguments = ["prepare".to_owned(), flag.to_owned()];
        super::usage_error(&arguments, release::parse(release).expect("a release"))
    };
    assert_eq!(complaint("2.8.4", "--with-notary"), None);
    assert!(complaint("2.9.0", "--with-notary").is_some());
    assert!(complaint("2.8.0", "--with-chartmuseum").is_some());
}

#[test]
fn the_certificate_folder_is_deleted_and_made_anew() {
    let node = Node::new(OLD, GOOD);
    let folder = node.places.data.join("secret/cert");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("mine"), "").expect("a file");
    node.prepare(&[]).expect("it prepares");
    assert!(!Path::new(&folder.join("mine")).exists());
    assert_eq!(node.read("data/secret/cert/server.crt"), "certificate");
}
