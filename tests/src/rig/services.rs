//! What stands around the hosts, run by the machine inside the rig's network: the load balancer,
//! Redis, the HTTP server.

use std::path::Path;

use super::daemon::{rig_program, start};
use super::error::Result;
use super::network::{BALANCER, REDIS, RUNNER};
use super::state::RigState;
use super::{dns, files, paths, repository};

/// Starts those that do not run.
pub fn up(rig: &RigState) -> Result<()> {
    let folder = paths::rig(&rig.name).join("services");
    files::folder(&folder)?;
    if rig.load_balancer.is_some() {
        let configuration = folder.join("haproxy.cfg");
        files::write(&configuration, haproxy(rig), 0o644)?;
        let argv = ["haproxy", "-db", "-f", &configuration.to_string_lossy()];
        start(rig, &folder, "haproxy", &argv, &format!("{BALANCER}/443"))?;
    }
    let configuration = folder.join("redis.conf");
    files::write(&configuration, redis(rig, &folder)?, 0o600)?;
    let argv = ["redis-server", &configuration.to_string_lossy()];
    start(rig, &folder, "redis-server", &argv, &format!("{REDIS}/6379"))?;
    let program = rig_program()?.to_string_lossy().into_owned();
    let (www, own) = (repository::www(), rig.files.parent().unwrap_or(&rig.files).to_owned());
    let (own, www) = (own.to_string_lossy(), www.to_string_lossy());
    let argv = [&*program, "_serve", &format!("{RUNNER}:8000"), &*own, &*www];
    start(rig, &folder, "http", &argv, &format!("{RUNNER}/8000"))?;
    dns::up(rig, &folder, &program)
}

/// Layer 4, as Alibaba's TCP listener: checks the port, keeps a client on its host.
fn haproxy(rig: &RigState) -> String {
    let mut text = format!(
        "global\n    maxconn 1000\ndefaults\n    mode tcp\n    timeout connect 2s\n    \
         timeout client 10m\n    timeout server 10m\n    default-server check inter 500ms fall 2 rise 1\n\
         listen harbor\n    bind {BALANCER}:443\n    balance source\n    hash-type consistent\n"
    );
    for host in &rig.hosts {
        text.extend(["    server ", &host.name, " ", &host.address, ":443\n"]);
    }
    text
}

fn redis(rig: &RigState, folder: &Path) -> Result<String> {
    let password = files::read(&rig.redis.password_file)?;
    Ok(format!(
        "bind {REDIS}\nport 6379\nprotected-mode yes\nrequirepass {}\ndir {}\n\
         save \"\"\nappendonly no\nmaxmemory-policy noeviction\n",
        password.trim(),
        folder.display()
    ))
}
