//! PostgreSQL, Redis, and where image layers are kept.

use std::collections::BTreeMap;

use crate::secret::Secret;

crate::settings! {
    /// Where image layers are kept.
    pub struct Storage {
        /// A directory that all nodes share, mounted at `registry` in the data volume.
        shared: Option<Shared> = attr().on_change(OnChange::Restart),
        /// Storage driver of the registry: `filesystem`, `oss`, `s3`, `azure`, `gcs`, `swift`.
        driver: String = attr().default("filesystem").on_change(OnChange::Restart).check(super::super::checks::driver),
        /// The driver's parameters by the names of Harbor's documentation. Numbers and truth
        /// values are recognised. A value that Harbor cannot carry, because it writes it without
        /// quotes, is refused.
        parameters: Option<BTreeMap<String, String>> = attr().on_change(OnChange::Restart),
        /// The driver's secret parameters (`accesskeysecret`).
        parameters_wo: Option<BTreeMap<String, Secret>> = attr().write_only().on_change(OnChange::Restart),
        /// Change it when `parameters_wo` changes: Terraform cannot see that.
        parameters_wo_version: Option<i64> = attr().on_change(OnChange::Restart),
        /// Do not send clients to the storage itself: needed where they cannot reach it.
        redirect_disabled: Option<bool> = attr().on_change(OnChange::Restart),
        /// Certificates that the storage's own is checked with: a PEM file on the host that
        /// everybody may read.
        ca_bundle: Option<String> = attr().on_change(OnChange::Restart).check(super::super::checks::plain_path),
    }

    /// Shared storage: a directory on the host, or an NFS export.
    pub struct Shared {
        /// Directory on the host that is shared already, such as a NAS mounted at /srv/nas.
        path: Option<String> = attr().on_change(OnChange::Restart).check(super::super::checks::plain_path),
        /// NFS export, `server:/export`; one of this and `path`.
        nfs: Option<String> = attr().on_change(OnChange::Restart),
        /// Version of the NFS protocol: `3`, `4.0`, `4.1` or `4.2`.
        nfs_version: String = attr().default("4.0").on_change(OnChange::Restart),
        /// Further mount options of `nfs`. Those that keep a registry on several nodes whole are
        /// set anyway, and so are `nosuid` and `nodev`; `suid` and `dev` take these back.
        nfs_options: Option<Vec<String>> = attr().on_change(OnChange::Restart),
    }

    /// PostgreSQL outside Harbor.
    pub struct Database {
        /// Name or address; one that stays when the primary moves.
        host: String = attr().on_change(OnChange::Restart).check(super::super::checks::outside_host),
        /// Port.
        port: u16 = attr().default(5432).on_change(OnChange::Restart).check(crate::checks::port),
        /// Login role.
        username: String = attr().default("harbor").on_change(OnChange::Restart),
        /// Its password; must be set: letters, digits, `_` and `-`.
        password_wo: Option<Secret> = attr().write_only().on_change(OnChange::Restart),
        /// Change it when `password_wo` changes: Terraform cannot see that.
        password_wo_version: Option<i64> = attr().on_change(OnChange::Restart),
        /// libpq's `sslmode`.
        ssl_mode: String = attr().default("disable").on_change(OnChange::Restart),
        /// Name of the database.
        name: String = attr().default("registry").on_change(OnChange::Restart),
        /// Idle connections that each of up to three pools of a node keeps.
        max_idle_conns: u32 = attr().default(20).on_change(OnChange::Restart),
        /// Connections that each of up to three pools of a node may open; 0 is unlimited.
        max_open_conns: u32 = attr().default(70).on_change(OnChange::Restart),
        /// How long a connection is used, such as `5m`; `0` is for ever (from 2.7).
        conn_max_lifetime: Option<String> = attr().on_change(OnChange::Restart),
        /// How long a connection may be idle, such as `5m`; `0` is for ever (from 2.7).
        conn_max_idle_time: Option<String> = attr().on_change(OnChange::Restart),
        /// The database of Notary's signer, where it is not `notarysigner` beside Harbor's own.
        notary_signer: Option<NotaryDatabase> = attr().on_change(OnChange::Restart),
        /// The database of Notary's server, where it is not `notaryserver` beside Harbor's own.
        notary_server: Option<NotaryDatabase> = attr().on_change(OnChange::Restart),
    }

    /// A database of Notary (releases up to 2.8). What is not set is as in Harbor's own.
    pub struct NotaryDatabase {
        /// Name of the database; `notarysigner` or `notaryserver` if not set.
        name: Option<String> = attr().on_change(OnChange::Restart),
        /// Name or address.
        host: Option<String> = attr().on_change(OnChange::Restart),
        /// Port.
        port: Option<u16> = attr().on_change(OnChange::Restart),
        /// Login role.
        username: Option<String> = attr().on_change(OnChange::Restart),
        /// Its password: letters, digits, `_` and `-`.
        password_wo: Option<Secret> = attr().write_only().on_change(OnChange::Restart),
        /// Change it when `password_wo` changes: Terraform cannot see that.
        password_wo_version: Option<i64> = attr().on_change(OnChange::Restart),
        /// libpq's `sslmode`.
        ssl_mode: Option<String> = attr().on_change(OnChange::Restart),
    }

    /// Redis outside Harbor.
    pub struct Redis {
        /// Name or IPv4 address; with `sentinel_master_set` the sentinels, separated by commas.
        host: String = attr().on_change(OnChange::Restart).check(super::super::checks::redis_hosts),
        /// Port of hosts that name none.
        port: u16 = attr().default(6379).on_change(OnChange::Restart).check(crate::checks::port),
        /// User (releases from 2.8; from 2.15 the registry uses it too); needs a password.
        username: Option<String> = attr().on_change(OnChange::Restart),
        /// Password: letters, digits, `_` and `-`.
        password_wo: Option<Secret> = attr().write_only().on_change(OnChange::Restart),
        /// Change it when `password_wo` changes: Terraform cannot see that.
        password_wo_version: Option<i64> = attr().on_change(OnChange::Restart),
        /// Name of the master that the sentinels watch.
        sentinel_master_set: Option<String> = attr().on_change(OnChange::Restart),
        /// TLS to Redis and to sentinels (from 2.13).
        tls: Option<RedisTls> = attr().on_change(OnChange::Restart),
        /// Database index of the registry, at least 1.
        registry_db_index: u32 = attr().default(1).on_change(OnChange::Restart),
        /// Database index of the job service, at least 1.
        jobservice_db_index: u32 = attr().default(2).on_change(OnChange::Restart),
        /// Database index of Trivy, at least 1.
        trivy_db_index: u32 = attr().default(5).on_change(OnChange::Restart),
        /// Database index of ChartMuseum, at least 1 (up to 2.7).
        chartmuseum_db_index: Option<u32> = attr().on_change(OnChange::Restart),
        /// Database index of Harbor itself (late patches of 2.7 and 2.8, and from 2.9).
        harbor_db_index: Option<u32> = attr().on_change(OnChange::Restart),
        /// Database index of the cache layer (as `harbor_db_index`).
        cache_layer_db_index: Option<u32> = attr().on_change(OnChange::Restart),
        /// Seconds after which an idle connection is closed.
        idle_timeout_seconds: u32 = attr().default(30).on_change(OnChange::Restart),
    }

    /// TLS to Redis.
    pub struct RedisTls {
        /// Certificate of the authority, a file on the host; not needed where the system's roots
        /// know it.
        root_ca: Option<String> = attr().on_change(OnChange::Restart).check(super::super::checks::plain_path),
    }
}
