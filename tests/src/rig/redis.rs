//! Redis servers that come and go.

use std::path::PathBuf;

use super::command::check;
use super::error::Result;
use super::network;
use super::state::RigState;
use super::{daemon, files, paths};

/// A server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redis {
    /// Its name: letters, digits, `-`.
    pub name: String,
    /// Its address, which is on the bridge already.
    pub address: String,
    /// Its port.
    pub port: u16,
    /// Whether it is a node of a cluster, which answers differently.
    pub cluster: bool,
    /// Accounts in the notation of Redis: `user default on >PASSWORD ~* &* +@all`.
    pub accounts: Vec<String>,
}

/// These and no others from now on. What is in those that stay stays.
pub fn set(rig: &RigState, servers: &[Redis]) -> Result<()> {
    let folder = folder(rig);
    files::folder(&folder)?;
    for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() && !servers.iter().any(|s| s.name == name) {
            daemon::stop(&entry.path(), "redis")?;
            files::remove(entry.path())?;
        }
    }
    servers.iter().try_for_each(|server| start(rig, server))
}

fn folder(rig: &RigState) -> PathBuf {
    paths::rig(&rig.name).join("services/redis")
}

fn start(rig: &RigState, server: &Redis) -> Result<()> {
    let folder = folder(rig).join(&server.name);
    let Redis { address, port, .. } = server;
    let (configuration, accounts) = (folder.join("redis.conf"), folder.join("users.acl"));
    // The socket is ours: its user is not one of the cloud's.
    let socket = folder.join("socket");
    let users = format!("{}\nuser rig on nopass ~* &* +@all\n", server.accounts.join("\n"));
    let same = files::read(&accounts).is_ok_and(|before| before == users);
    files::write(&accounts, users, 0o600)?;
    if daemon::process(&folder, "redis").is_some() {
        if same {
            return Ok(());
        }
        let socket = socket.to_string_lossy();
        let argv = ["redis-cli", "-s", &socket, "--user", "rig", "--pass", "rig", "ACL", "LOAD"];
        return check(&mut network::inside(&rig.name, argv)).map(drop);
    }
    let cluster = if server.cluster { "cluster-enabled yes\n" } else { "" };
    let text = format!(
        "bind {address}\nport {port}\nprotected-mode no\naclfile {}\nunixsocket {}\ndir {}\n\
         save \"\"\nappendonly no\nmaxmemory-policy noeviction\n{cluster}",
        accounts.display(),
        socket.display(),
        folder.display()
    );
    files::write(&configuration, text, 0o600)?;
    let argv = ["redis-server", &configuration.to_string_lossy()];
    daemon::start(rig, &folder, "redis", &argv, &format!("{address}/{port}"))
}
