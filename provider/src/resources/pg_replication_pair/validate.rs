//! Checks of the settings, before any host is asked.

use std::net::IpAddr;

use super::files::Files;
use super::names::{OWNED, Paths, REWINDER};
use super::settings::{Member, Method, Pair};
use crate::diag::{Diag, Diags, Path};
use crate::resources::common::is_key;

/// All checks.
pub fn validate(settings: &Pair) -> Diags {
    let mut diags = Diags::new();
    version(settings, &mut diags);
    names(settings, &mut diags);
    nodes(settings, &mut diags);
    owned_settings(settings, &mut diags);
    tls(settings, &mut diags);
    client_rules(settings, &mut diags);
    password(settings, &mut diags);
    if diags.is_empty() {
        files(settings, &mut diags);
    }
    diags
}

fn error(diags: &mut Diags, path: Path, summary: &str, detail: impl Into<String>) {
    diags.push(Diag::error(summary, detail).at(path));
}

fn version(settings: &Pair, diags: &mut Diags) {
    if !(13..=18).contains(&settings.version) {
        let detail = format!("{} is not a version from 13 to 18.", settings.version);
        error(diags, Path::of("version"), "Invalid version", detail);
    }
    package_version(settings, diags);
    if settings.slot_keep_mib < 64 {
        let detail = "It must be at least 64: less than a few WAL segments cannot be kept.";
        error(diags, Path::of("slot_keep_mib"), "Invalid slot_keep_mib", detail);
    }
}

/// A version as Debian's policy has it (5.6.12), of the wanted major version.
fn package_version(settings: &Pair, diags: &mut Diags) {
    let Some(release) = &settings.package_version else { return };
    let fine = |c: char| c.is_ascii_alphanumeric() || ".+-~:".contains(c);
    let major = settings.version.to_string();
    let rest = release.strip_prefix(&major).filter(|rest| rest.starts_with(['.', '~']));
    if rest.is_none() || !release.chars().all(fine) {
        let detail = format!(
            "{release:?} is no release of PostgreSQL {major}'s packages, such as {major}.4-1. \
             `apt-cache madison postgresql-{major}` on a host lists what its package sources have."
        );
        error(diags, Path::of("package_version"), "Invalid package_version", detail);
    }
}

/// Names that stand in commands, paths and unit names: letters, digits and `_`.
fn names(settings: &Pair, diags: &mut Diags) {
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
            error(diags, Path::of(name), &format!("Invalid {name}"), detail);
        }
    }
    let user = settings.replication_user.as_str();
    if user == "postgres" || user == REWINDER || user.starts_with("pg_") {
        let detail = format!("{user} is a role of PostgreSQL's or of the pair's own.");
        error(diags, Path::of("replication_user"), "Invalid replication_user", detail);
    }
}

fn nodes(settings: &Pair, diags: &mut Diags) {
    let place = |m: Member| {
        let ssh = &settings.node(m).ssh;
        (ssh.host.to_lowercase(), ssh.port)
    };
    if place(Member::A) == place(Member::B) {
        let (host, port) = place(Member::A);
        let detail = format!("a and b are both {host}:{port}; a pair needs two hosts.");
        error(diags, Path::of("nodes.b.ssh.host"), "Both nodes are one host", detail);
    } else if settings.address(Member::A) == settings.address(Member::B) {
        let address = settings.address(Member::A);
        let detail = format!("a and b both have the address {address}; a pair needs two hosts.");
        error(diags, Path::of("nodes.b.address"), "Both nodes have one address", detail);
    }
    for member in Member::BOTH {
        let (name, address) = (member.word(), settings.address(member));
        if address.parse::<IpAddr>().is_err() {
            let detail = format!(
                "{address:?} is no IP address. PostgreSQL compares the address that a connection \
                 comes from, so write the one that the other host sees in nodes.{name}.address."
            );
            let path = Path::of(&format!("nodes.{name}.address"));
            error(diags, path, "An IP address is needed", detail);
        }
        let dir = settings.node(member).data_dir.clone();
        directory(diags, &format!("nodes.{name}.data_dir"), dir.as_deref());
    }
    directory(diags, "archive_dir", settings.archive_dir.as_deref());
}

/// An absolute path below the root, of characters that need no care anywhere.
fn directory(diags: &mut Diags, at: &str, path: Option<&str>) {
    let Some(path) = path else { return };
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/._+@-".contains(&b);
    let parts = || path.split('/').skip(1);
    let fine = path.starts_with('/')
        && path.bytes().all(plain)
        && parts().all(|p| !p.is_empty() && p != "." && p != "..");
    if !fine {
        let detail =
            format!("{path:?} is not an absolute path of letters, digits and / . _ + @ -.");
        error(diags, Path::of(at), "Invalid directory", detail);
    }
}

fn owned_settings(settings: &Pair, diags: &mut Diags) {
    for (name, value) in &settings.settings {
        let at = Path::of("settings").key(name);
        let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'.';
        if name.is_empty() || !name.bytes().all(word) {
            let detail = format!("{name:?} is no name of a PostgreSQL setting, in lower case.");
            error(diags, at, "Invalid setting", detail);
        } else if let Some((_, why)) = OWNED.iter().find(|(owned, _)| owned == name) {
            let detail = format!("{name} cannot be set here: {why}.");
            error(diags, at, "This setting is the resource's own", detail);
        } else if value.contains(['\n', '\r', '\0']) {
            let detail = format!("The value of {name} has a line break or a NUL byte.");
            error(diags, at, "Invalid setting", detail);
        }
    }
}

/// Both servers have a certificate or none: after a switchover clients meet the other.
fn tls(settings: &Pair, diags: &mut Diags) {
    let of = |member| settings.node(member).tls.as_ref();
    for member in Member::BOTH {
        let at = Path::of(&format!("nodes.{}.tls", member.word()));
        let Some(tls) = of(member) else {
            if of(member.peer()).is_some() {
                let detail = "The other node has it, and either may be the primary.";
                error(diags, at, "Missing tls", detail);
            } else if settings.tls_ca.is_some() && member == Member::A {
                let detail = "tls_ca is set, and there are no certificates to verify by it.";
                error(diags, at, "Missing tls", detail);
            }
            continue;
        };
        let key = tls.private_key_wo.as_ref();
        if !key.is_some_and(|key| is_key(key.expose())) {
            let detail = "It must be a private key in PEM form, not encrypted.";
            error(diags, at.attribute("private_key_wo"), "Invalid private key", detail);
        }
        let own = ["ssl", "ssl_cert_file", "ssl_key_file"];
        for name in own.into_iter().filter(|name| settings.settings.contains_key(*name)) {
            let detail = format!("{name} cannot be set here: `nodes.X.tls` sets it.");
            let at = Path::of("settings").key(name);
            error(diags, at, "This setting is the resource's own", detail);
        }
    }
}

fn client_rules(settings: &Pair, diags: &mut Diags) {
    for (i, rule) in settings.client_rules.iter().enumerate() {
        let at = Path::of("client_rules").index(i);
        let network = rule.address.split_once('/').map_or(rule.address.as_str(), |(a, _)| a);
        if network.parse::<IpAddr>().is_err() {
            let detail =
                format!("{:?} is no address or network such as 10.0.1.0/24.", rule.address);
            error(diags, at.attribute("address"), "Invalid address", detail);
        }
        if rule.database == "replication" {
            let detail = "Replication is for the pair itself; another standby is not managed here.";
            error(diags, at.attribute("database"), "Invalid database", detail);
        }
        if rule.method == Method::Md5 {
            let detail =
                "md5 is broken and leaves PostgreSQL; it is for clients that know no better.";
            diags.push(Diag::warning("A weak method", detail).at(at.attribute("method")));
        }
    }
}

/// Printable ASCII: every client prepares it in the same way, and it fits in one line.
fn password(settings: &Pair, diags: &mut Diags) {
    let Some(password) = &settings.replication_password_wo else { return };
    let text = password.expose();
    if text.is_empty() || !text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        let detail = "It must be printable ASCII characters, at least one.";
        let at = Path::of("replication_password_wo");
        error(diags, at, "Invalid replication_password_wo", detail);
    }
}

/// What only rendering finds.
fn files(settings: &Pair, diags: &mut Diags) {
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
            error(diags, Path::of(at), "Invalid value", why);
        }
    }
}
