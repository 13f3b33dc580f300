//! Who asks a member's host by HTTP whether its server is the primary gets an answer: files and state.
//! They are there where `role_check_port` is set.

use std::net::IpAddr;

use render::postgres::role_check::{self, Settings};

use super::facts::Host;
use super::names::Paths;
use super::settings::{Member, Pair};
use crate::diag::Path;
use crate::facts::file::FileFact;
use crate::facts::service;
use crate::resource::Question;
use crate::rule::Findings;
use crate::sql::STARTUP;
use crate::step::File;

/// The socket unit as it should be.
pub const RUNNING: &str = "active, enabled";

/// `breakwater-role-15-main.socket`
pub fn unit(paths: &Paths) -> &str {
    paths.role_socket.rsplit('/').next().unwrap_or_default()
}

/// Its name in `status`.
pub fn thing(paths: &Paths) -> String {
    format!("service {}", unit(paths))
}

/// The state of the socket unit.
pub fn question(host: &str, paths: &Paths) -> Question {
    service::question(host, &[unit(paths)])
}

/// The files that should be there.
pub fn wanted(settings: &Pair, member: Member, paths: &Paths) -> Vec<Result<File, String>> {
    let address = settings.address(member).parse::<IpAddr>();
    let (Some(check_port), Ok(address)) = (settings.role_check_port, address) else {
        return Vec::new();
    };
    let settings = Settings {
        address,
        check_port,
        port: settings.port,
        data: paths.data.clone(),
        psql: format!("{}/psql", paths.bin),
        options: STARTUP.to_owned(),
        script: paths.role_script.clone(),
    };
    let file = |path: &String, text: Result<String, render::Error>| {
        text.map(|text| File::public(path, text)).map_err(|e| e.to_string())
    };
    vec![
        file(&paths.role_script, role_check::script(&settings)).map(|file| file.mode(0o755)),
        file(&paths.role_service, role_check::service(&settings)),
        file(&paths.role_socket, role_check::socket(&settings)),
    ]
}

/// The files that are there.
pub fn present<'a>(paths: &'a Paths, host: &Host) -> Vec<&'a String> {
    let there = |path: &&String| host.files.get(*path).is_some_and(FileFact::is_present);
    paths.role_check().into_iter().filter(there).collect()
}

/// The port of one that is there, of an import.
pub fn port(host: &Host, paths: &Paths) -> Option<u16> {
    let text = host.files.get(&paths.role_socket)?.text()?;
    let at = text.lines().find_map(|line| line.strip_prefix("ListenStream="))?;
    at.rsplit(':').next()?.parse().ok()
}

/// It is a port of its own.
pub fn check(settings: &Pair, found: &mut Findings) {
    let Some(port) = settings.role_check_port else { return };
    let mut taken = vec![("PostgreSQL".to_owned(), settings.port)];
    let sshd = |m| (format!("sshd of {}", settings.place(m)), settings.node(m).ssh.port);
    taken.extend(Member::BOTH.map(sshd));
    if let Some((who, _)) = taken.iter().find(|(_, taken)| *taken == port) {
        let detail = format!("{who} has port {port}. Patroni, which answers alike, has 8008.");
        found.error(Path::of("role_check_port"), "Invalid role_check_port", detail);
    }
}
