//! A runner that is not in the hosts' network: what is run in the rig reaches public addresses
//! and the name server, or one jump host, and nothing else.

use std::path::Path;
use std::process::Command;

use super::command::{check, command, run};
use super::error::Result;
use super::network;

/// Address of the router, seen from outside.
const NEAR: &str = "192.88.99.1";
/// Address of the runner.
const FAR: &str = "192.88.99.2";
/// The documentation's network, of which a stand-in cloud gives public addresses.
const PUBLIC: &str = "203.0.113.0/24";
/// Chain for packets that come from outside.
const CHAIN: &str = "BW-OUTSIDE";

/// Name of the runner's namespace.
pub fn namespace(rig: &str) -> String {
    format!("{}-out", network::namespace(rig))
}

/// Whether the runner of this rig is outside.
pub fn is_set(rig: &str) -> bool {
    Path::new("/run/netns").join(namespace(rig)).exists()
}

/// From now on the runner is outside. It reaches public addresses, and SSH of `jump`, an address.
pub fn set(rig: &str, jump: Option<&str>) -> Result<()> {
    remove(rig)?;
    run(["ip", "netns", "add", &namespace(rig)])?;
    let built = connect(rig).and_then(|()| close(rig, jump));
    built.or_else(|error| remove(rig).and(Err(error)))
}

/// The runner is inside again.
pub fn remove(rig: &str) -> Result<()> {
    if is_set(rig) {
        run(["ip", "netns", "delete", &namespace(rig)])?;
        let script = format!(
            "ip link delete outside 2>/dev/null || true
             for chain in INPUT FORWARD; do iptables -w -D $chain -i outside -j {CHAIN} || true; done
             iptables -w -F {CHAIN} && iptables -w -X {CHAIN}"
        );
        // The rig's own namespace may be gone.
        let _ = check(&mut network::inside(rig, ["sh", "-c", &script]));
    }
    Ok(())
}

fn connect(rig: &str) -> Result<()> {
    let far = namespace(rig);
    let near = format!(
        "ip link add outside type veth peer name eth0 netns {far}
         ip address add {NEAR} peer {FAR} dev outside
         ip link set outside up"
    );
    check(&mut network::inside(rig, ["sh", "-ec", &near]))?;
    let script = format!(
        "ip link set lo up
         ip address add {FAR} peer {NEAR} dev eth0
         ip link set eth0 up
         ip route add default via {NEAR}"
    );
    check(&mut enter(rig, ["sh", "-ec", &script])).map(drop)
}

/// What is refused is refused at once: a silent drop would make each mistake a test of minutes.
fn close(rig: &str, jump: Option<&str>) -> Result<()> {
    let jump = jump
        .map(|jump| format!("iptables -w -A {CHAIN} -d {jump} -p tcp --dport 22 -j RETURN"))
        .unwrap_or_default();
    let script = format!(
        "iptables -w -N {CHAIN}
         iptables -w -A {CHAIN} -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN
         iptables -w -A {CHAIN} -d {PUBLIC} -j RETURN
         iptables -w -A {CHAIN} -p udp --dport 53 -j RETURN
         {jump}
         iptables -w -A {CHAIN} -j REJECT --reject-with icmp-net-unreachable
         for chain in INPUT FORWARD; do iptables -w -I $chain -i outside -j {CHAIN}; done"
    );
    check(&mut network::inside(rig, ["sh", "-ec", &script])).map(drop)
}

/// A command outside.
pub fn enter<'a>(rig: &str, argv: impl IntoIterator<Item = &'a str>) -> Command {
    let mut enter = command(["nsenter"]);
    enter.arg(format!("--net=/run/netns/{}", namespace(rig))).arg("--").args(argv);
    enter
}
