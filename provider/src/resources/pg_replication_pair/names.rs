//! What is called how, and where it stands on a host.

use super::settings::{Member, Pair};
use crate::shell::word;
use crate::sql::STARTUP;

/// First line of files of ours that `render` does not write.
pub const HEADER: &str = "# Managed by Breakwater (terraform-provider-harbor); changes made by hand \
                          are shown by the next plan.\n";

/// Role that `pg_rewind` uses.
pub const REWINDER: &str = "breakwater_rewinder";

/// How many functions it must be allowed to call.
pub const REWIND_FUNCTIONS_COUNT: i64 = 4;

/// The settings that a standby must not have lower than its primary, with PostgreSQL's defaults.
pub const NOT_LOWER: [(&str, i64); 5] = [
    ("max_connections", 100),
    ("max_locks_per_transaction", 64),
    ("max_prepared_transactions", 0),
    ("max_wal_senders", 10),
    ("max_worker_processes", 8),
];

/// Settings that this resource owns, and why a user cannot set them.
pub const OWNED: [(&str, &str); 27] = [
    ("archive_cleanup_command", "an archive of a primary is not cleaned by its standby"),
    ("archive_command", "`archive_dir` sets it"),
    ("archive_library", "`archive_dir` sets how to archive"),
    ("archive_mode", "`archive_dir` sets it"),
    ("cluster_name", "it is the name of the host in the pair"),
    ("config_file", "postgresql-common gives it"),
    ("data_directory", "`nodes.X.data_dir` sets it"),
    ("external_pid_file", "postgresql-common gives it"),
    ("hba_file", "postgresql-common gives it"),
    ("ident_file", "postgresql-common gives it"),
    ("max_slot_wal_keep_size", "`slot_keep_mib` sets it"),
    ("port", "`port` sets it"),
    ("primary_conninfo", "the pair sets it"),
    ("primary_slot_name", "`slot_name` sets it"),
    ("promote_trigger_file", "the pair decides who is the primary"),
    ("recovery_end_command", "the pair decides how recovery ends"),
    ("recovery_min_apply_delay", "a delayed standby cannot take over"),
    ("recovery_target", "the standby follows to the end"),
    ("recovery_target_action", "the standby follows to the end"),
    ("recovery_target_lsn", "the standby follows to the end"),
    ("recovery_target_name", "the standby follows to the end"),
    ("recovery_target_time", "the standby follows to the end"),
    ("recovery_target_timeline", "the standby follows the latest"),
    ("recovery_target_xid", "the standby follows to the end"),
    ("restore_command", "the standby follows by streaming"),
    ("synchronous_standby_names", "`sync` sets it"),
    ("unix_socket_directories", "the packages' tools need the packages' directory"),
];

/// Where things of one member stand on its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// `/etc/postgresql/15/main`
    pub etc: String,
    /// Debian's own file; ours come after it.
    pub main_conf: String,
    /// Shared settings.
    pub shared_conf: String,
    /// Settings of this member.
    pub own_conf: String,
    /// Access rules.
    pub hba: String,
    /// Waits for the mount of the data.
    pub dropin: String,
    /// Password of the replication role, for both directions.
    pub passfile: String,
    /// Certificate of this server, where the pair sets it.
    pub tls_certificate: String,
    /// Its key.
    pub tls_key: String,
    /// What this server trusts when it logs in to its peer.
    pub tls_ca: String,
    /// Called by `archive_command`.
    pub archive_script: String,
    /// Says that the cluster is ours.
    pub marker: String,
    /// Stands while a cluster is being made; what it names never ran.
    pub making: String,
    /// Stands on a standby from before its promotion is asked for until it takes writes: while it
    /// stands, nobody else may become the primary.
    pub promoting: String,
    /// Stands while the data is being rewound; data that was half rewound is of no use.
    pub rewinding: String,
    /// Says whether the server is the primary.
    pub role_script: String,
    /// Runs it for a connection.
    pub role_service: String,
    /// Waits for connections.
    pub role_socket: String,
    /// Keeps the server package from making a cluster by itself.
    pub createcluster: String,
    /// The PostgreSQL project's repository.
    pub sources: String,
    /// Its key.
    pub key: String,
    /// Where the clone is made.
    pub clone: String,
    /// Data directory.
    pub data: String,
    /// `postgresql@15-main.service`
    pub unit: String,
    /// `/usr/lib/postgresql/15/bin`
    pub bin: String,
}

impl Paths {
    /// Of one member.
    pub fn new(settings: &Pair, member: Member) -> Self {
        let (version, cluster) = (settings.version, &settings.cluster);
        let etc = format!("/etc/postgresql/{version}/{cluster}");
        let name = format!("{version}-{cluster}");
        let data = settings.data_dir(member);
        Self {
            main_conf: format!("{etc}/postgresql.conf"),
            shared_conf: format!("{etc}/conf.d/90-breakwater.conf"),
            own_conf: format!("{etc}/conf.d/91-standby.conf"),
            hba: format!("{etc}/pg_hba.conf"),
            dropin: format!("/etc/systemd/system/postgresql@{name}.service.d/10-mount.conf"),
            passfile: format!("/var/lib/postgresql/.pgpass-breakwater-{name}"),
            tls_certificate: format!("{etc}/breakwater-server.crt"),
            tls_key: format!("{etc}/breakwater-server.key"),
            tls_ca: format!("{etc}/breakwater-ca.crt"),
            archive_script: format!("/usr/local/lib/breakwater/archive-{name}"),
            marker: format!("/etc/breakwater/postgresql-{name}"),
            making: format!("/etc/breakwater/postgresql-{name}.making"),
            promoting: format!("/etc/breakwater/postgresql-{name}.promoting"),
            rewinding: format!("/etc/breakwater/postgresql-{name}.rewinding"),
            role_script: format!("/usr/local/lib/breakwater/role-{name}"),
            role_service: format!("/etc/systemd/system/breakwater-role-{name}@.service"),
            role_socket: format!("/etc/systemd/system/breakwater-role-{name}.socket"),
            createcluster: "/etc/postgresql-common/createcluster.d/breakwater.conf".to_owned(),
            sources: "/etc/apt/sources.list.d/breakwater-pgdg.sources".to_owned(),
            key: "/etc/apt/keyrings/breakwater-pgdg.asc".to_owned(),
            clone: format!("{data}.breakwater-new"),
            data,
            unit: format!("postgresql@{name}.service"),
            bin: format!("/usr/lib/postgresql/{version}/bin"),
            etc,
        }
    }

    /// Files that we write whole, in directories where packages have theirs.
    pub fn outside(&self) -> [&String; 4] {
        [&self.createcluster, &self.sources, &self.dropin, &self.archive_script]
    }

    /// Files that we write whole and that say who wrote them.
    pub fn whole(&self) -> [&String; 7] {
        let [createcluster, sources, dropin, script] = self.outside();
        [createcluster, sources, dropin, script, &self.shared_conf, &self.own_conf, &self.marker]
    }

    /// The files of the role check.
    pub fn role_check(&self) -> [&String; 3] {
        [&self.role_script, &self.role_service, &self.role_socket]
    }

    /// The files of TLS.
    pub fn tls(&self) -> [&String; 3] {
        [&self.tls_certificate, &self.tls_key, &self.tls_ca]
    }
}

/// The packages of a server.
pub fn packages(settings: &Pair) -> [String; 2] {
    [format!("postgresql-{}", settings.version), format!("postgresql-client-{}", settings.version)]
}

/// The resource's identity: both hosts, version and cluster.
pub fn id(settings: &Pair) -> String {
    let place = |m: Member| {
        let ssh = &settings.node(m).ssh;
        format!("{}:{}", ssh.host, ssh.port)
    };
    format!("{},{}/{}/{}", place(Member::A), place(Member::B), settings.version, settings.cluster)
}

/// What every script and question begins with: where it runs, how `psql` asks, and the names of this
/// cluster's parts as variables.
pub fn variables(settings: &Pair, paths: &Paths) -> String {
    let names = [
        ("V", settings.version.to_string()),
        ("C", settings.cluster.clone()),
        ("PORT", settings.port.to_string()),
        ("B", paths.bin.clone()),
        ("ETC", paths.etc.clone()),
        ("D", paths.data.clone()),
        ("UNIT", paths.unit.clone()),
    ];
    format!("cd /\nexport LC_ALL=C PGOPTIONS='{STARTUP}'\n{}", assigned(&names))
}

/// A line for each variable.
pub fn assigned(variables: &[(&str, String)]) -> String {
    let line = |(name, value): &(&str, String)| format!("{name}={}\n", word(value));
    variables.iter().map(line).collect()
}
