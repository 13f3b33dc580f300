//! A slow link: a second network namespace, for the runner, at the end of a link with a delay.
//!
//! The kernel may have no netem, so a relay passes IP packets between two TUN devices and holds
//! each back for a fixed time. Unlike a TCP proxy it leaves handshakes, acknowledgements and Nagle
//! as they are over a real distance.

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use tun_tap::{Iface, Mode};

use super::cgroup::Group;
use super::command::{check, command, run, wait_until};
use super::daemon::{JOIN, rig_program};
use super::error::{At, Result, RigError};
use super::network;

/// Address of the near end, in the rig's network.
const NEAR: &str = "10.255.0.1";
/// Address of the runner at the far end; hosts answer by their default route.
const FAR: &str = "10.255.0.2";
/// Largest packet: the MTU of the devices.
const MTU: usize = 1500;
/// Name of the relay's control group; no host can have it, as host names have no dot.
const GROUP: &str = "slow.d";

/// Name of the far namespace.
pub fn far_namespace(rig: &str) -> String {
    format!("{}-far", network::namespace(rig))
}

/// From now on, commands that are run in the rig are a round trip of `round_trip` away from all
/// that is in it. Zero ends that.
pub fn set(rig: &str, round_trip: Duration) -> Result<()> {
    remove(rig)?;
    if round_trip.is_zero() {
        return Ok(());
    }
    run(["ip", "netns", "add", &far_namespace(rig)])?;
    let built = start_relay(rig, round_trip).and_then(|()| connect(rig));
    built.or_else(|error| remove(rig).and(Err(error)))
}

/// Removes the far end and its relay.
pub fn remove(rig: &str) -> Result<()> {
    Group::new(rig, GROUP).kill()?;
    if is_set(rig) {
        run(["ip", "netns", "delete", &far_namespace(rig)])?;
    }
    Ok(())
}

/// Whether commands of this rig run at the far end.
pub fn is_set(rig: &str) -> bool {
    std::path::Path::new("/run/netns").join(far_namespace(rig)).exists()
}

/// Passes packets between two TUN devices until the process ends; what `rig _relay` does.
pub fn relay(one_way: Duration) -> Result<()> {
    let open = |name| Iface::without_packet_info(name, Mode::Tun).at("open", "/dev/net/tun");
    let (near, far) = (open("near")?, open("far")?);
    thread::scope(|scope| {
        scope.spawn(|| pass(&near, &far, one_way));
        pass(&far, &near, one_way);
    });
    Ok(())
}

/// One direction: packets leave in order, each `delay` after it came.
fn pass(from: &Iface, to: &Iface, delay: Duration) {
    let (queue, due) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::scope(|scope| {
        scope.spawn(move || {
            for (at, packet) in due {
                thread::sleep(at.saturating_duration_since(Instant::now()));
                // A device that is down loses packets, as a network does.
                let _ = to.send(&packet);
            }
        });
        let mut buffer = [0; MTU];
        // Until the device is up, reading fails; its end is that of the process.
        loop {
            if let Ok(length) = from.recv(&mut buffer)
                && queue.send((Instant::now() + delay, buffer[..length].to_vec())).is_err()
            {
                return;
            }
        }
    });
}

fn start_relay(rig: &str, round_trip: Duration) -> Result<()> {
    let program = rig_program()?.to_string_lossy().into_owned();
    let micros = (round_trip / 2).as_micros().to_string();
    let mut relay = network::inside(rig, ["sh", "-ec", JOIN, "sh"]);
    relay.args(Group::new(rig, GROUP).create()?).args(["--", &program, "_relay", &micros]);
    relay.process_group(0).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut child =
        relay.spawn().map_err(|source| RigError::Spawn { program: program.clone(), source })?;
    let there = || Ok(check(&mut network::inside(rig, ["ip", "link", "show", "far"])).is_ok());
    wait_until("the relay to start", Duration::from_secs(10), there, String::new)?;
    thread::spawn(move || child.wait());
    Ok(())
}

/// Moves one end to the far namespace, and gives both addresses and routes.
fn connect(rig: &str) -> Result<()> {
    let far = far_namespace(rig);
    let near = format!(
        "ip link set far netns {far}
         ip address add {NEAR} peer {FAR} dev near
         ip link set near mtu {MTU} up"
    );
    check(&mut network::inside(rig, ["sh", "-ec", &near]))?;
    let script = format!(
        "ip link set lo up
         ip address add {FAR} peer {NEAR} dev far
         ip link set far mtu {MTU} up
         ip route add default via {NEAR}"
    );
    check(&mut enter(rig, ["sh", "-ec", &script])).map(drop)
}

/// A command at the far end.
pub fn enter<'a>(rig: &str, argv: impl IntoIterator<Item = &'a str>) -> Command {
    let mut enter = command(["nsenter"]);
    enter.arg(format!("--net=/run/netns/{}", far_namespace(rig))).arg("--").args(argv);
    enter
}
