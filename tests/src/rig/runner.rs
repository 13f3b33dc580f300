//! Whoever runs tools in a rig.

use std::process::Command;

use super::{network, outside, slow};

/// A command in the rig's network that also sees the rig's names: it has `/etc/hosts` and
/// `/etc/resolv.conf` of its own. With a [slow](super::slow) link, it is at its far end.
pub fn command<'a>(rig: &str, argv: impl IntoIterator<Item = &'a str>) -> Command {
    const BIND: &str = "mount --bind \"$1/hosts\" /etc/hosts
        mount --bind \"$1/resolv.conf\" /etc/resolv.conf
        shift
        exec \"$@\"";
    let folder = network::names_folder(rig).to_string_lossy().into_owned();
    let bind = ["unshare", "--mount", "--propagation", "slave", "--", "sh", "-ec", BIND, "sh"];
    let mut enter = if slow::is_set(rig) {
        slow::enter(rig, bind)
    } else if outside::is_set(rig) {
        outside::enter(rig, bind)
    } else {
        network::inside(rig, bind)
    };
    enter.arg(folder).args(argv);
    enter.env("BREAKWATER_CLOUD_RIG", rig);
    enter
}
