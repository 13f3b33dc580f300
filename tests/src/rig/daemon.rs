//! Programs that run around the hosts: started, found and ended.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::cgroup::Group;
use super::command::{check, run, tail, wait_until};
use super::error::{At, Result, RigError};
use super::state::RigState;
use super::{files, network};

/// Name of the group with all of them; no host can have it, as host names have no dot.
const GROUP: &str = "services.d";
/// Joins the control groups whose files are the first arguments, and runs what follows `--`.
pub const JOIN: &str = r#"while [ "$1" != -- ]; do echo $$ > "$1"; shift; done; shift; exec "$@""#;
/// Each of them starts in well under a second.
const START: Duration = Duration::from_secs(30);

/// Starts one of them and waits until it takes connections; one that does already is left alone.
pub fn start(rig: &RigState, folder: &Path, name: &str, argv: &[&str], port: &str) -> Result<()> {
    if answers(rig, port) {
        return Ok(());
    }
    let joins = group(rig)?;
    let path = folder.join(format!("{name}.log"));
    let log = File::create(&path).at("create", &path)?;
    let mut service = network::inside(&rig.name, ["sh", "-ec", JOIN, "sh"]);
    service.args(joins).arg("--").args(argv).current_dir(folder).process_group(0);
    service.stdout(log.try_clone().at("open", &path)?).stderr(log);
    let mut child =
        service.spawn().map_err(|source| RigError::Spawn { program: name.to_owned(), source })?;
    files::write(pid_file(folder, name), child.id().to_string(), 0o644)?;
    let why = || tail(files::read(&path).unwrap_or_default().as_bytes());
    let up = || Ok(answers(rig, port) || child.try_wait().is_ok_and(|end| end.is_some()));
    wait_until(&format!("{name} to start"), START, up, why)?;
    if !answers(rig, port) {
        let what = format!("{name}, which ended");
        return Err(RigError::Timeout { what, seconds: 0, tail: why() });
    }
    std::thread::spawn(move || child.wait());
    Ok(())
}

/// The process of a service that was started; none if it has ended.
pub fn process(folder: &Path, name: &str) -> Option<u32> {
    let pid = files::read(pid_file(folder, name)).ok()?.trim().parse().ok()?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    (!status.contains(") Z ")).then_some(pid)
}

/// Ends one of them and waits until it has ended.
pub fn stop(folder: &Path, name: &str) -> Result<()> {
    if let Some(pid) = process(folder, name) {
        run(["kill", &pid.to_string()])?;
        let gone = || Ok(process(folder, name).is_none());
        wait_until(&format!("{name} to end"), START, gone, String::new)?;
    }
    let _ = std::fs::remove_file(pid_file(folder, name));
    Ok(())
}

/// The files by which a process joins the group of the services.
pub fn group(rig: &RigState) -> Result<Vec<PathBuf>> {
    Group::new(&rig.name, GROUP).create()
}

/// Where the process of a service is told.
pub fn pid_file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.pid"))
}

/// Whether something takes connections at `ADDRESS/PORT`.
pub fn answers(rig: &RigState, port: &str) -> bool {
    let connect = format!("exec 3<>/dev/tcp/{port}");
    check(&mut network::inside(&rig.name, ["bash", "-c", &connect])).is_ok()
}

/// The `rig` program: this one, or for a test the one that cargo built beside it.
pub fn rig_program() -> Result<PathBuf> {
    let own = std::env::current_exe().at("find", "this program")?;
    let beside = own.ancestors().skip(1).map(|folder| folder.join("rig"));
    let mut found = std::iter::once(own.clone()).filter(|path| path.ends_with("rig")).chain(beside);
    found.find(|path| path.is_file()).ok_or(RigError::Spawn {
        program: "rig (build it: cargo build -p breakwater-tests)".to_owned(),
        source: std::io::ErrorKind::NotFound.into(),
    })
}
