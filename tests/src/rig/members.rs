//! Hosts that come and go while the rig is up, as instances of a cloud do.

use std::time::Duration;

use super::cloud_init::UserData;
use super::disk::Disk;
use super::error::{Result, RigError};
use super::handle::Rig;
use super::state::{Added, HostState, RigState};
use super::{Distro, boot, daemon, files, image, keys, network, outside, paths, prepare};

/// A rule of a host's own.
const NO_SSH: &str = "-p tcp --dport 22 -j DROP";

/// A host to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHost {
    /// Host name.
    pub name: String,
    /// What it runs.
    pub distro: Distro,
    /// IPv4 address; of any private network.
    pub address: String,
    /// Public address, keys and user data.
    pub more: Added,
}

impl Rig {
    /// Takes what [`run`](Self::run) runs from now on out of the hosts' network: it reaches public
    /// addresses, and SSH of the host `jump`, and no other host. See [`outside`].
    pub fn outside(&self, jump: Option<&str>) -> Result<()> {
        let jump = jump.map(|name| self.state.host(name)).transpose()?;
        outside::set(&self.state.name, jump.map(|host| host.address.as_str()))
    }

    /// Ends that.
    pub fn inside(&self) -> Result<()> {
        outside::remove(&self.state.name)
    }

    /// Adds a host, boots it and waits until users can log in.
    pub fn add(&mut self, new: NewHost) -> Result<()> {
        let name = new.name.clone();
        add(&self.state.name, new)?;
        self.refresh()?;
        self.try_host(&name)?.boot()
    }

    /// Removes a host with all that it has; one that is not there is as good.
    pub fn remove(&mut self, host: &str) -> Result<()> {
        remove(&self.state.name, host)?;
        self.refresh()
    }

    /// Boots a host with another image, as a cloud does: empty disk, new host keys.
    pub fn renew(&mut self, host: &str, distro: Distro) -> Result<()> {
        self.try_host(host)?.kill()?;
        renew(&self.state.name, host, distro)?;
        self.refresh()?;
        self.try_host(host)?.boot()
    }

    /// Gives an added host a public address, or none.
    pub fn publish(&mut self, host: &str, public: Option<&str>) -> Result<()> {
        publish(&self.state.name, host, public)?;
        self.refresh()
    }

    /// Makes root of an added host accept these keys and the rig's, and no others.
    pub fn set_keys(&mut self, host: &str, keys: &[String]) -> Result<()> {
        set_keys(&self.state.name, host, keys)?;
        self.refresh()
    }

    /// Drops SSH to a host from wherever it comes, for so long from now; does not wait for it.
    pub fn cut_for(&self, host: &str, time: Duration) -> Result<()> {
        self.try_host(host)?.network(&format!("iptables -w -I INPUT {NO_SSH}"))?;
        restore_after(&self.state, host, time)
    }

    /// Sees what others have added or removed since.
    pub fn refresh(&mut self) -> Result<()> {
        self.state = RigState::load(&self.state.name)?;
        Ok(())
    }
}

/// Makes a host and its way through the network; it has no power yet.
pub fn add(rig: &str, new: NewHost) -> Result<HostState> {
    paths::check_host_name(&new.name)?;
    image::ensure(new.distro)?;
    RigState::change(rig, |state| {
        if state.hosts.iter().any(|h| h.name == new.name || h.address == new.address) {
            return Err(RigError::OtherHosts(format!("{rig}, {} at {}", new.name, new.address)));
        }
        make_keys(&Disk::new(&paths::host(rig, &new.name)), &new.more)?;
        let mut host = prepare::prepare_host(rig, &new.name, new.distro, &new.address)?;
        host.added = Some(new.more);
        connect(rig, &host)?;
        state.hosts.push(host.clone());
        prepare::write_known_hosts(state)?;
        network::write_names(state)?;
        Ok(host)
    })
}

/// Cuts a host's power and removes all of it; one that is not there is as good.
pub fn remove(rig: &str, name: &str) -> Result<()> {
    let state = RigState::load(rig)?;
    let Ok(host) = state.host(name) else { return Ok(()) };
    boot::power_off(&state, host)?;
    network::unroute(rig, &host.address);
    host.added.iter().flat_map(|a| &a.public).for_each(|public| network::unroute(rig, public));
    RigState::change(rig, |state| {
        state.hosts.retain(|h| h.name != name);
        prepare::write_known_hosts(state)?;
        network::write_names(state)
    })?;
    files::remove(&host.folder)
}

/// Gives a host without power an empty disk and new host keys, as a new image does.
pub fn renew(rig: &str, name: &str, distro: Distro) -> Result<()> {
    image::ensure(distro)?;
    RigState::change(rig, |state| {
        let disk = Disk::new(&state.host(name)?.folder);
        disk.wipe()?;
        files::remove(disk.keys())?;
        make_keys(&disk, &state.host(name)?.added.clone().unwrap_or_default())?;
        for host in state.hosts.iter_mut().filter(|h| h.name == name) {
            host.distro = distro;
            host.host_key = keys::host_key_lines(&disk.keys())?.swap_remove(0);
            host.fingerprint = keys::fingerprint(&disk.keys())?;
        }
        prepare::write_known_hosts(state)
    })
}

/// The host keys that the user data gives, or new ones.
fn make_keys(disk: &Disk, more: &Added) -> Result<()> {
    let data = more.user_data.as_deref().map(UserData::parse).transpose()?.unwrap_or_default();
    if data.host_keys().next().is_none() {
        return keys::make_host_keys(&disk.keys());
    }
    keys::take_host_keys(&disk.keys(), data.host_keys())
}

/// Gives a host another public address, or none; at once if it has power.
pub fn publish(rig: &str, name: &str, public: Option<&str>) -> Result<()> {
    let host = RigState::change(rig, |state| {
        let found = state.hosts.iter_mut().find(|h| h.name == name);
        let host =
            found.ok_or_else(|| RigError::NoHost { rig: rig.to_owned(), host: name.to_owned() })?;
        let added = host.added.get_or_insert_default();
        added.public.iter().for_each(|old| network::unroute(rig, old));
        added.public = public.map(str::to_owned);
        connect(rig, host)?;
        Ok(host.clone())
    })?;
    let disk = Disk::new(&host.folder);
    let state = RigState::load(rig)?;
    if boot::is_running(&state, &host)? {
        let path = "/etc/systemd/network/10-host0.network";
        let script =
            "printf %s \"$1\" > \"$2\" && networkctl reload && networkctl reconfigure host0";
        let link = super::disk::link(&host);
        let argv = ["sh", "-ec", script, "sh", &link, path];
        super::command::check(&mut boot::inside(&state, &host, argv)?)?;
    } else if disk.upper().is_dir() {
        let path = disk.upper().join("etc/systemd/network/10-host0.network");
        files::write(path, super::disk::link(&host), 0o644)?;
    }
    Ok(())
}

/// Makes root accept these keys and the rig's, and no others; at once if the host has power.
pub fn set_keys(rig: &str, name: &str, keys: &[String]) -> Result<()> {
    let (host, all) = RigState::change(rig, |state| {
        let mut all = files::read(state.ssh.key.with_extension("pub"))?;
        all.extend(keys.iter().flat_map(|key| [key.trim(), "\n"]));
        let found = state.hosts.iter_mut().find(|h| h.name == name);
        let host =
            found.ok_or_else(|| RigError::NoHost { rig: rig.to_owned(), host: name.to_owned() })?;
        host.added.get_or_insert_default().root_keys = keys.to_vec();
        Ok((host.clone(), all))
    })?;
    let state = RigState::load(rig)?;
    if boot::is_running(&state, &host)? {
        let script = "printf %s \"$1\" > /root/.ssh/authorized_keys";
        super::command::check(&mut boot::inside(
            &state,
            &host,
            ["sh", "-ec", script, "sh", &all],
        )?)?;
    }
    Ok(())
}

/// Ends that after some time, by a process that outlives this one.
fn restore_after(rig: &RigState, host: &str, time: Duration) -> Result<()> {
    use std::os::unix::process::CommandExt as _;
    let joins = super::cgroup::Group::new(&rig.name, "timers.d").create()?;
    let seconds = time.as_secs_f32();
    let script = format!("sleep {seconds}; exec iptables -w -D INPUT {NO_SSH}");
    let end = ["sh", "-ec", daemon::JOIN, "sh"];
    let mut later = boot::in_network(rig, rig.host(host)?, end)?;
    later.args(joins).args(["--", "sh", "-ec", &script]);
    later.process_group(0).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let program = "sh".to_owned();
    let mut child = later.spawn().map_err(|source| RigError::Spawn { program, source })?;
    std::thread::spawn(move || child.wait());
    Ok(())
}

/// The ways to a host's addresses.
fn connect(rig: &str, host: &HostState) -> Result<()> {
    if !network::is_near(&host.address) {
        network::route(rig, &host.address, None)?;
    }
    match host.added.as_ref().and_then(|a| a.public.as_ref()) {
        Some(public) => network::route(rig, public, Some(&host.address)),
        None => Ok(()),
    }
}
