//! A PostgreSQL pair alone, made by the provider: what the tests of changes of roles work with.

mod by_hand;
mod server;

use std::collections::BTreeMap;
use std::time::Duration;

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
    /// Terraform with its configuration.
    pub terraform: Terraform<'a>,
    version: u16,
    /// Attributes as they stand in the configuration.
    wish: BTreeMap<String, String>,
    /// A client rule beside the writers'.
    rule: String,
    /// Loads so far: each has writers of its own.
    writers: usize,
}

impl<'a> Pair<'a> {
    /// A configuration that is not yet applied; `a` is to be the primary.
    pub fn new(rig: &'a Rig, name: &str, version: u16) -> Self {
        let terraform = Terraform::new(rig, name);
        let pair = Self {
            rig,
            terraform,
            version,
            wish: BTreeMap::new(),
            rule: String::new(),
            writers: 0,
        };
        pair.write();
        pair
    }

    /// [`Pair::new`], applied, with the writers' role and table.
    #[track_caller]
    pub fn made(rig: &'a Rig, name: &str, version: u16) -> Self {
        let pair = Self::new(rig, name, version);
        pair.make();
        pair
    }

    #[track_caller]
    fn make(&self) {
        let _ = self.terraform.apply().succeeds();
        self.terraform.plan().is_empty();
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
        self.wish.clear();
        self.rule.clear();
        self.write();
        // A test may have failed before there was one.
        let _ = std::fs::remove_file(self.terraform.path("terraform.tfstate"));
        self.make();
    }

    /// Sets an attribute to a text, from the next run on.
    pub fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.set_raw(name, &format!("\"{value}\""))
    }

    /// Sets an attribute to an expression.
    pub fn set_raw(&mut self, name: &str, value: &str) -> &mut Self {
        self.wish.insert(name.to_owned(), value.to_owned());
        self.write();
        self
    }

    /// Takes an attribute out of the configuration.
    pub fn unset(&mut self, name: &str) -> &mut Self {
        self.wish.remove(name);
        self.write();
        self
    }

    /// Adds a client rule, or takes it out by an empty text.
    pub fn set_rule(&mut self, rule: &str) -> &mut Self {
        rule.clone_into(&mut self.rule);
        self.write();
        self
    }

    /// The primary from now on, and an apply.
    pub fn switch_to(&mut self, host: &str) -> Run {
        self.set("primary", host).terraform.apply()
    }

    /// Applies, and agrees to what is refused, as a user would who has read it: the token that is
    /// printed, and the way in which a diverged server comes back. The consent is taken out again.
    #[track_caller]
    pub fn settle(&mut self, on_divergence: &str) -> Run {
        // A server that has just booted is another state from one look to the next.
        for _ in 0..5 {
            let run = self.terraform.apply();
            if run.ok() {
                self.unset("data_loss_token").unset("on_divergence");
                return self.terraform.apply().succeeds();
            }
            let refusal = self.terraform.plan_run(&[]).readable();
            if let Some(token) = token(&refusal) {
                self.set("data_loss_token", &token);
            }
            if refusal.contains("on_divergence") {
                self.set("on_divergence", on_divergence);
            }
        }
        self.terraform.apply().succeeds()
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
        self.terraform.plan().is_empty();
        let standby = other(primary);
        assert_eq!(self.on(primary).sql("SELECT pg_is_in_recovery()"), "f", "{primary}");
        assert_eq!(self.on(standby).sql("SELECT pg_is_in_recovery()"), "t", "{standby}");
        self.on(standby).replays(&self.on(primary).write_position());
        let attributes = self.terraform.attributes(ADDRESS);
        assert_eq!(attributes["current_primary"], primary, "{attributes:#}");
        assert_eq!(attributes["standby_state"], "streaming", "{attributes:#}");
    }

    /// Drops all packets between the two hosts; both are still reached from here.
    pub fn part(&self) {
        self.link("-I");
    }

    /// Ends that.
    pub fn join(&self) {
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
        let nodes: String = self.rig.hosts().map(|host| node(&host)).collect();
        let wishes = self.wish.iter().map(|(name, value)| format!("  {name} = {value}\n"));
        let text = CONFIGURATION
            .replace("KEY", &self.rig.state().ssh.key.to_string_lossy())
            .replace("VERSION", &self.version.to_string())
            .replace("NODES", &nodes)
            .replace("ROLE", ROLE)
            .replace("RUNNER", RUNNER)
            .replace("RULE", &self.rule)
            .replace("WISHES", &wishes.collect::<String>());
        self.terraform.config(&text);
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

/// An apply waits five minutes for a host that boots; those here do not.
const CONFIGURATION: &str = r#"provider "harbor" {
  boot_timeout = "10s"
  ssh          = { user = "root", private_key_path = "KEY" }
}
resource "harbor_pg_replication_pair" "db" {
  version      = VERSION
  nodes        = {
NODES  }
  client_rules = [
    { connection = "host", database = "ROLE", user = "ROLE", address = "RUNNER/32" },
    RULE
  ]
WISHES}
"#;

fn node(host: &Host) -> String {
    let state = host.state();
    let (name, address, key) = (&state.name, &state.address, &state.host_key);
    format!("    {name} = {{ ssh = {{ host = \"{address}\", host_key = \"{key}\" }} }}\n")
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
