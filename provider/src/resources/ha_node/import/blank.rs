//! Settings before anything is read.

use crate::resource::Ssh;
use crate::resources::ha_node::settings::{Database, HaNode, OnDestroy};

/// Defaults, before anything is read.
pub fn settings(ssh: Ssh, directory: &str) -> HaNode {
    let database = Database {
        host: String::new(),
        port: 5432,
        username: String::new(),
        password_wo: None,
        password_wo_version: None,
        ssl_mode: "disable".to_owned(),
        name: "registry".to_owned(),
        max_idle_conns: 2,
        max_open_conns: 0,
        conn_max_lifetime: None,
        conn_max_idle_time: None,
        notary_signer: None,
        notary_server: None,
    };
    HaNode {
        ssh,
        version: String::new(),
        installer: None,
        directory: directory.to_owned(),
        hostname: String::new(),
        external_url: None,
        http_port: 80,
        https: None,
        ip_family: None,
        internal_tls: None,
        admin_password_wo: None,
        admin_password_wo_version: None,
        admin_old_password_wo: None,
        data_volume: "/data".to_owned(),
        storage: None,
        database,
        redis: None,
        shared_secrets: None,
        shared_secrets_rotation: None,
        docker: None,
        trivy: None,
        notary: false,
        chartmuseum: None,
        jobservice: None,
        notification: None,
        log: None,
        metric: None,
        trace: None,
        cache: None,
        upload_purging: None,
        quota_update_provider: None,
        proxy: None,
        uaa_ca_file: None,
        settings: None,
        configuration: None,
        boot_unit: true,
        peers: None,
        on_destroy: OnDestroy::Stop,
    }
}
