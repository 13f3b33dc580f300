//! Import IDs: `root@198.51.100.11:22`.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use render::haproxy::endpoint_conf::{HOLD, RETRY};

use super::facts::NODE;
use super::files::CONF_PATH;
use super::settings::Server;
use crate::diag::{Diag, Diags};
use crate::facts::file;
use crate::resource::{Answers, ImportRequest, Ssh};
use crate::resources::common;
use crate::settings::Field as _;
use crate::value::{Object, Value};

fn parse(id: &str) -> Result<Ssh, Diag> {
    let detail = format!("\"{id}\" is not USER@HOST[:PORT], such as root@198.51.100.11:22.");
    common::ssh(id).ok_or_else(|| Diag::error("Invalid import ID", detail))
}

/// The file that says what it is.
pub fn request(id: &str) -> Result<ImportRequest, Diag> {
    let questions = vec![file::question(NODE, CONF_PATH)];
    Ok(ImportRequest { targets: vec![(NODE.to_owned(), parse(id)?)], questions })
}

/// The settings of what is there.
pub fn import(id: &str, answers: &Answers) -> Result<Object, Diags> {
    let ssh = parse(id).map_err(|diag| vec![diag])?;
    let fact = file::fact(answers, NODE, CONF_PATH);
    let found = fact.text().and_then(read).ok_or_else(|| {
        let detail = format!(
            "There is no {CONF_PATH} on {}, or it is none that was written here.",
            ssh.host
        );
        vec![Diag::error("Nothing to import", detail)]
    })?;
    let mut object = found;
    object.insert("ssh".to_owned(), ssh.to_value());
    Ok(object)
}

/// Address, port, servers and patience of our configuration.
fn read(text: &str) -> Option<Object> {
    let lines = || text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let value = |name: &str| {
        lines()
            .find_map(|l| l.first().filter(|n| **n == name).and(l.get(1)).map(|v| (*v).to_owned()))
    };
    let at: SocketAddr = value("bind")?.parse().ok()?;
    let retries: u32 = value("retries")?.parse().ok()?;
    let patience = retries.saturating_mul(RETRY) / 1000;
    let servers: BTreeMap<String, Server> = lines().filter_map(|line| server(&line)).collect();
    Some(Object::from([
        ("address".to_owned(), Value::from(at.ip().to_string())),
        ("port".to_owned(), at.port().to_value()),
        ("patience".to_owned(), Value::Int(patience.into())),
        ("servers".to_owned(), servers.to_value()),
    ]))
}

fn server(line: &[&str]) -> Option<(String, Server)> {
    let ["server", name, place, "check", "port", check_port] = line else { return None };
    let place: SocketAddr = place.parse().ok().filter(|_| *name != HOLD)?;
    let (address, port) = (place.ip().to_string(), place.port());
    let check_port = check_port.parse().ok()?;
    Some(((*name).to_owned(), Server { address, port, check_port }))
}
