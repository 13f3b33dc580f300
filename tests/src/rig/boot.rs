//! Power: booting a host, cutting its power, running things in it.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::cgroup::Group;
use super::command::{command, output, tail, wait_until};
use super::disk::Disk;
use super::error::{At, Result, RigError};
use super::state::{HostState, RigState};
use super::{files, image, network};

/// A boot takes about two seconds; with all cores busy ten times that was seen.
const BOOT: Duration = Duration::from_secs(90);
/// A clean shutdown stops services first; systemd gives each up to 90 s.
const SHUTDOWN: Duration = Duration::from_secs(120);

/// Starts in the host's own mount namespace, where the overlay exists and ends with the host:
/// arguments are lower, upper, work, root, then the files to join, `--`, the command. Folders of a lower
/// layer can be renamed, as on a disk.
const START: &str = r#"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2,workdir=$3,redirect_dir=on" "$4"
shift 4
while [ "$1" != -- ]; do echo $$ > "$1"; shift; done
shift
exec "$@"
"#;

/// Powers a host on and waits until users can log in over SSH. Nothing to do for one that runs.
pub fn boot(rig: &RigState, host: &HostState) -> Result<()> {
    if !is_running(rig, host)? {
        // What a dead host left behind would be in the way of the new one.
        power_off(rig, host)?;
        let disk = Disk::new(&host.folder);
        disk.ensure(rig, host)?;
        start(rig, host, &disk)?;
    }
    wait_for_login(rig, host)
}

/// Whether the host has power.
pub fn is_running(rig: &RigState, host: &HostState) -> Result<bool> {
    Ok(leader(rig, host)?.is_some())
}

/// Cuts the power: every process ends at once, without notice.
pub fn power_off(rig: &RigState, host: &HostState) -> Result<()> {
    group(rig, host).kill()?;
    // The kernel removes the cable's end some time after the last process: the next boot makes
    // one of the same name. One that is gone already is fine.
    let port = port(&rig.name, &host.name);
    output(&mut network::inside(&rig.name, ["ip", "link", "delete", &port])).map(drop)
}

/// Removes what nspawn keeps outside of the rig's folder.
pub fn forget(rig: &str, folder: &Path) -> Result<()> {
    let Ok(hosts) = fs::read_dir(folder.join("hosts")) else { return Ok(()) };
    for host in hosts.flatten() {
        let machine = machine(rig, &host.file_name().to_string_lossy());
        files::remove(Path::new("/run/systemd/nspawn/propagate").join(machine))?;
    }
    Ok(())
}

/// Shuts down in order, as `poweroff` does.
pub fn shut_down(rig: &RigState, host: &HostState) -> Result<()> {
    let Some(pid) = leader(rig, host)? else { return power_off(rig, host) };
    // SIGRTMIN+4 to systemd in a container: start poweroff.target.
    output(command(["kill", "-s", "RTMIN+4"]).arg(pid.to_string()))?;
    let what = format!("host {} to shut down", host.name);
    wait_until(&what, SHUTDOWN, || Ok(!is_running(rig, host)?), || console(host))?;
    power_off(rig, host)
}

/// A command in a running host as root, past SSH: it works whatever the network does.
pub fn inside<'a>(
    rig: &RigState,
    host: &HostState,
    argv: impl IntoIterator<Item = &'a str>,
) -> Result<Command> {
    let pid = leader(rig, host)?.ok_or_else(|| RigError::HostDown(host.name.clone()))?;
    let mut enter = command(["nsenter", "--target", &pid.to_string(), "--mount", "--uts", "--ipc"]);
    enter.args(["--net", "--pid", "--cgroup", "--root", "--wd", "--"]).args(argv);
    enter.env_clear().envs([
        ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ("HOME", "/root"),
        ("USER", "root"),
        ("LANG", "C.UTF-8"),
    ]);
    Ok(enter)
}

/// A command of this machine in a running host's network: hosts lack most tools.
pub fn in_network<'a>(
    rig: &RigState,
    host: &HostState,
    argv: impl IntoIterator<Item = &'a str>,
) -> Result<Command> {
    let pid = leader(rig, host)?.ok_or_else(|| RigError::HostDown(host.name.clone()))?;
    let mut enter = command(["nsenter", "--target", &pid.to_string(), "--net", "--"]);
    enter.args(argv);
    Ok(enter)
}

/// The host's end of its cable, on the bridge. The name is what nspawn makes of the machine's.
pub fn port(rig: &str, host: &str) -> String {
    format!("vb-{}", machine(rig, host))
}

/// nspawn keeps files by machine name for the whole machine, so it must differ between rigs; with
/// 12 characters the interface name fits into the kernel's 15.
fn machine(rig: &str, host: &str) -> String {
    let mut hasher = DefaultHasher::new();
    (rig, host).hash(&mut hasher);
    format!("bw{:010x}", hasher.finish() & 0xff_ffff_ffff)
}

fn group(rig: &RigState, host: &HostState) -> Group {
    Group::new(&rig.name, &host.name)
}

fn start(rig: &RigState, host: &HostState, disk: &Disk) -> Result<()> {
    let image = image::ensure(host.distro)?;
    let mut lower = host.layer.clone().unwrap_or_default().into_os_string();
    if !lower.is_empty() {
        lower.push(":");
    }
    lower.push(image);
    let joins = group(rig, host).create()?;
    let log = File::create(disk.console()).at("create", disk.console())?;
    let mut start = network::inside(
        &rig.name,
        ["unshare", "--mount", "--propagation", "slave", "sh", "-ec", START, "sh"],
    );
    start.arg(lower).args([&disk.upper(), &disk.work(), &disk.root()]).args(joins).arg("--");
    start.args(nspawn(rig, host, disk));
    // Away from our terminal and process group: the host outlives this program.
    start.process_group(0).env_remove("NOTIFY_SOCKET");
    start.stdout(log.try_clone().at("open", disk.console())?).stderr(log);
    let mut child = start
        .spawn()
        .map_err(|source| RigError::Spawn { program: "systemd-nspawn".to_owned(), source })?;
    let up = || Ok(is_running(rig, host)? || child.try_wait().is_ok_and(|end| end.is_some()));
    wait_until(&format!("host {} to start", host.name), BOOT, up, || console(host))?;
    // Who waits for the child's end is a thread of a program that lives on; init else.
    std::thread::spawn(move || child.wait());
    Ok(())
}

fn nspawn(rig: &RigState, host: &HostState, disk: &Disk) -> Vec<String> {
    let bind = |from: &Path, to: &str| format!("--bind={}:{to}", from.display());
    vec![
        "systemd-nspawn".to_owned(),
        "--quiet".to_owned(),
        format!("--directory={}", disk.root().display()),
        format!("--machine={}", machine(&rig.name, &host.name)),
        format!("--hostname={}", host.name),
        "--register=no".to_owned(),
        "--keep-unit".to_owned(),
        "--boot".to_owned(),
        "--link-journal=no".to_owned(),
        "--resolv-conf=off".to_owned(),
        "--timezone=off".to_owned(),
        "--capability=all".to_owned(),
        "--system-call-filter=@keyring bpf add_key keyctl".to_owned(),
        format!("--network-bridge={}", network::BRIDGE),
        bind(&disk.docker(), "/var/lib/docker"),
        bind(&rig.nas, "/srv/nas"),
    ]
}

/// The host's process 1, seen from the machine: in two PID namespaces, first in the inner one.
fn leader(rig: &RigState, host: &HostState) -> Result<Option<u32>> {
    let pids = group(rig, host).processes()?;
    Ok(pids.into_iter().find(|pid| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let inner = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
        let inner: Vec<_> = inner.unwrap_or_default().split_whitespace().collect();
        inner.len() == 2 && inner[1] == "1"
    }))
}

/// In the host: sshd listens, and PAM turns nobody away, as it does users until the boot is so far.
const LOGINS: &str = "until [ ! -e /run/nologin ] && [ ! -e /etc/nologin ] &&
    ss -Hltn 'sport = :22' | grep -q . && systemctl -q is-active systemd-user-sessions; do sleep 0.05; done";

/// Logs in as a user who is not root, when the host lets users in.
fn wait_for_login(rig: &RigState, host: &HostState) -> Result<()> {
    let mut last = String::new();
    let login = || {
        if !is_running(rig, host)? {
            return Err(RigError::HostDown(format!("{}\n{}", host.name, console(host))));
        }
        // One process waits for what else each login would ask. It enters anew now and then: at the
        // very start it may be in what is not yet the host's root.
        let waits = inside(rig, host, ["timeout", "3", "sh", "-c", LOGINS]);
        let lets_in = waits.and_then(|mut waits| output(&mut waits));
        if !lets_in.is_ok_and(|out| out.status.success()) {
            return Ok(false);
        }
        let out = output(&mut ssh(rig, host, "nosudo", ["true"]))?;
        last = tail(&out.stderr);
        Ok(out.status.success())
    };
    let what = format!("a login on host {}", host.name);
    wait_until(&what, BOOT, login, || console(host)).map_err(|error| match error {
        RigError::Timeout { what, seconds, tail } => {
            RigError::Timeout { what, seconds, tail: format!("{last}\n{tail}") }
        }
        other => other,
    })
}

/// A command over SSH, as a user of the rig; the words are joined by the remote shell.
pub fn ssh<'a>(
    rig: &RigState,
    host: &HostState,
    user: &str,
    words: impl IntoIterator<Item = &'a str>,
) -> Command {
    let mut ssh = network::inside(&rig.name, ["ssh", "-F", "none", "-o", "BatchMode=yes"]);
    ssh.args(["-o", "ConnectTimeout=2", "-o", "IdentitiesOnly=yes"]);
    ssh.arg("-i").arg(&rig.ssh.key);
    ssh.arg("-o").arg(format!("UserKnownHostsFile={}", rig.ssh.known_hosts.display()));
    if host.added.is_some() {
        ssh.arg("-o").arg(format!("BindAddress={}", network::KEEPER));
    }
    ssh.arg(format!("{user}@{}", host.address)).arg("--").args(words);
    ssh.env_remove("SSH_AUTH_SOCK");
    ssh
}

fn console(host: &HostState) -> String {
    let text = files::read(Disk::new(&host.folder).console()).unwrap_or_default();
    tail(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_name_fits_the_kernel_and_differs_between_rigs() {
        let port_of = |rig| port(rig, "a-host-with-a-long-name");
        assert_eq!(port_of("one").len(), 15);
        assert_ne!(port_of("one"), port_of("two"));
    }
}
