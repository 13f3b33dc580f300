//! The network of a rig: a namespace with one bridge, and how to run things in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::command::{check, command, run};
use super::error::Result;
use super::state::RigState;
use super::{files, paths};

/// Address of whoever runs tools in the rig; also of the HTTP server with the packages.
pub const RUNNER: &str = "198.51.100.1";
/// Address that the rig itself logs in from, which no firewall of a cloud stops.
pub const KEEPER: &str = "198.51.100.2";
/// Address of Redis.
pub const REDIS: &str = "198.51.100.5";
/// Address of the load balancer.
pub const BALANCER: &str = "198.51.100.10";
/// The name that the load balancer has for everybody in the rig.
pub const SERVICE_NAME: &str = "harbor.example.test";
/// The bridge inside the namespace.
pub const BRIDGE: &str = "br0";

/// Address of the n-th host, counted from 0: 198.51.100.11 and up.
pub fn host_address(index: usize) -> String {
    format!("198.51.100.{}", 11 + index)
}

/// Name of the rig's network namespace.
pub fn namespace(rig: &str) -> String {
    format!("bw-{rig}")
}

/// The file that stands for the namespace.
pub fn handle(rig: &str) -> PathBuf {
    Path::new("/run/netns").join(namespace(rig))
}

/// Makes the namespace with its bridge and addresses, or completes it.
pub fn up(rig: &str) -> Result<()> {
    if !handle(rig).exists() {
        run(["ip", "netns", "add", &namespace(rig)])?;
    }
    // Without a way out, packets to elsewhere are answered "unreachable" at once (which takes a
    // router), where a silent drop would make each mistake a test of minutes.
    let script = format!(
        "ip link set lo up
         ip link show {BRIDGE} >/dev/null 2>&1 || ip link add {BRIDGE} type bridge forward_delay 0
         for address in {RUNNER} {KEEPER} {REDIS} {BALANCER}; do
             ip address replace $address/24 dev {BRIDGE}
         done
         ip link set {BRIDGE} up
         echo 1 > /proc/sys/net/ipv4/ip_forward
         for file in /proc/sys/net/ipv4/conf/*/send_redirects; do echo 0 > $file; done
         ip route replace unreachable default"
    );
    check(&mut inside(rig, ["sh", "-ec", &script])).map(drop)
}

/// Removes the namespace, and with it all its interfaces.
pub fn down(rig: &str) -> Result<()> {
    if handle(rig).exists() {
        run(["ip", "netns", "delete", &namespace(rig)])?;
    }
    Ok(())
}

/// Processes that are in a network namespace; none if it does not exist.
pub fn processes(namespace: &str) -> Result<Vec<u32>> {
    if !Path::new("/run/netns").join(namespace).exists() {
        return Ok(Vec::new());
    }
    let pids = run(["ip", "netns", "pids", namespace])?;
    Ok(pids.split_whitespace().filter_map(|pid| pid.parse().ok()).collect())
}

/// A command in the rig's network. Enters the network namespace alone: what also remounts /sys
/// (as `ip netns exec` does) keeps nspawn from starting.
pub fn inside<'a>(rig: &str, argv: impl IntoIterator<Item = &'a str>) -> Command {
    let mut enter = command(["nsenter"]);
    let mut net = std::ffi::OsString::from("--net=");
    net.push(handle(rig));
    enter.arg(net).arg("--").args(argv);
    enter
}

/// Whether an address is of the bridge's own network; others need a route.
pub fn is_near(address: &str) -> bool {
    address.starts_with("198.51.100.")
}

/// Sends packets for a host's address to the bridge, or for a public one by way of the host.
pub fn route(rig: &str, address: &str, via: Option<&str>) -> Result<()> {
    let mut argv = vec!["ip", "route", "replace", address];
    argv.extend(via.into_iter().flat_map(|via| ["via", via, "onlink"]));
    argv.extend(["dev", BRIDGE]);
    check(&mut inside(rig, argv)).map(drop)
}

/// Ends that; an address without a route is as good.
pub fn unroute(rig: &str, address: &str) {
    let _ = check(&mut inside(rig, ["ip", "route", "delete", address]));
}

/// Gives the rig's own end, where its services are, these addresses beside those it has always.
pub fn set_addresses(rig: &str, addresses: &[String]) -> Result<()> {
    const LABEL: &str = "br0:cloud";
    let script = format!(
        "for old in $(ip -o -4 address show dev {BRIDGE} label {LABEL} | awk '{{print $4}}'); do
             case \" $* \" in *\" ${{old%/32}} \"*) ;; *) ip address delete $old dev {BRIDGE} ;; esac
         done
         for new; do ip address replace $new/32 dev {BRIDGE} label {LABEL}; done"
    );
    check(inside(rig, ["sh", "-ec", &script, "sh"]).args(addresses)).map(drop)
}

/// Writes the files that [the runner](super::runner) shows.
pub fn write_names(rig: &RigState) -> Result<()> {
    files::write(names_folder(&rig.name).join("hosts"), hosts_file("runner", rig), 0o644)?;
    files::write(names_folder(&rig.name).join("resolv.conf"), resolv_conf(), 0o644)
}

/// `/etc/hosts` of a machine in the rig: its own name, and those that were there from the start.
/// Names that come later are for the [name server](super::dns).
pub fn hosts_file(own: &str, rig: &RigState) -> String {
    let mut text = format!("127.0.0.1 localhost\n::1 localhost ip6-localhost\n127.0.1.1 {own}\n");
    for host in rig.hosts.iter().filter(|h| h.name != own && h.added.is_none()) {
        text.extend([&host.address, " ", &host.name, " ", &host.name, ".example.test\n"]);
    }
    if let Some(balancer) = &rig.load_balancer {
        text.extend([balancer, " ", SERVICE_NAME, "\n"]);
    }
    text + &format!("{REDIS} redis.example.test\n{RUNNER} nas.example.test packages.example.test\n")
}

/// The rig's name server, which knows at once what it does not know.
fn resolv_conf() -> String {
    format!("nameserver {RUNNER}\noptions timeout:1 attempts:1\n")
}

pub(super) fn names_folder(rig: &str) -> PathBuf {
    paths::rig(rig).join("names")
}

/// What a host can be cut off from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// SSH between the runner and the host; hosts still reach each other.
    Ssh,
    /// Everything, in both directions.
    All,
}

/// Drops packets from now on; open connections hang, as with a firewall in the cloud.
pub fn cut(rig: &str, address: &str, host_port: &str, cut: Cut) -> Result<()> {
    restore(rig, address, host_port)?;
    match cut {
        Cut::Ssh => ssh_rules(rig, address, "-I"),
        Cut::All => check(&mut inside(rig, ["ip", "link", "set", host_port, "down"])).map(drop),
    }
}

/// Ends every cut of a host.
pub fn restore(rig: &str, address: &str, host_port: &str) -> Result<()> {
    // Deleting a rule that is not there is how we know that none is left.
    while ssh_rules(rig, address, "-D").is_ok() {}
    // A host that is not running has no port.
    let _ = check(&mut inside(rig, ["ip", "link", "set", host_port, "up"]));
    Ok(())
}

fn ssh_rules(rig: &str, address: &str, action: &str) -> Result<()> {
    for (chain, host, port) in [("OUTPUT", "-d", "--dport"), ("INPUT", "-s", "--sport")] {
        let argv = ["iptables", "-w", action, chain, host, address, "-p", "tcp", port, "22"];
        check(inside(rig, argv).args(["-j", "DROP"]))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rig(load_balancer: Option<&str>) -> RigState {
        let host = |name: &str, index| {
            serde_json::json!({
                "name": name, "address": host_address(index), "distro": "bookworm",
                "host_key": "", "fingerprint": "", "folder": "",
            })
        };
        let rig = serde_json::json!({
            "name": "x", "folder": "", "namespace": "", "hosts": [host("a", 0), host("b", 1)],
            "ssh": {
                "key": "", "encrypted_key": "", "passphrase_file": "", "known_hosts": "",
                "password_file": "", "users": [],
            },
            "load_balancer": load_balancer, "service_name": SERVICE_NAME, "nas": "", "files": "",
            "redis": { "address": "", "password_file": "" },
            "urls": { "debian": "", "docker": "", "pgdg": "", "files": "" },
        });
        serde_json::from_value(rig).expect("a rig")
    }

    #[test]
    fn a_host_does_not_resolve_its_own_name_to_the_network() {
        let text = hosts_file("a", &rig(Some(BALANCER)));
        assert!(text.contains("127.0.1.1 a\n"));
        assert!(!text.contains("198.51.100.11"));
        assert!(text.contains("198.51.100.12 b b.example.test\n"));
        assert!(text.contains(SERVICE_NAME));
    }

    #[test]
    fn without_a_load_balancer_its_name_is_free() {
        assert!(!hosts_file("a", &rig(None)).contains(SERVICE_NAME));
    }
}
