//! What the user writes, and what is given back.

use std::collections::BTreeMap;

use crate::choice;
use crate::resource::Ssh;
use crate::secret::Secret;
use crate::settings;
use crate::value::{Object, Value};

choice! {
    /// One of the two hosts.
    pub enum Member {
        /// The first.
        A = "a",
        /// The second.
        B = "b",
    }
}

choice! {
    /// What becomes of access rules that nobody declared.
    pub enum OtherRules {
        /// They are removed; the plan shows each.
        Remove = "remove",
        /// They stay, below ours.
        Keep = "keep",
    }
}

choice! {
    /// Where the packages come from.
    pub enum Source {
        /// The apt repository of the PostgreSQL project, or a mirror of it.
        Pgdg = "pgdg",
        /// What the distribution has.
        Distro = "distro",
    }
}

choice! {
    /// What a destroy does.
    pub enum OnDestroy {
        /// Both servers run on; only our marker is removed.
        Keep = "keep",
        /// Both servers are stopped and stay stopped; all data stays.
        Stop = "stop",
        /// Both clusters are removed with all their data.
        Purge = "purge",
    }
}

choice! {
    /// Whether a commit waits for the standby.
    pub enum Sync {
        /// It does not: a primary that is lost with its disk takes its last commits with it.
        Off = "off",
        /// It does.
        On = "on",
    }
}

choice! {
    /// What to do when the host of the former primary does not answer.
    pub enum UnreachablePrimary {
        /// Nothing: it may be well.
        Refuse = "refuse",
        /// Promote the standby where every acknowledged write was confirmed by it.
        PromoteIfSync = "promote_if_sync",
    }
}

choice! {
    /// What to do with a server that has writes which the primary has not.
    pub enum OnDivergence {
        /// Nothing.
        Refuse = "refuse",
        /// Take it back to where they parted.
        Rewind = "rewind",
        /// Copy it anew.
        Reclone = "reclone",
    }
}

choice! {
    /// How a client connects.
    pub enum Connection {
        /// TCP, with TLS or without.
        Host = "host",
        /// TCP with TLS.
        Hostssl = "hostssl",
    }
}

choice! {
    /// How a client proves who it is.
    pub enum Method {
        /// By a challenge; the server holds no password.
        Scram = "scram-sha-256",
        /// By a broken hash, for clients that know no better.
        Md5 = "md5",
    }
}

choice! {
    /// What a member compares when it logs in to its peer.
    pub enum TlsVerify {
        /// That the certificate is of the authority.
        Ca = "ca",
        /// That it is also of the peer's address.
        Full = "full",
    }
}

settings! {
    /// Certificate of one server.
    pub struct NodeTls {
        /// Certificate chain, PEM, the server's own first.
        certificate: String = attr().on_change(OnChange::Reload).check(crate::checks::certificate),
        /// Private key, PEM, without a passphrase.
        private_key_wo: Option<Secret> = attr().write_only().on_change(OnChange::Reload),
        /// Raise it when `private_key_wo` changes: Terraform cannot see that. A new `certificate`
        /// brings its key along, whatever this says.
        private_key_wo_version: Option<i64> = attr().on_change(OnChange::Reload),
    }

    /// One host of the pair.
    pub struct Node {
        /// How to reach the host.
        ssh: Ssh = attr().on_change(OnChange::Provider),
        /// IP address by which the other host and the clients reach this one; `ssh.host` if not set,
        /// which then must be an IP address.
        address: Option<String> = attr().on_change(OnChange::Reload),
        /// Data directory; `/var/lib/postgresql/VERSION/CLUSTER` if not set. It is never moved.
        data_dir: Option<String> = attr().on_change(OnChange::Refused),
        /// Certificate and key of this server, for clients and for the other one. If not set, it has
        /// the one that Debian's packages make for the host, which nobody can verify.
        tls: Option<NodeTls> = attr().on_change(OnChange::Reload),
    }

    /// The two hosts.
    pub struct Nodes {
        /// The first host.
        a: Node = attr(),
        /// The second host.
        b: Node = attr(),
    }

    /// Who may connect, beside the two servers themselves.
    pub struct ClientRule {
        /// `host`: TCP with or without TLS; `hostssl`: only with TLS.
        connection: Connection = attr().default("hostssl"),
        /// Database, or `all`.
        database: String = attr().default("all"),
        /// Role, or `all`.
        user: String = attr().default("all"),
        /// IP address or network, such as `10.0.1.0/24`.
        address: String = attr(),
        /// `scram-sha-256`, or `md5` for clients that know no better.
        method: Method = attr().default("scram-sha-256"),
    }

    /// The pair.
    pub struct Pair {
        /// Major version of PostgreSQL, from 13 to 18; the same on both hosts.
        version: u16 = attr().on_change(OnChange::Refused),
        /// `distro`: packages of the distribution; `pgdg`: of the PostgreSQL project.
        source: Source = attr().default("distro"),
        /// Base address of the PostgreSQL project's repository or of a mirror; for `pgdg`.
        mirror: String =
            attr().default("https://apt.postgresql.org/pub/repos/apt").check(crate::checks::repository),
        /// Key of that repository: its armoured text, or an `https://` URL from which each host fetches
        /// it.
        signing_key: String =
            attr().default("https://www.postgresql.org/media/keys/ACCC4CF8.asc").check(signing_key),
        /// Release of the server's packages on both hosts, as their package source names it, such as
        /// `15.18-0+deb12u1`. A newer one is installed on the standby first and, when that follows
        /// again, on the primary; each server restarts. If not set, the newest is installed at first
        /// and nothing is upgraded afterwards.
        package_version: Option<String> = attr().on_change(OnChange::Restart),
        /// Name of the cluster, as in `postgresql@15-main`.
        cluster: String = attr().default("main").on_change(OnChange::Refused),
        /// TCP port of both servers.
        port: u16 = attr().default(5432).on_change(OnChange::Restart).check(crate::checks::port),
        /// Which host is the primary. A change is a switchover where both run: the plan announces it,
        /// and refuses it where the standby does not follow. Where the old primary is down, what only
        /// its disk holds is brought over before the other is promoted.
        primary: Member = attr().default("a").on_change(OnChange::Restart),
        /// The two hosts, `a` and `b`.
        nodes: Nodes = attr(),
        /// PostgreSQL settings of both servers, by name, beside those that replication needs. The
        /// server says which take effect by a reload and which by a restart; the plan announces
        /// a restart.
        settings: BTreeMap<String, String> =
            attr().default(Value::Map(Object::new())).on_change(OnChange::Reload),
        /// TCP port, usually 8008, at which each host says by HTTP whether its server is the primary:
        /// `GET /primary` at the node's `address` is 200 for a server that takes writes and that nothing
        /// keeps from being the primary, and 503 for any other, as with Patroni's API. For
        /// `harbor_database_endpoint`, whose hosts must reach the port. Nobody is asked for a password
        /// there, so let nobody else in. If not set, nothing listens.
        role_check_port: Option<u16> = attr().check(crate::checks::port),
        /// Certificates, PEM, of the authorities by which the two servers verify each other; needs
        /// `tls` of both nodes. If not set, their connection is encrypted and not verified. A new
        /// authority is added before certificates of it are used, and the old one removed after.
        tls_ca: Option<String> =
            attr().on_change(OnChange::Reload).check(crate::checks::certificate),
        /// With `tls_ca`: `full` also compares the certificate with the other's address, which
        /// PostgreSQL does with IP addresses from version 15 on; `ca` does not.
        tls_verify: TlsVerify = attr().default("full").on_change(OnChange::Reload),
        /// Who may connect, in this order.
        client_rules: Vec<ClientRule> =
            attr().default(Value::List(Vec::new())).on_change(OnChange::Reload),
        /// What to do with rules in `pg_hba.conf` that are neither in `client_rules` nor Debian's own
        /// for the host itself: `remove` shows and removes each, `keep` leaves them below ours.
        other_rules: OtherRules = attr().default("remove").on_change(OnChange::Reload),
        /// Name of the replication role.
        replication_user: String = attr().default("replicator"),
        /// Password of the replication role, printable ASCII. If not set, the primary's host makes
        /// one, and it never leaves the two hosts.
        replication_password_wo: Option<Secret> = attr().write_only(),
        /// Raise it when `replication_password_wo` changes: Terraform cannot see that.
        replication_password_wo_version: Option<i64> = attr(),
        /// Directory on each host into which finished WAL segments are copied, each compared with
        /// what is there. Nothing is archived if not set.
        archive_dir: Option<String> = attr().on_change(OnChange::Restart),
        /// Whether a commit waits until the standby has it on disk. With `on`, no acknowledged write
        /// is lost with the primary's host; writes wait while the standby is away. Two holes stay: a
        /// client that cancels while it waits is told that its commit is only local, and a primary
        /// that restarts shows commits that were still waiting.
        sync: Sync = attr().default("off").on_change(OnChange::Reload),
        /// When `primary` is changed and the host of the old one does not answer. `refuse`: nothing is
        /// done, and the error shows the facts and a token; `promote_if_sync`: the other is promoted
        /// if `sync` was `on` at the last apply.
        unreachable_primary: UnreachablePrimary =
            attr().default("refuse").on_change(OnChange::Provider),
        /// What to do with a former primary that has writes which the new one has not, or with a
        /// standby for which the primary no longer has the WAL, or whose data is not there. `refuse`: it
        /// is kept from coming up writable, and the error counts what it has; `rewind`: it is taken
        /// back by `pg_rewind`; `reclone`: its data is moved aside and copied anew. What it had is kept
        /// beside its data directory.
        on_divergence: OnDivergence = attr().default("refuse").on_change(OnChange::Provider),
        /// The token that a refusal printed: agrees to lose just what that refusal named, and nothing
        /// later.
        data_loss_token: Option<String> = attr().on_change(OnChange::Provider),
        /// Seconds that a switchover waits for the old primary to stop, and for the new one to have
        /// replayed all of it. After that the old one is started again.
        switchover_timeout: i64 = attr().default(60).on_change(OnChange::Provider),
        /// For maintenance: everything is read and shown, and nothing is done.
        frozen: bool = attr().default(false).on_change(OnChange::Provider),
        /// A standby that is further behind, in bytes of WAL, is warned of, and does not become the
        /// primary.
        max_lag_bytes: i64 = attr().default(16_777_216).on_change(OnChange::Provider),
        /// Most WAL, in MiB, that the primary keeps for a standby that is away; at least 64. A standby
        /// that is away for longer must be copied anew.
        slot_keep_mib: i64 = attr().default(4096).on_change(OnChange::Reload),
        /// Name of the replication slot.
        slot_name: String = attr().default("breakwater").on_change(OnChange::Reload),
        /// What a destroy does. `keep`: both servers run on; `stop`: they are stopped and all data
        /// stays; `purge`: both clusters are removed with all data.
        on_destroy: OnDestroy = attr().default("keep").on_change(OnChange::Provider),
    }

    /// What is given back.
    pub struct Outputs {
        /// Identity of the data, made when the primary was.
        system_identifier: Option<String> = attr(),
        /// Timeline of the primary; it grows by one at each change of roles.
        timeline: Option<i64> = attr(),
        /// `a` or `b`: the host that takes writes.
        current_primary: Option<String> = attr(),
        /// Address of the primary.
        primary_host: Option<String> = attr(),
        /// How to reach the primary's host.
        primary_ssh: Option<Ssh> = attr(),
        /// Address of the standby.
        standby_host: Option<String> = attr(),
        /// `streaming`, or what the standby does instead.
        standby_state: Option<String> = attr(),
        /// WAL that the standby has not yet replayed, in bytes.
        lag_bytes: Option<i64> = attr(),
        /// `sync` or `async`: whether the primary waits for its standby.
        sync_state: Option<String> = attr(),
        /// Both servers take writes.
        split_brain: Option<bool> = attr(),
        /// Data and WAL of other histories that were kept, as `HOST:PATH`. Remove them by hand when
        /// nothing of them is needed.
        diverged_dirs: Option<Vec<String>> = attr(),
        /// Name of the replication slot.
        slot: Option<String> = attr(),
        /// Full version of the primary's server.
        server_version: Option<String> = attr(),
    }
}

impl Member {
    /// Both, in order.
    pub const BOTH: [Self; 2] = [Self::A, Self::B];

    /// The other one.
    #[must_use]
    pub fn peer(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

impl Pair {
    /// Both hosts, by the names of their members.
    pub fn targets(&self) -> Vec<(String, Ssh)> {
        Member::BOTH.map(|m| (m.word().to_owned(), self.node(m).ssh.clone())).into()
    }

    /// The settings of one host.
    pub fn node(&self, member: Member) -> &Node {
        match member {
            Member::A => &self.nodes.a,
            Member::B => &self.nodes.b,
        }
    }

    /// Address of one host as the other and the clients use it.
    pub fn address(&self, member: Member) -> &str {
        let node = self.node(member);
        node.address.as_deref().unwrap_or(&node.ssh.host)
    }

    /// Data directory on one host.
    pub fn data_dir(&self, member: Member) -> String {
        self.node(member)
            .data_dir
            .clone()
            .unwrap_or_else(|| format!("/var/lib/postgresql/{}/{}", self.version, self.cluster))
    }

    /// `a (198.51.100.11)`: how messages name a host.
    pub fn place(&self, member: Member) -> String {
        format!("{} ({})", member.word(), self.address(member))
    }

    /// How one member connects to the other, as libpq's `sslmode`.
    pub fn sslmode(&self) -> &'static str {
        match (&self.tls_ca, self.tls_verify) {
            (None, _) => "require",
            (Some(_), TlsVerify::Ca) => "verify-ca",
            (Some(_), TlsVerify::Full) => "verify-full",
        }
    }

    /// Whether commits wait for the standby.
    pub fn sync_wanted(&self) -> bool {
        self.sync == Sync::On
    }

    /// The host that should not take writes.
    pub fn standby(&self) -> Member {
        self.primary.peer()
    }
}

/// A key, or where it is. What apt trusts comes over no line that anybody may change.
fn signing_key(value: &Value) -> Result<(), String> {
    let text = value.as_str().unwrap_or_default();
    if text.starts_with("http://") {
        return Err(
            "It must come over https://: whoever changes it on its way chooses the packages. \
                    Or give the key itself."
                .to_owned(),
        );
    }
    if text.starts_with("https://") {
        return crate::checks::https_url(value);
    }
    crate::checks::armoured_key(value)
}
