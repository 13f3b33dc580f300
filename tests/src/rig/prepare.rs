//! Bringing a rig up: its files, then its network, services and hosts.

use super::Distro;
use super::disk::Disk;
use super::error::Result;
use super::network::{self, BALANCER, REDIS, RUNNER, SERVICE_NAME};
use super::options::Options;
use super::snapshot::Snapshot;
use super::state::{HostState, RedisState, RigState, SshState, Urls};
use super::{boot, files, image, keys, paths, services};

/// Makes all files of a rig but the disks; of one that begins with a snapshot, those too.
pub fn prepare(name: &str, options: &Options, from: Option<&Snapshot>) -> Result<RigState> {
    let folder = paths::rig(name);
    from.map_or(Ok(()), |snapshot| snapshot.lay(name, options))?;
    let (ssh, nas, served) = (folder.join("ssh"), folder.join("nas"), folder.join("www/files"));
    files::folder(&nas)?;
    files::folder(&served)?;
    keys::make_user_keys(&ssh)?;
    let password_file = ssh.join("opspw.password");
    files::write(&password_file, image::OPSPW_PASSWORD, 0o600)?;
    let redis_password = folder.join("redis.password");
    files::write(&redis_password, "redis-of-the-rig", 0o600)?;
    let url = |path: &str| format!("http://{RUNNER}:8000/{path}");
    let state = RigState {
        name: name.to_owned(),
        namespace: network::namespace(name),
        hosts: prepare_hosts(name, options, from)?.into_iter().chain(added(name)).collect(),
        ssh: SshState {
            key: ssh.join("id_ed25519"),
            encrypted_key: ssh.join("id_encrypted"),
            passphrase_file: ssh.join("passphrase"),
            known_hosts: ssh.join("known_hosts"),
            password_file,
            users: ["root", "ops", "opspw", "nosudo"].map(str::to_owned).to_vec(),
        },
        load_balancer: options.load_balancer.then(|| BALANCER.to_owned()),
        service_name: SERVICE_NAME.to_owned(),
        redis: RedisState { address: format!("{REDIS}:6379"), password_file: redis_password },
        nas,
        urls: Urls {
            debian: url("debian"),
            docker: url("docker-ce/linux/debian"),
            pgdg: url("pgdg"),
            files: url("files"),
        },
        files: served,
        folder,
    };
    write_known_hosts(&state)?;
    network::write_names(&state)?;
    state.store()?;
    Ok(state)
}

/// Hosts that were added to a rig that is completed.
fn added(name: &str) -> Vec<HostState> {
    let known = RigState::load(name).map(|state| state.hosts).unwrap_or_default();
    known.into_iter().filter(|host| host.added.is_some()).collect()
}

fn prepare_hosts(name: &str, options: &Options, from: Option<&Snapshot>) -> Result<Vec<HostState>> {
    let mut hosts = Vec::new();
    for (index, (host, distro)) in options.hosts.iter().enumerate() {
        let prepared = prepare_host(name, host, *distro, &network::host_address(index))?;
        let layer = from.map(|snapshot| snapshot.layer(host));
        hosts.push(HostState { layer, ..prepared });
    }
    Ok(hosts)
}

/// Makes the keys of a host that has none.
pub fn prepare_host(rig: &str, host: &str, distro: Distro, address: &str) -> Result<HostState> {
    let folder = paths::host(rig, host);
    let keys = Disk::new(&folder).keys();
    if !keys.join("ssh_host_ed25519_key.pub").is_file() {
        keys::make_host_keys(&keys)?;
    }
    Ok(HostState {
        name: host.to_owned(),
        address: address.to_owned(),
        distro,
        host_key: keys::host_key_lines(&keys)?.swap_remove(0),
        fingerprint: keys::fingerprint(&keys)?,
        folder,
        layer: None,
        added: None,
    })
}

/// Tells `ssh` the keys of all hosts.
pub fn write_known_hosts(state: &RigState) -> Result<()> {
    let mut text = String::new();
    for host in &state.hosts {
        for key in keys::host_key_lines(&Disk::new(&host.folder).keys())? {
            text.extend([host.address.as_str(), ",", &host.name, " ", &key, "\n"]);
        }
    }
    files::write(&state.ssh.known_hosts, text, 0o644)
}

/// Network, services, then all hosts at once.
pub fn start(state: &RigState) -> Result<()> {
    network::up(&state.name)?;
    services::up(state)?;
    std::thread::scope(|scope| {
        let boots = state.hosts.iter().map(|host| scope.spawn(|| boot::boot(state, host)));
        let boots: Vec<_> = boots.collect();
        let ends = boots.into_iter().map(|boot| match boot.join() {
            Ok(end) => end,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        ends.collect()
    })
}
