//! The handle that tests and the command line hold a rig by.

use std::process::{Command, Output};
use std::time::Duration;

use super::command::{check, output};
use super::disk::Disk;
use super::error::{Result, RigError};
use super::network::{self, Cut};
use super::options::Options;
use super::snapshot::Snapshot;
use super::state::{HostState, RigState};
use super::{Distro, boot, cleanup, deps, files, image, paths, prepare, runner, slow, used};

/// A rig that is up. Dropping it takes it down, unless `BREAKWATER_KEEP` is set or it was
/// [found](Rig::find) rather than brought up.
#[derive(Debug)]
pub struct Rig {
    pub(super) state: RigState,
    down_with_us: bool,
}

impl Rig {
    /// Brings a rig up, with a load balancer: installs what the machine lacks, makes images that
    /// are not in the cache (minutes, once), boots the hosts and waits until users can log in.
    /// A rig of that name with the same hosts is completed. A failure leaves nothing behind.
    pub fn up(name: &str, hosts: &[(&str, Distro)]) -> Result<Self> {
        Self::up_with(name, &Options::hosts(hosts))
    }

    /// [`Rig::up`] after taking down what an earlier run left under that name; with
    /// `BREAKWATER_REUSE` set, what a run with `BREAKWATER_KEEP` left is used as it is.
    pub fn anew(name: &str, hosts: &[(&str, Distro)]) -> Result<Self> {
        if std::env::var_os("BREAKWATER_REUSE").is_none() {
            Self::down(name)?;
        }
        Self::up(name, hosts)
    }

    /// [`Rig::up`] with all options.
    pub fn up_with(name: &str, options: &Options) -> Result<Self> {
        Self::up_from(name, options, None)
    }

    /// [`Rig::up_with`] in place of what an earlier run left under that name; its hosts begin as
    /// those of a snapshot.
    pub fn anew_from(name: &str, options: &Options, snapshot: &Snapshot) -> Result<Self> {
        Self::down(name)?;
        Self::up_from(name, options, Some(snapshot))
    }

    fn up_from(name: &str, options: &Options, snapshot: Option<&Snapshot>) -> Result<Self> {
        require_root()?;
        paths::check_rig_name(name)?;
        options.hosts.iter().try_for_each(|(host, _)| paths::check_host_name(host))?;
        deps::install()?;
        for (_, distro) in &options.hosts {
            image::ensure(*distro)?;
        }
        let known = RigState::load(name).ok();
        if known.is_some_and(|state| !is_same(&state, options)) {
            return Err(RigError::OtherHosts(name.to_owned()));
        }
        used::add(name);
        let up = prepare::prepare(name, options, snapshot)
            .and_then(|state| prepare::start(&state).map(|()| state));
        match up {
            Ok(state) => Ok(Self { state, down_with_us: true }),
            Err(error) => {
                if !keep() {
                    // The first failure is the one to tell.
                    let _ = Self::down(name);
                }
                Err(error)
            }
        }
    }

    /// A rig that is up already; it stays up.
    pub fn find(name: &str) -> Result<Self> {
        require_root()?;
        Ok(Self { state: RigState::load(name)?, down_with_us: false })
    }

    /// Names of the rigs that are up, also half.
    pub fn list() -> Result<Vec<String>> {
        let Ok(entries) = std::fs::read_dir(paths::rigs()) else { return Ok(Vec::new()) };
        let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut names: Vec<_> = names.filter(|name| paths::check_rig_name(name).is_ok()).collect();
        names.sort();
        Ok(names)
    }

    /// Removes all that a rig of this name has or left: processes, network, mounts, files.
    pub fn down(name: &str) -> Result<()> {
        require_root()?;
        paths::check_rig_name(name)?;
        used::remove(name);
        cleanup::remove(name)
    }

    /// Leaves the rig up when this handle is dropped.
    pub fn keep_up(&mut self) {
        self.down_with_us = false;
    }

    /// Addresses, files and users.
    pub fn state(&self) -> &RigState {
        &self.state
    }

    /// A command inside the rig's network with the rig's names, and otherwise as one started here:
    /// same files, environment and working directory.
    pub fn command<'a>(&self, argv: impl IntoIterator<Item = &'a str>) -> Command {
        runner::command(&self.state.name, argv)
    }

    /// Runs a command inside the rig's network to its end.
    pub fn run<'a>(&self, argv: impl IntoIterator<Item = &'a str>) -> Result<Output> {
        output(&mut self.command(argv))
    }

    /// Puts a round trip of this length between what [`run`](Self::run) runs from now on and the
    /// whole rig; zero ends that. SSH of [`Host::ssh`] is not slowed.
    pub fn slow(&self, round_trip: Duration) -> Result<()> {
        slow::set(&self.state.name, round_trip)
    }

    /// A host of the rig.
    ///
    /// # Panics
    /// If there is none of that name: the test is wrong.
    #[track_caller]
    pub fn host(&self, name: &str) -> Host<'_> {
        self.try_host(name).unwrap_or_else(|error| panic!("{error}"))
    }

    /// A host of the rig, or an error if it has none of that name.
    pub fn try_host(&self, name: &str) -> Result<Host<'_>> {
        Ok(Host { rig: &self.state, host: self.state.host(name)? })
    }

    /// All hosts.
    pub fn hosts(&self) -> impl Iterator<Item = Host<'_>> {
        self.state.hosts.iter().map(|host| Host { rig: &self.state, host })
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        if !self.down_with_us || keep() || used::is_left() {
            return;
        }
        if let Err(error) = Self::down(&self.state.name) {
            eprintln!("rig: failed to take {} down: {error}", self.state.name);
        }
    }
}

/// One host of a rig.
#[derive(Debug, Clone, Copy)]
pub struct Host<'a> {
    rig: &'a RigState,
    host: &'a HostState,
}

impl Host<'_> {
    /// Address, keys and folder.
    pub fn state(&self) -> &HostState {
        self.host
    }

    /// IPv4 address.
    pub fn address(&self) -> &str {
        &self.host.address
    }

    /// Runs a shell script as root, past SSH; returns its output. Stops at the first failure.
    pub fn sh(&self, script: &str) -> Result<String> {
        check(&mut self.command(["sh", "-ec", script])?)
    }

    /// A command as root, past SSH.
    pub fn command<'a>(&self, argv: impl IntoIterator<Item = &'a str>) -> Result<Command> {
        boot::inside(self.rig, self.host, argv)
    }

    /// A shell script of this machine in the host's network, such as iptables rules of the host's
    /// own; a boot ends them. Stops at the first failure.
    pub fn network(&self, script: &str) -> Result<String> {
        check(&mut boot::in_network(self.rig, self.host, ["sh", "-ec", script])?)
    }

    /// A command over SSH as one of the rig's users, with the rig's key.
    pub fn ssh<'a>(&self, user: &str, words: impl IntoIterator<Item = &'a str>) -> Command {
        boot::ssh(self.rig, self.host, user, words)
    }

    /// Whether the host has power.
    pub fn is_running(&self) -> Result<bool> {
        boot::is_running(self.rig, self.host)
    }

    /// Cuts the power. What was written stays, synced or not: the machine's kernel lives on.
    pub fn kill(&self) -> Result<()> {
        boot::power_off(self.rig, self.host)
    }

    /// Shuts down in order.
    pub fn shut_down(&self) -> Result<()> {
        boot::shut_down(self.rig, self.host)
    }

    /// Powers on, and waits until users can log in.
    pub fn boot(&self) -> Result<()> {
        boot::boot(self.rig, self.host)
    }

    /// Replaces the disk by an empty one (the host keys stay the same) and powers off.
    pub fn wipe(&self) -> Result<()> {
        self.kill()?;
        Disk::new(&self.host.folder).wipe()
    }

    /// Cuts SSH between the runner and this host; hosts still reach each other.
    pub fn cut(&self) -> Result<()> {
        self.cut_from(Cut::Ssh)
    }

    /// Cuts the host off, from SSH or from everything. A boot ends a cut from everything.
    pub fn cut_from(&self, what: Cut) -> Result<()> {
        let port = boot::port(&self.rig.name, &self.host.name);
        network::cut(&self.rig.name, &self.host.address, &port, what)
    }

    /// Ends every cut.
    pub fn restore(&self) -> Result<()> {
        let port = boot::port(&self.rig.name, &self.host.name);
        network::restore(&self.rig.name, &self.host.address, &port)
    }
}

/// Whether rigs stay up when their test is over.
pub fn keep() -> bool {
    std::env::var_os("BREAKWATER_KEEP").is_some_and(|value| !value.is_empty())
}

fn require_root() -> Result<()> {
    let status = files::read("/proc/self/status")?;
    let effective = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    match effective.and_then(|ids| ids.split_whitespace().nth(1)) {
        Some("0") => Ok(()),
        _ => Err(RigError::NotRoot),
    }
}

fn is_same(state: &RigState, options: &Options) -> bool {
    let first = state.hosts.iter().filter(|host| host.added.is_none());
    let hosts = first.map(|host| (host.name.clone(), host.distro));
    hosts.eq(options.hosts.iter().cloned())
        && state.load_balancer.is_some() == options.load_balancer
}
