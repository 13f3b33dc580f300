//! The network of a rig: a namespace with one bridge, and how to run things in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::command::{check, command, run};
use super::error::Result;
use super::{files, paths, slow};

/// Address of whoever runs tools in the rig; also of the HTTP server with the packages.
pub const RUNNER: &str = "198.51.100.1";
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
         for address in {RUNNER} {REDIS} {BALANCER}; do
             ip address replace $address/24 dev {BRIDGE}
         done
         ip link set {BRIDGE} up
         echo 1 > /proc/sys/net/ipv4/ip_forward
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

/// A command in the rig's network that also sees the rig's names: it has `/etc/hosts` and
/// `/etc/resolv.conf` of its own. With a [slow](super::slow) link, it is at its far end.
pub fn inside_with_names<'a>(rig: &str, argv: impl IntoIterator<Item = &'a str>) -> Command {
    const BIND: &str = "mount --bind \"$1/hosts\" /etc/hosts
        mount --bind \"$1/resolv.conf\" /etc/resolv.conf
        shift
        exec \"$@\"";
    let folder = names_folder(rig).to_string_lossy().into_owned();
    let bind = ["unshare", "--mount", "--propagation", "slave", "--", "sh", "-ec", BIND, "sh"];
    let mut enter = if slow::is_set(rig) { slow::enter(rig, bind) } else { inside(rig, bind) };
    enter.arg(folder).args(argv);
    enter
}

/// Writes the files that [`inside_with_names`] shows.
pub fn write_names(rig: &str, hosts: &[(String, String)]) -> Result<()> {
    files::write(names_folder(rig).join("hosts"), hosts_file("runner", hosts), 0o644)?;
    files::write(names_folder(rig).join("resolv.conf"), resolv_conf(), 0o644)
}

/// `/etc/hosts` of a machine in the rig: all names, and its own.
pub fn hosts_file(own: &str, hosts: &[(String, String)]) -> String {
    let mut text = format!("127.0.0.1 localhost\n::1 localhost ip6-localhost\n127.0.1.1 {own}\n");
    for (name, address) in hosts.iter().filter(|(name, _)| name != own) {
        text.extend([address.as_str(), " ", name, " ", name, ".example.test\n"]);
    }
    text + &format!(
        "{BALANCER} {SERVICE_NAME}\n{REDIS} redis.example.test\n\
         {RUNNER} nas.example.test packages.example.test\n"
    )
}

/// A name server that is not there: unknown names fail at once.
fn resolv_conf() -> String {
    format!("nameserver {RUNNER}\noptions timeout:1 attempts:1\n")
}

fn names_folder(rig: &str) -> PathBuf {
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

    #[test]
    fn a_host_does_not_resolve_its_own_name_to_the_network() {
        let hosts = [("a".to_owned(), host_address(0)), ("b".to_owned(), host_address(1))];
        let text = hosts_file("a", &hosts);
        assert!(text.contains("127.0.1.1 a\n"));
        assert!(!text.contains("198.51.100.11"));
        assert!(text.contains("198.51.100.12 b b.example.test\n"));
    }
}
