//! Taking over a node that somebody built by hand: its files read as settings.

mod blank;
mod docker;
mod read;

use serde_json::Value as Json;

use super::facts::{HOST, NodeProperties};
use super::settings::{HaNode, Shared, Storage};
use super::{layout, scripts};
use crate::diag::{Diag, Diags};
use crate::facts::{file, package};
use crate::resource::{Answers, ImportRequest, Question, Ssh};
use crate::resources::common;
use crate::settings::Settings;
use crate::value::Object;

/// `root@10.0.1.11:22`, with the installer's directory behind it where that is not /opt/harbor.
fn place(id: &str) -> Result<(Ssh, String), Diag> {
    let wrong = || {
        Diag::error(
            "Invalid import ID",
            format!(
                "\"{id}\" is not USER@HOST:PORT or USER@HOST:PORT/DIRECTORY, such as root@10.0.1.11:22/data/harbor."
            ),
        )
    };
    let (login, directory) = match id.find('/') {
        Some(at) => (&id[..at], id[at..].trim_end_matches('/').to_owned()),
        None => (id, "/opt/harbor".to_owned()),
    };
    let ssh = common::ssh(login).filter(|ssh| ssh.user.is_some() && !directory.is_empty());
    let ssh = ssh.ok_or_else(wrong)?;
    // Of an IPv6 address without brackets nobody can say where its port begins.
    let bare = ssh.host.contains(':') && !login.contains('[');
    if bare || render::address::host(&ssh.host).is_err() {
        return Err(wrong());
    }
    Ok((ssh, directory))
}

/// Where an import ID leads.
pub fn request(id: &str) -> Result<ImportRequest, Diag> {
    let (ssh, directory) = place(id)?;
    let empty = blank::settings(ssh.clone(), &directory);
    let questions = vec![
        file::question(HOST, &empty.at("harbor.yml")),
        file::question(HOST, layout::DAEMON_JSON),
        file::question(HOST, layout::BOOT_UNIT),
        file::question(HOST, layout::SOURCES),
        file::question(HOST, layout::KEYRING),
        file::question(HOST, &empty.at("tls/server.crt")),
        package::question(HOST, layout::PACKAGES),
        Question::script(HOST, "node", scripts::observe(&empty)),
        Question::script(HOST, "ours", scripts::ours(&empty)),
    ];
    Ok(ImportRequest { targets: vec![(HOST.to_owned(), ssh)], questions })
}

/// The settings of what is there.
pub fn import(id: &str, answers: &Answers) -> Result<Object, Diags> {
    let (ssh, directory) = place(id).map_err(|d| vec![d])?;
    let mut s = blank::settings(ssh, &directory);
    let path = s.at("harbor.yml");
    let text = file::fact(answers, HOST, &path);
    let Some(text) = text.text() else {
        let detail = format!(
            "There is no {path} on {}. The directory of Harbor's installer is the last part of the \
             import ID: root@10.0.1.11:22/data/harbor.",
            s.ssh.host
        );
        return Err(vec![Diag::error("No Harbor there", detail)]);
    };
    let Ok(yml) = serde_saphyr::from_str::<Json>(text) else {
        let detail = format!("{path} on {} is not YAML.", s.ssh.host);
        return Err(vec![Diag::error("Cannot read harbor.yml", detail)]);
    };
    let seen = answers.stdout(HOST, "node").map(NodeProperties::parse).unwrap_or_default();
    let release = [seen.one("composed"), seen.one("installer")];
    release.iter().find(|r| !r.is_empty()).copied().unwrap_or_default().clone_into(&mut s.version);
    read::from_yml(&mut s, &yml);
    let listed: Vec<&str> = seen.all("service").collect();
    s.trivy = listed.contains(&"trivy-adapter").then(|| read::trivy(&yml["trivy"]));
    s.notary = listed.contains(&"notary-server");
    if listed.contains(&"chartmuseum") {
        read::chartmuseum(&mut s, &yml);
    }
    s.boot_unit = file::fact(answers, HOST, layout::BOOT_UNIT).is_present();
    s.docker = Some(docker::docker(answers));
    own_certificate(&mut s, answers);
    ours(&mut s, answers);
    read::further(&mut s, text);
    Ok(s.to_object())
}

/// What this provider makes beside Harbor's own files.
fn ours(s: &mut HaNode, answers: &Answers) {
    let seen = answers.stdout(HOST, "ours").map(NodeProperties::parse).unwrap_or_default();
    let some = |key: &str| Some(seen.one(key).to_owned()).filter(|text| !text.is_empty());
    s.shared_secrets = some("shared_secrets");
    let Some(what) = some("What") else { return };
    let nfs = seen.one("Type").starts_with("nfs");
    let version = seen.one("Options").split(',').find_map(|option| option.strip_prefix("vers="));
    let shared = Shared {
        path: (!nfs).then(|| what.clone()),
        nfs: nfs.then_some(what),
        nfs_version: version.unwrap_or("4.0").to_owned(),
        nfs_options: None,
    };
    let storage = Storage {
        shared: None,
        driver: "filesystem".to_owned(),
        parameters: None,
        parameters_wo: None,
        parameters_wo_version: None,
        redirect_disabled: None,
        ca_bundle: None,
    };
    s.storage.get_or_insert(storage).shared = Some(shared);
}

/// A certificate where this provider puts it was given as text.
fn own_certificate(s: &mut HaNode, answers: &Answers) {
    let path = s.at("tls/server.crt");
    let fact = file::fact(answers, HOST, &path);
    if let (Some(https), Some(text)) = (&mut s.https, fact.text())
        && https.certificate_path.as_deref() == Some(&path)
    {
        https.certificate = Some(text.to_owned());
        (https.certificate_path, https.private_key_path) = (None, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Answer;
    use crate::value::Value;

    #[test]
    fn an_id_names_the_host_and_where_the_installer_is() {
        let (ssh, directory) = place("root@10.0.1.11:2222/data/harbor/").expect("an id");
        assert_eq!((ssh.host.as_str(), ssh.port), ("10.0.1.11", 2222));
        assert_eq!(directory, "/data/harbor");
        assert_eq!(place("root@10.0.1.11").expect("an id").1, "/opt/harbor");
        for bad in ["10.0.1.11", "@h", "root@", "root@h:x", ""] {
            assert!(place(bad).is_err(), "{bad}");
        }
    }

    /// A node as the well-known recipe builds it.
    #[test]
    fn a_node_built_by_hand_is_read() {
        let id = "root@172.19.48.253:22/data/harbor";
        let mut answers = Answers::default();
        let mut put = |key: &str, text: &str| {
            let stdout = text.to_owned();
            answers.insert(HOST, key, Answer::Output { status: 0, stdout, stderr: String::new() });
        };
        put(
            "/data/harbor/harbor.yml",
            "644 root root\nhostname: harbor.unixsre.com\nhttp:\n  port: 80\nhttps:\n  port: 443\n  \
             certificate: /data/harbor/ssl/unixsre.com.cer\n  private_key: /data/harbor/ssl/unixsre.com.key\n\
             harbor_admin_password: Harbor12345\ndata_volume: /data/harbor_nas/harbor_data\n\
             self_registration: off\nexternal_database:\n  harbor:\n    host: 172.19.48.253\n    \
             port: 5432\n    db_name: registry\n    username: harbor\n    password: x\n    \
             ssl_mode: disable\n    max_idle_conns: 2\n    max_open_conns: 0\nexternal_redis:\n  \
             host: 172.19.48.253:6379\n  password: y\n  registry_db_index: 1\n\
             notification:\n  webhook_job_max_retry: 5\njobservice:\n  max_job_workers: 4\n\
             uaa:\n  ca_file: /etc/ca.pem\nstorage_service:\n  s3:\n    bucket: b\n    \
             secretkey: hidden\n",
        );
        put("node", "standalone=1.24.0\ncomposed=2.3.2\nservice=trivy-adapter\n");
        put("packages", "installed docker-ce installed 5:19.03.6~3-0~ubuntu-bionic\n");
        put(layout::DAEMON_JSON, "644 root root\n{\"registry-mirrors\": [\"https://m\"]}");
        let object = Value::Map(import(id, &answers).expect("it is there"));
        assert_eq!(object.get("version").as_str(), Some("2.3.2"));
        assert_eq!(object.get("data_volume").as_str(), Some("/data/harbor_nas/harbor_data"));
        let https = object.get("https");
        assert_eq!(
            https.get("certificate_path").as_str(),
            Some("/data/harbor/ssl/unixsre.com.cer")
        );
        let redis = object.get("redis");
        assert_eq!(redis.get("host").as_str(), Some("172.19.48.253"));
        assert_eq!(redis.get("port"), &Value::Int(6379));
        // Its repository is another one than this provider would write, and stays.
        assert_eq!(object.get("docker").get("source").as_str(), Some("none"));
        assert_eq!(object.get("jobservice").get("max_job_workers"), &Value::Int(4));
        let further = object.get("settings");
        assert!(further.is_null(), "every key has an attribute: {further:?}");
        assert_eq!(object.get("uaa_ca_file").as_str(), Some("/etc/ca.pem"));
        assert_eq!(object.get("notification").get("webhook_job_max_retry"), &Value::Int(5));
        let storage = object.get("storage");
        assert_eq!(storage.get("driver").as_str(), Some("s3"));
        assert_eq!(storage.get("parameters").get("bucket").as_str(), Some("b"));
        assert!(!object.get("trivy").is_null());
        // No secret enters the state.
        let all = format!("{object:?}");
        assert!(!all.contains("Harbor12345") && !all.contains("hidden"), "{all}");
    }
}
