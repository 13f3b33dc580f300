//! A PostgreSQL pair alone, made by the provider: what the tests of changes of roles work with.

mod manual;
mod server;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::client::{Client, STATE};
use crate::rig::network::RUNNER;
use crate::rig::{Host, Rig};
use crate::terraform::{Run, Terraform};
use crate::writers::{Acknowledged, Load, PASSWORD, ROLE, ROWS, Report, TABLE, parse_rows};

/// The resource's address.
pub const ADDRESS: &str = "harbor_pg_replication_pair.db";

/// The pair on a rig with the hosts a and b, and what the user wants of it.
#[derive(Debug)]
pub struct Pair<'a> {
    /// The rig.
    pub rig: &'a Rig,
    /// The client, with its configuration.
    pub client: Client<'a>,
    /// Terraform on the same files, for where it is the point.
    pub terraform: Terraform<'a>,
    version: u16,
    /// Attributes beside those that every pair has.
    extra: BTreeMap<String, Json>,
    /// A client rule beside the writers'.
    rule: Option<Json>,
    /// Data sources by name, of the type `harbor_pg_status`.
    data: BTreeMap<String, Json>,
    /// Loads so far: each has writers of its own.
    writers: usize,
}

impl<'a> Pair<'a> {
    /// A configuration that is not yet applied; `a` is to be the primary.
    pub fn new(rig: &'a Rig, name: &str, version: u16) -> Self {
        let pair = Self {
            rig,
            client: Client::new(rig, name),
            terraform: Terraform::new(rig, name),
            version,
            extra: BTreeMap::new(),
            rule: None,
            data: BTreeMap::new(),
            writers: 0,
        };
        pair.write();
        pair
    }

    /// [`Pair::new`], applied, with the writers' role and table.
    #[track_caller]
    pub fn applied(rig: &'a Rig, name: &str, version: u16) -> Self {
        let pair = Self::new(rig, name, version);
        pair.make();
        pair
    }

    #[track_caller]
    fn make(&self) {
        let _ = self.client.apply().succeeds();
        self.client.plan().is_empty();
        let primary = self.on("a");
        primary.sql(&format!("CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'"));
        primary.sql(&format!("CREATE DATABASE {ROLE} OWNER {ROLE}"));
        primary.sql_in(ROLE, TABLE);
    }

    /// A new pair on the same hosts, whatever a test that failed has left of the old one; the
    /// packages stay.
    #[track_caller]
    pub fn start_over(&mut self) {
        for host in self.rig.hosts() {
            host.restore().expect("the rules can be removed");
            host.boot().expect("the host boots");
            host.network("iptables -w -F").expect("the rules can be removed");
            host.sh(START_OVER).expect("the host runs");
        }
        self.extra.clear();
        self.rule = None;
        self.data.clear();
        self.write();
        // A test may have failed before there was one.
        let _ = std::fs::remove_file(self.client.path(STATE));
        self.make();
    }

    /// Sets an attribute, from the next run on.
    pub fn set(&mut self, name: &str, value: impl Into<Json>) -> &mut Self {
        self.extra.insert(name.to_owned(), value.into());
        self.write();
        self
    }

    /// Takes an attribute out of the configuration.
    pub fn unset(&mut self, name: &str) -> &mut Self {
        self.extra.remove(name);
        self.write();
        self
    }

    /// Adds a client rule, or takes it out.
    pub fn set_rule(&mut self, rule: Option<Json>) -> &mut Self {
        self.rule = rule;
        self.write();
        self
    }

    /// What `harbor_pg_status` says of the pair, asked once.
    #[track_caller]
    pub fn status(&mut self) -> Json {
        self.data.insert("db".to_owned(), json!({"nodes": self.nodes()}));
        self.write();
        let _ = self.client.refresh().succeeds();
        self.data.clear();
        self.write();
        self.client.attributes("data.harbor_pg_status.db")
    }

    /// The primary from now on, and an apply.
    pub fn switch_to(&mut self, host: &str) -> Run {
        self.set("primary", host).client.apply()
    }

    /// Applies, and agrees to what is refused, as a user would who has read it: the token that is
    /// printed, and the way in which a diverged server comes back. The consent is taken out again.
    #[track_caller]
    pub fn settle(&mut self, on_divergence: &str) -> Run {
        // A server that has just booted is another state from one look to the next.
        for _ in 0..5 {
            let run = self.client.apply();
            if run.ok() {
                self.unset("data_loss_token").unset("on_divergence");
                return self.client.apply().succeeds();
            }
            let refusal = run.readable();
            if let Some(token) = token(&refusal) {
                self.set("data_loss_token", token);
            }
            if refusal.contains("on_divergence") {
                self.set("on_divergence", on_divergence);
            }
        }
        self.client.apply().succeeds()
    }

    /// The server on a host.
    pub fn on(&self, host: &'a str) -> server::Server<'a> {
        server::Server { host: self.rig.host(host), version: self.version }
    }

    /// Starts sessions that write some hundred rows a second: the machine has other things to do.
    #[track_caller]
    pub fn load(&mut self, sessions: usize) -> Load {
        self.load_with(sessions, Duration::from_millis(5))
    }

    /// Starts sessions that write as fast as they can.
    #[track_caller]
    pub fn full_load(&mut self, sessions: usize) -> Load {
        self.load_with(sessions, Duration::ZERO)
    }

    fn load_with(&mut self, sessions: usize, pause: Duration) -> Load {
        let first = self.writers;
        self.writers += sessions;
        Load::start(self.rig, sessions, first, pause)
    }

    /// Compares with the rows on a host.
    #[track_caller]
    pub fn compare(&self, acknowledged: &Acknowledged, host: &'a str) -> Report {
        acknowledged.compare(&parse_rows(&self.on(host).sql_in(ROLE, ROWS)))
    }

    /// The pair is whole: nothing to do, the one is primary, and what is written now is replayed by
    /// the other.
    #[track_caller]
    pub fn is_whole(&self, primary: &'a str) {
        let plan = self.client.plan();
        plan.is_empty();
        let standby = other(primary);
        assert!(self.on(primary).is_primary(), "{primary} takes no writes");
        assert!(!self.on(standby).is_primary(), "{standby} takes writes");
        self.on(standby).replays(&self.on(primary).write_position());
        let attributes = &plan.seen[ADDRESS];
        assert_eq!(attributes["current_primary"], primary, "{attributes:#}");
        assert_eq!(attributes["standby_state"], "streaming", "{attributes:#}");
    }

    /// Drops all packets between the two hosts; both are still reached from here.
    pub fn partition(&self) {
        self.link("-I");
    }

    /// Ends that.
    pub fn heal(&self) {
        self.link("-D");
    }

    fn link(&self, action: &str) {
        let (a, b) = (self.rig.host("a"), self.rig.host("b"));
        for (host, peer) in [(a, b), (b, a)] {
            let peer = peer.address();
            let rule = |chain, flag| format!("iptables -w {action} {chain} {flag} {peer} -j DROP");
            let script = format!("{}; {}", rule("INPUT", "-s"), rule("OUTPUT", "-d"));
            // A boot has ended the rules; ending what is not there is fine.
            let wanted = if action == "-D" { format!("({script}) || true") } else { script };
            host.network(&wanted).expect("the host runs");
        }
    }

    fn write(&self) {
        let mut rules = vec![json!({
            "connection": "host", "database": ROLE, "user": ROLE, "address": format!("{RUNNER}/32"),
        })];
        rules.extend(self.rule.clone());
        let mut pair = json!({
            "version": self.version,
            "nodes": self.nodes(),
            "client_rules": rules,
        });
        for (name, value) in &self.extra {
            pair[name] = value.clone();
        }
        let mut configuration = json!({
            "terraform": {"required_providers": {"harbor": {"source": "breakwater/harbor"}}},
            "provider": {"harbor": {
                // An apply waits five minutes for a host that boots; those here do not.
                "boot_timeout": "10s",
                "ssh": {"user": "root", "private_key_path": self.rig.state().ssh.key},
            }},
            "resource": {"harbor_pg_replication_pair": {"db": pair}},
        });
        if !self.data.is_empty() {
            configuration["data"] = json!({"harbor_pg_status": self.data});
        }
        self.client.config(&configuration);
    }

    fn nodes(&self) -> Json {
        self.rig.hosts().map(|host| (host.state().name.clone(), node(&host))).collect()
    }
}

/// Ends and removes all that is PostgreSQL's or a fault's.
const START_OVER: &str = "systemctl stop ambush squatter 2>/dev/null || true
    rm -rf /run/systemd/system/postgresql@*.service.d /usr/local/bin/date
    pkill -KILL -u postgres || true
    while pgrep -u postgres >/dev/null; do sleep 0.05; done
    sed -i /srv.disk/d /etc/fstab; systemctl daemon-reload
    for m in $(findmnt -rno TARGET | grep -e ^/srv/wal -e ^/var/lib/postgresql); do umount -l $m; done
    rm -rf /var/lib/postgresql/* /var/lib/postgresql/.pgpass* /etc/postgresql/* /etc/breakwater \
      /srv/wal /srv/disk /srv/archive /run/archiver
    if [ -e /run/status ]; then mv /run/status /var/lib/dpkg/status; fi
    systemctl reset-failed";

fn node(host: &Host) -> Json {
    let state = host.state();
    json!({"ssh": {"host": state.address, "host_key": state.host_key}})
}

/// The token that a refusal prints.
pub fn token(refusal: &str) -> Option<String> {
    let (_, after) = refusal.split_once("data_loss_token = \"")?;
    after.split_once('"').map(|(token, _)| token.to_owned())
}

/// The other host.
pub fn other(host: &str) -> &'static str {
    if host == "a" { "b" } else { "a" }
}
