//! Load balancers that come and go: one haproxy for all of them, which takes a new configuration
//! without dropping connections.

use std::fmt::Write as _;
use std::time::Duration;

use super::command::check;
use super::error::Result;
use super::network;
use super::state::RigState;
use super::{daemon, files, paths};

/// Where health checks come from: the cloud's own range, which no firewall of the user's names.
pub const CHECKER: &str = "100.64.0.1";
const NAME: &str = "balancers";

/// One listener of a load balancer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Its name in the configuration: letters, digits, `-`.
    pub name: String,
    /// `ADDRESS:PORT`
    pub bind: Vec<String>,
    /// `roundrobin`, `leastconn` or `source`
    pub balance: &'static str,
    /// Keeps a client on its server for so long after its last connection; 0: does not.
    pub persistence: Duration,
    /// How servers are checked; none: never.
    pub check: Option<Check>,
    /// Those that it has.
    pub servers: Vec<Server>,
}

/// A health check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Another port than the server's.
    pub port: Option<u16>,
    /// An HTTP request instead of a mere connection: method, path, host, and the first digits of
    /// the status codes that are good (`2`, `3`).
    pub http: Option<(String, String, String, String)>,
    /// Pause between two.
    pub interval: Duration,
    /// So many good ones make a server good.
    pub rise: u16,
    /// So many bad ones make it bad.
    pub fall: u16,
}

/// A server behind a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its name: letters, digits, `-`.
    pub name: String,
    /// Its address.
    pub address: String,
    /// Its port.
    pub port: u16,
    /// 0 to 100; 0 gets no new connections.
    pub weight: u16,
}

/// These and no others from now on. Each listens when this returns.
pub fn set(rig: &RigState, listeners: &[Listener]) -> Result<()> {
    let folder = paths::rig(&rig.name).join("services");
    let path = folder.join("balancers.cfg");
    let text = configuration(listeners);
    let running = daemon::process(&folder, NAME);
    if running.is_some() && files::read(&path).is_ok_and(|before| before == text) {
        return Ok(());
    }
    if listeners.iter().all(|l| l.bind.is_empty()) {
        let _ = std::fs::remove_file(&path);
        return daemon::stop(&folder, NAME);
    }
    files::write(&path, text, 0o644)?;
    // As a daemon it returns when it listens, and has told the one before to finish.
    let mut haproxy = network::inside(&rig.name, ["sh", "-ec", daemon::JOIN, "sh"]);
    haproxy.args(daemon::group(rig)?).args(["--", "haproxy", "-D", "-f"]).arg(&path);
    haproxy.arg("-p").arg(daemon::pid_file(&folder, NAME)).current_dir(&folder);
    if let Some(pid) = running {
        haproxy.args(["-sf", &pid.to_string()]);
    }
    check(&mut haproxy).map(drop)
}

fn configuration(listeners: &[Listener]) -> String {
    let mut text =
        "global\n    maxconn 1000\n    hard-stop-after 30s\ndefaults\n    mode tcp\n    \
                    timeout connect 2s\n    timeout client 15m\n    timeout server 15m\n"
            .to_owned();
    for listener in listeners {
        text += &section(listener);
    }
    text
}

fn section(listener: &Listener) -> String {
    let mut text = format!("listen {}\n", listener.name);
    for bind in &listener.bind {
        let _ = writeln!(text, "    bind {bind}");
    }
    let _ = writeln!(text, "    balance {}\n    source {CHECKER}", listener.balance);
    if listener.balance == "source" {
        text += "    hash-type consistent\n";
    }
    if !listener.persistence.is_zero() {
        let seconds = listener.persistence.as_secs();
        let _ = writeln!(text, "    stick-table type ip size 10k expire {seconds}s");
        text += "    stick on src\n    option redispatch\n";
    }
    if let Some((method, path, host, good)) = listener.check.as_ref().and_then(|c| c.http.as_ref())
    {
        text += "    option httpchk\n";
        let host = if host.is_empty() { String::new() } else { format!(" hdr Host {host}") };
        let _ = writeln!(text, "    http-check send meth {method} uri {path} ver HTTP/1.1{host}");
        let _ = writeln!(text, "    http-check expect rstatus ^[{good}]");
    }
    for server in &listener.servers {
        text += &line(server, listener.check.as_ref());
    }
    text
}

fn line(server: &Server, check: Option<&Check>) -> String {
    let Server { name, address, port, weight } = server;
    let mut text = format!("    server {name} {address}:{port} weight {weight}");
    if let Some(check) = check {
        let (interval, rise, fall) = (check.interval.as_millis(), check.rise, check.fall);
        let _ = write!(text, " check inter {interval}ms rise {rise} fall {fall}");
        if let Some(port) = check.port {
            let _ = write!(text, " port {port}");
        }
    }
    text + "\n"
}

/// The address that checks come from, which must be on the bridge.
pub fn addresses(listeners: &[Listener]) -> Vec<String> {
    let binds = listeners.iter().flat_map(|l| &l.bind).filter_map(|bind| bind.split(':').next());
    let mut all: Vec<String> = binds.chain([CHECKER]).map(str::to_owned).collect();
    all.sort();
    all.dedup();
    all.retain(|address| !network::is_near(address));
    all
}
