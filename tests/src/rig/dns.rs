//! The rig's name server: names that come and go, for hosts, their containers and the runner.
//!
//! It answers from a file that is read for each question: `NAME ADDRESS`, or `NAME OTHER-NAME`
//! for an alias, one per line. Unknown names are unknown at once.

use std::net::{Ipv4Addr, UdpSocket};
use std::path::{Path, PathBuf};

use super::command::{check, wait_until};
use super::error::{At, Result};
use super::network::RUNNER;
use super::state::RigState;
use super::{daemon, files, paths, runner};

const PORT: u16 = 53;
/// Aliases of aliases, at most.
const DEPTH: usize = 8;

/// Starts it.
pub fn up(rig: &RigState, folder: &Path, program: &str) -> Result<()> {
    let records = records(&rig.name);
    if !records.exists() {
        files::write(&records, "", 0o644)?;
    }
    let argv = [program, "_dns", RUNNER, &records.to_string_lossy()];
    // Its answers cannot be connected to: the port for tests of life is of TCP.
    daemon::start(rig, folder, "dns", &argv, &format!("{RUNNER}/{PORT}"))
}

/// Names and what they stand for, from now on.
pub fn set(rig: &str, names: &[(String, String)]) -> Result<()> {
    let lines: String = names.iter().map(|(name, value)| format!("{name} {value}\n")).collect();
    files::write(records(rig), lines, 0o644)
}

fn records(rig: &str) -> PathBuf {
    paths::rig(rig).join("names/records")
}

/// Waits until a name has this address in the rig.
pub fn wait(rig: &str, name: &str, address: &str) -> Result<()> {
    let look = || {
        let mut getent = runner::command(rig, ["getent", "ahostsv4", name]);
        Ok(check(&mut getent).is_ok_and(|said| said.starts_with(address)))
    };
    let limit = std::time::Duration::from_secs(10);
    wait_until(&format!("{name} to be {address}"), limit, look, String::new)
}

/// Serves until the process ends; what `rig _dns` does.
pub fn serve(address: &str, records: &Path) -> Result<()> {
    let socket = UdpSocket::bind((address, PORT)).at("listen for names at", address)?;
    // Taken and closed: shows that we are here.
    let alive = std::net::TcpListener::bind((address, PORT)).at("listen at", address)?;
    std::thread::spawn(move || alive.incoming().for_each(drop));
    let mut buffer = [0; 512];
    loop {
        let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
        let text = std::fs::read_to_string(records).unwrap_or_default();
        if let Some(answer) = answer(&buffer[..length], &text) {
            // Who asked and went away is fine.
            let _ = socket.send_to(&answer, from);
        }
    }
}

/// The answer to a question for IPv4 addresses; an empty one to other questions about names that
/// there are. None to what is no question.
fn answer(question: &[u8], records: &str) -> Option<Vec<u8>> {
    let (name, end) = name(question)?;
    let kind = u16::from_be_bytes([*question.get(end)?, *question.get(end + 1)?]);
    let found = resolve(&name, records, DEPTH);
    let addresses = if kind == 1 { found.clone().unwrap_or_default() } else { Vec::new() };
    let code = if found.is_some() { 0 } else { 3 };
    let mut answer = question.get(..end + 4)?.to_owned();
    let count = u16::try_from(addresses.len()).ok()?.to_be_bytes();
    // A response, with authority; recursion is on offer, as resolvers want it.
    answer[2] = 0x84 | (question[2] & 1);
    answer[3] = 0x80 | code;
    answer[4..12].copy_from_slice(&[0, 1, count[0], count[1], 0, 0, 0, 0]);
    for address in addresses {
        // The name of the question, IPv4, Internet, for a second, four bytes.
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4]);
        answer.extend(address.octets());
    }
    Some(answer)
}

/// The name that is asked for, and where it ends.
fn name(question: &[u8]) -> Option<(String, usize)> {
    let mut labels = Vec::new();
    let mut at = 12;
    loop {
        let length = usize::from(*question.get(at)?);
        at += 1;
        if length == 0 {
            return Some((labels.join(".").to_ascii_lowercase(), at));
        }
        let label = question.get(at..at + length)?;
        labels.push(String::from_utf8_lossy(label).into_owned());
        at += length;
    }
}

/// Addresses of a name; none if there is no such name.
fn resolve(name: &str, records: &str, depth: usize) -> Option<Vec<Ipv4Addr>> {
    let lines = records.lines().filter_map(|line| line.split_once(' '));
    let values: Vec<_> = lines.filter(|(n, _)| n.eq_ignore_ascii_case(name)).collect();
    if values.is_empty() || depth == 0 {
        return None;
    }
    let mut addresses = Vec::new();
    for (_, value) in values {
        match value.parse() {
            Ok(address) => addresses.push(address),
            Err(_) => addresses.extend(resolve(value, records, depth - 1).unwrap_or_default()),
        }
    }
    Some(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDS: &str = "a.test 10.0.0.1\na.test 10.0.0.2\nb.test a.test\nc.test c.test\n";

    fn ask(name: &str, kind: u8) -> (u8, Vec<Ipv4Addr>) {
        let mut question = vec![7, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            question.push(u8::try_from(label.len()).unwrap());
            question.extend(label.bytes());
        }
        question.extend([0, 0, kind, 0, 1]);
        let answer = answer(&question, RECORDS).expect("an answer");
        assert_eq!(answer[..2], [7, 7]);
        let found = answer[question.len()..].chunks(16);
        let address = |c: &[u8]| Ipv4Addr::new(c[12], c[13], c[14], c[15]);
        (answer[3] & 0xf, found.map(address).collect())
    }

    #[test]
    fn names_and_aliases_have_their_addresses_and_others_do_not_exist() {
        let both = vec![Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2)];
        assert_eq!(ask("A.test", 1), (0, both.clone()));
        assert_eq!(ask("b.test", 1), (0, both));
        assert_eq!(ask("a.test", 28), (0, vec![]));
        assert_eq!(ask("c.test", 1), (0, vec![]));
        assert_eq!(ask("d.test", 1).0, 3);
    }

    #[test]
    fn no_bytes_make_it_panic() {
        for length in 0..20 {
            let _ = answer(&vec![0xff; length], RECORDS);
        }
    }
}
