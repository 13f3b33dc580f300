//! Checks of the settings, before any host is asked.

mod tls;
mod values;

use std::net::IpAddr;

use super::files::{self, Files};
use super::names::{Paths, REWINDER};
use super::role_check;
use super::settings::{Member, Method, Pair};
use crate::diag::{Path, has_error};
use crate::rule::{Findings, Rule};

/// What the files are made of.
const FILES: &[&str] = &[
    "version",
    "cluster",
    "port",
    "nodes.a.address",
    "nodes.a.ssh.host",
    "nodes.a.data_dir",
    "nodes.b.address",
    "nodes.b.ssh.host",
    "nodes.b.data_dir",
    "settings",
    "client_rules",
    "mirror",
    "archive_dir",
    "replication_user",
    "slot_name",
    "slot_keep_mib",
    "sync",
    "tls_ca",
    "tls_verify",
];

/// What says where both hosts are.
const PLACES: &[&str] = &[
    "nodes.a.address",
    "nodes.a.ssh.host",
    "nodes.a.ssh.port",
    "nodes.b.address",
    "nodes.b.ssh.host",
    "nodes.b.ssh.port",
];

/// All rules.
pub const RULES: &[Rule<Pair>] = &[
    Rule { reads: &["version", "slot_keep_mib"], check: version },
    Rule { reads: &["version", "package_version"], check: package_version },
    Rule { reads: &["cluster", "replication_user", "slot_name"], check: names },
    Rule { reads: PLACES, check: places },
    Rule {
        reads: &["nodes.a.address", "nodes.a.ssh.host"],
        check: |s, f| address(s, Member::A, f),
    },
    Rule {
        reads: &["nodes.b.address", "nodes.b.ssh.host"],
        check: |s, f| address(s, Member::B, f),
    },
    Rule { reads: &["nodes.a.data_dir"], check: |s, f| data_dir(s, Member::A, f) },
    Rule { reads: &["nodes.b.data_dir"], check: |s, f| data_dir(s, Member::B, f) },
    Rule { reads: &["archive_dir", "nodes.a.data_dir", "nodes.b.data_dir"], check: archive_dir },
    Rule {
        reads: &[
            "version",
            "sync",
            "settings",
            "nodes.a.address",
            "nodes.a.ssh.host",
            "nodes.b.address",
            "nodes.b.ssh.host",
        ],
        check: values::values,
    },
    Rule { reads: &["nodes.a.tls", "nodes.b.tls", "tls_ca", "settings"], check: tls::given },
    Rule {
        reads: &[
            "version",
            "nodes.a.tls",
            "nodes.a.address",
            "nodes.a.ssh.host",
            "tls_ca",
            "tls_verify",
        ],
        check: |s, f| tls::trusted(s, Member::A, f),
    },
    Rule {
        reads: &[
            "version",
            "nodes.b.tls",
            "nodes.b.address",
            "nodes.b.ssh.host",
            "tls_ca",
            "tls_verify",
        ],
        check: |s, f| tls::trusted(s, Member::B, f),
    },
    Rule {
        reads: &["port", "role_check_port", "nodes.a.ssh.port", "nodes.b.ssh.port"],
        check: role_check::check,
    },
    Rule { reads: &["client_rules"], check: client_rules },
    Rule { reads: &["replication_password_wo"], check: password },
    Rule { reads: FILES, check: files },
];

fn version(settings: &Pair, found: &mut Findings) {
    if !(13..=18).contains(&settings.version) {
        let detail = format!("{} is not a version from 13 to 18.", settings.version);
        found.error(Path::of("version"), "Invalid version", detail);
    }
    if settings.slot_keep_mib < 64 {
        let detail = "It must be at least 64: less than a few WAL segments cannot be kept.";
        found.error(Path::of("slot_keep_mib"), "Invalid slot_keep_mib", detail);
    }
}

/// A version as Debian's policy has it (5.6.12), of the wanted major version.
fn package_version(settings: &Pair, found: &mut Findings) {
    let Some(release) = &settings.package_version else { return };
    let fine = |c: char| c.is_ascii_alphanumeric() || ".+-~:".contains(c);
    let major = settings.version.to_string();
    let rest = release.strip_prefix(&major).filter(|rest| rest.starts_with(['.', '~']));
    if rest.is_none() || !release.chars().all(fine) {
        let detail = format!(
            "{release:?} is no release of PostgreSQL {major}'s packages, such as {major}.4-1. \
             `apt-cache madison postgresql-{major}` on a host lists what its package sources have."
        );
        found.error(Path::of("package_version"), "Invalid package_version", detail);
    }
}

/// Names that stand in commands, paths and unit names: letters, digits and `_`.
fn names(settings: &Pair, found: &mut Findings) {
    let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    let fine = |text: &str| {
        (1..=63).contains(&text.len())
            && text.bytes().all(lower)
            && !text.starts_with(|c: char| c.is_ascii_digit())
    };
    let all = [
        ("cluster", &settings.cluster),
        ("replication_user", &settings.replication_user),
        ("slot_name", &settings.slot_name),
    ];
    for (name, value) in all {
        if !fine(value) {
            let detail = format!("{value:?} is not 1 to 63 lower case letters, digits and _.");
            found.error(Path::of(name), format!("Invalid {name}"), detail);
        }
    }
    let user = settings.replication_user.as_str();
    if user == "postgres" || user == REWINDER || user.starts_with("pg_") {
        let detail = format!("{user} is a role of PostgreSQL's or of the pair's own.");
        found.error(Path::of("replication_user"), "Invalid replication_user", detail);
    }
}

/// Two hosts.
fn places(settings: &Pair, found: &mut Findings) {
    let place = |m: Member| {
        let ssh = &settings.node(m).ssh;
        (ssh.host.to_lowercase(), ssh.port)
    };
    if place(Member::A) == place(Member::B) {
        let (host, port) = place(Member::A);
        let detail = format!("a and b are both {host}:{port}; a pair needs two hosts.");
        found.error(Path::of("nodes.b.ssh.host"), "Both nodes are one host", detail);
    } else if settings.address(Member::A) == settings.address(Member::B) {
        let address = settings.address(Member::A);
        let detail = format!("a and b both have the address {address}; a pair needs two hosts.");
        found.error(Path::of("nodes.b.address"), "Both nodes have one address", detail);
    }
}

/// An address that the other host reaches.
fn address(settings: &Pair, member: Member, found: &mut Findings) {
    let (name, address) = (member.word(), settings.address(member));
    let path = Path::of(&format!("nodes.{name}.address"));
    let why = match address.parse::<IpAddr>() {
        Err(_) => {
            "is no IP address. PostgreSQL compares the address that a connection comes from, so \
             write the one that the other host sees"
        }
        Ok(ip) if ip.is_loopback() || ip.is_unspecified() || ip.is_multicast() => {
            "is no address by which the other host reaches this one: write that one"
        }
        Ok(_) => return,
    };
    let detail = format!("{address:?} {why} in nodes.{name}.address.");
    found.error(path, "An IP address is needed", detail);
}

fn data_dir(settings: &Pair, member: Member, found: &mut Findings) {
    let dir = settings.node(member).data_dir.as_deref();
    directory(found, &format!("nodes.{}.data_dir", member.word()), dir);
}

fn archive_dir(settings: &Pair, found: &mut Findings) {
    directory(found, "archive_dir", settings.archive_dir.as_deref());
    let inside = |m: Member| {
        let archive = settings.archive_dir.as_ref()?;
        let data = settings.node(m).data_dir.as_ref()?;
        format!("{archive}/").starts_with(&format!("{data}/")).then_some(data)
    };
    if let Some(data) = Member::BOTH.into_iter().find_map(inside) {
        let detail =
            format!("It lies in the data directory {data}, which is copied and moved whole.");
        found.error(Path::of("archive_dir"), "Invalid directory", detail);
    }
}

/// An absolute path below the root, of characters that need no care anywhere.
fn directory(found: &mut Findings, at: &str, path: Option<&str>) {
    let Some(path) = path else { return };
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/._+@-".contains(&b);
    let parts = || path.split('/').skip(1);
    let fine = path.starts_with('/')
        && path.bytes().all(plain)
        && parts().all(|p| !p.is_empty() && p != "." && p != "..");
    if !fine {
        let detail =
            format!("{path:?} is not an absolute path of letters, digits and / . _ + @ -.");
        found.error(Path::of(at), "Invalid directory", detail);
    }
}

fn client_rules(settings: &Pair, found: &mut Findings) {
    for (i, rule) in settings.client_rules.iter().enumerate() {
        let at = Path::of("client_rules").index(i);
        if let Some(why) = no_network(&rule.address) {
            let detail = format!("{:?} {why}.", rule.address);
            found.error(at.attribute("address"), "Invalid address", detail);
        } else if let Some((attribute, why)) = files::rule_fault(rule) {
            let detail = format!("The {attribute} {why}.");
            found.error(at.attribute(attribute), format!("Invalid {attribute}"), detail);
        }
        if rule.database == "replication" {
            let detail = "Replication is for the pair itself; another standby is not managed here.";
            found.error(at.attribute("database"), "Invalid database", detail);
        }
        if rule.method == Method::Md5 {
            let detail =
                "md5 is broken and leaves PostgreSQL; it is for clients that know no better.";
            found.warn(at.attribute("method"), "A weak method", detail);
        }
    }
}

/// Why a text is no address and no network: PostgreSQL would not read the whole file.
fn no_network(text: &str) -> Option<String> {
    let (address, length) = text.split_once('/').map_or((text, None), |(a, l)| (a, Some(l)));
    let Ok(ip) = address.parse::<IpAddr>() else {
        return Some("is no address or network such as 10.0.1.0/24".to_owned());
    };
    let most = if ip.is_ipv4() { 32 } else { 128 };
    match length.map(str::parse::<u8>) {
        Some(Ok(length)) if length > most => Some(format!("has a prefix length above {most}")),
        Some(Err(_)) => Some("has no number behind its /".to_owned()),
        _ => None,
    }
}

/// Printable ASCII: every client prepares it in the same way, and it fits in one line.
fn password(settings: &Pair, found: &mut Findings) {
    let Some(password) = &settings.replication_password_wo else { return };
    let text = password.expose();
    if text.is_empty() || !text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        let detail = "It must be printable ASCII characters, at least one.";
        let at = Path::of("replication_password_wo");
        found.error(at, "Invalid replication_password_wo", detail);
    }
}

/// What only rendering finds; after the others.
fn files(settings: &Pair, found: &mut Findings) {
    if has_error(&found.diags) {
        return;
    }
    let paths = Paths::new(settings, Member::A);
    let files = Files { settings, member: Member::A, paths: &paths, keeps_name: false };
    let host = super::facts::Host::default();
    let rendered = [
        ("settings", files.shared_conf(&std::collections::BTreeMap::default())),
        ("nodes", files.own_conf()),
        ("client_rules", files.hba(&host)),
        ("mirror", files.sources("stable")),
        ("archive_dir", files.archive_script().unwrap_or_else(|| Ok(files.marker()))),
    ];
    for (at, result) in rendered {
        if let Err(why) = result {
            found.error(Path::of(at), "Invalid value", why);
        }
    }
}
