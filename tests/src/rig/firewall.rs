//! Which packets the rig's router passes on: what a cloud's security groups and allow lists say.
//!
//! Hosts of a cloud reach each other by the router, so that all that goes to a host passes here.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;

use super::balancers::CHECKER;
use super::command::{check, tail};
use super::error::{Result, RigError};
use super::network;

/// Chain for packets to hosts.
const HOSTS: &str = "BW-HOSTS";
/// Chain for packets to the rig's services.
const SERVICES: &str = "BW-SERVICES";

/// Packets to an address that are passed or dropped; the first that fits decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Where they go.
    pub to: String,
    /// Where they come from: a network, or an address.
    pub from: String,
    /// `tcp`, `udp`, `icmp`, ...; `all`
    pub protocol: String,
    /// First and last port; none: all.
    pub ports: Option<(u16, u16)>,
    /// Whether they are passed.
    pub accept: bool,
}

/// What is allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Firewall {
    /// To hosts; what is not passed is dropped.
    pub hosts: Vec<Rule>,
    /// Hosts that have rules, by address: others take everything.
    pub guarded: Vec<String>,
    /// To services, such as Redis; what is not passed is refused.
    pub services: Vec<Rule>,
    /// Services that have rules, by address.
    pub listed: Vec<String>,
}

/// These rules and no others from now on; open connections stay.
pub fn set(rig: &str, firewall: &Firewall) -> Result<()> {
    for (chain, target) in [("FORWARD", HOSTS), ("OUTPUT", HOSTS), ("INPUT", SERVICES)] {
        let script = format!(
            "iptables -w -n -L {target} >/dev/null 2>&1 || iptables -w -N {target}
             iptables -w -C {chain} -j {target} 2>/dev/null || iptables -w -A {chain} -j {target}"
        );
        check(&mut network::inside(rig, ["sh", "-ec", &script]))?;
    }
    let mut restore = network::inside(rig, ["iptables-restore", "-w", "--noflush"]);
    restore.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let spawn = |source| RigError::Spawn { program: "iptables-restore".to_owned(), source };
    let mut child = restore.spawn().map_err(spawn)?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(table(firewall).as_bytes()).map_err(spawn)?;
    }
    let out = child.wait_with_output().map_err(spawn)?;
    if out.status.success() {
        return Ok(());
    }
    let command = format!("iptables-restore\n{}", table(firewall));
    Err(RigError::Command { command, status: out.status, tail: tail(&out.stderr) })
}

fn table(firewall: &Firewall) -> String {
    let mut text = format!("*filter\n:{HOSTS} - [0:0]\n:{SERVICES} - [0:0]\n");
    let known = "-m conntrack --ctstate ESTABLISHED,RELATED -j RETURN";
    let _ = writeln!(text, "-A {HOSTS} {known}\n-A {HOSTS} -s {CHECKER} -j RETURN");
    let _ = writeln!(text, "-A {HOSTS} -s {} -j RETURN", network::KEEPER);
    let _ = writeln!(text, "-A {SERVICES} {known}\n-A {SERVICES} -i lo -j RETURN");
    for (chain, rules) in [(HOSTS, &firewall.hosts), (SERVICES, &firewall.services)] {
        text.extend(rules.iter().map(|rule| line(chain, rule)));
    }
    for address in &firewall.guarded {
        let _ = writeln!(text, "-A {HOSTS} -d {address} -j DROP");
    }
    for address in &firewall.listed {
        let _ = writeln!(text, "-A {SERVICES} -d {address} -j REJECT");
    }
    text + "COMMIT\n"
}

fn line(chain: &str, rule: &Rule) -> String {
    let Rule { to, from, protocol, ports, accept } = rule;
    let mut text = format!("-A {chain} -d {to} -s {from}");
    if protocol != "all" {
        let _ = write!(text, " -p {protocol}");
    }
    if let Some((first, last)) = ports {
        let _ = write!(text, " --dport {first}:{last}");
    }
    text + if *accept { " -j RETURN\n" } else { " -j DROP\n" }
}
