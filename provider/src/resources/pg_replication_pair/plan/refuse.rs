//! When nothing may be touched, and why.
//!
//! Every sentence says what was found, on which host, and what to do.

use super::super::case::{Case, Side};
use super::super::facts::Dir;
use super::super::names::{HEADER, id, packages};
use super::super::settings::{Member, OnDivergence, Source};
use crate::diag::{Diag, Diags, Path};
use crate::facts::release;

/// Space that a copy needs, as a part of what is copied: the WAL of its own time comes on top.
const SPACE: (u64, u64) = (6, 5);

/// Why nothing may be touched, if so.
pub fn refusals(case: &Case) -> Diags {
    let mut refusals = Diags::new();
    let there = |member: &Member| case.missing(*member).is_none();
    for member in Member::BOTH.into_iter().filter(there) {
        refusals.extend(host(case, &case.side(member)));
    }
    if !Member::BOTH.iter().all(there) {
        return refusals;
    }
    refusals.extend(identity(case));
    if !case.standby().host.dir.has_data() {
        refusals.extend(alike(case));
    }
    if needs_copy(case) {
        refusals.extend(vanished(case));
        refusals.extend(copy(case));
    }
    refusals.extend(unknown_settings(case));
    refusals.extend(foreign_rise(case));
    refusals
}

/// Nothing that we write lets such a standby follow.
fn foreign_rise(case: &Case) -> Diags {
    let mut refusals = Diags::new();
    let Some((name, value, file)) = super::config::foreign_rise(case) else { return refusals };
    let detail = format!(
        "{file} on {} sets {name} to {value}, and {} has less: it cannot follow (13: it stops; from \
         14 on its replay pauses, and it does not start again). Write settings = {{ {name} = \
         \"{value}\" }}, or take the line out there and restart it. Nothing was touched.",
        case.settings.place(case.primary().member),
        case.settings.place(case.standby().member)
    );
    refusals.push(refusal("settings", "The standby cannot have what the primary has", detail));
    refusals
}

fn host(case: &Case, side: &Side) -> Diags {
    let mut refusals = Diags::new();
    let at = format!("nodes.{}.data_dir", side.member.word());
    let place = case.settings.place(side.member);
    let (host, dir) = (side.host, &side.host.data);
    refusals.extend(super::others::refusals(case, side));
    refusals.extend(package(case, side));
    let conf = host.files.get(&side.paths.main_conf).and_then(|f| f.text());
    if !host.making && conf.is_some_and(|text| !text.contains("\ninclude_dir")) {
        let detail = format!(
            "{} on {place} has no line include_dir = 'conf.d', so that settings written there have \
             no effect. Add it at the end.",
            side.paths.main_conf
        );
        refusals.push(refusal("settings", "The configuration does not read conf.d", detail));
    }
    if host.cluster && host.data != side.paths.data {
        let detail = format!(
            "The cluster {}/{} on {place} has its data in {dir}, not in {}. A data directory is \
             never moved: write {dir} in the configuration.",
            case.settings.version, case.settings.cluster, side.paths.data
        );
        refusals.push(refusal(&at, "The cluster has another data directory", detail));
    }
    match &host.dir {
        Dir::Other(names) if !host.making => {
            let detail = format!(
                "{dir} on {place} is not empty and holds no PostgreSQL data: {names}. Nothing in it \
                 is touched: move it away, or choose another directory."
            );
            refusals.push(refusal(&at, "The data directory holds something else", detail));
        }
        Dir::Data(version) if *version != case.settings.version.to_string() && !host.making => {
            let detail = format!(
                "{dir} on {place} holds data of PostgreSQL {version}, and version is {}.",
                case.settings.version
            );
            refusals.push(refusal("version", "The data is of another version", detail));
        }
        Dir::Absent | Dir::Empty if host.mountpoint => {
            let detail = format!(
                "{dir} on {place} is a mount point. PostgreSQL needs a directory below it, such as \
                 {dir}/data: then a missing mount is not taken for an empty cluster."
            );
            refusals.push(refusal(&at, "The data directory is a mount point", detail));
        }
        _ => {}
    }
    refusals.extend(port(case, side));
    refusals
}

fn package(case: &Case, side: &Side) -> Diags {
    let mut refusals = Diags::new();
    let [server, _] = packages(case.settings);
    let host = side.host;
    let known = host.packages.get(&server).is_some_and(|p| p.candidate.is_some());
    let unlisted =
        !host.lists && release::of(&host.os).is_none_or(|r| r.postgresql == case.settings.version);
    let comes = case.settings.source == Source::Pgdg || unlisted;
    if !host.server && !known && !comes {
        let os = &host.os;
        let detail = format!(
            "{server} is in no package source of {} ({} {}). Set source = \"pgdg\", or choose the \
             version that the distribution has.",
            case.settings.place(side.member),
            os.id,
            os.version
        );
        refusals.push(refusal("version", "This version is not available", detail));
    }
    refusals
}

fn port(case: &Case, side: &Side) -> Diags {
    let mut refusals = Diags::new();
    let (host, port) = (side.host, case.settings.port);
    if host.listener.is_empty() || host.pid_port == Some(port) {
        return refusals;
    }
    let who = match host.listener.split_once(' ') {
        Some((name, pid)) => format!("{name} (process {pid})"),
        None => "a process that cannot be named".to_owned(),
    };
    let detail = format!(
        "On {}, {who} listens on TCP port {port}. Stop it, or choose another port.",
        case.settings.place(side.member)
    );
    refusals.push(refusal("port", "The port is in use", detail));
    refusals
}

fn identity(case: &Case) -> Diags {
    let mut refusals = Diags::new();
    let (primary, standby) = (case.primary(), case.standby());
    let at = |side: &Side| format!("nodes.{}.data_dir", side.member.word());
    let name = |side: &Side| side.host.control.system_identifier.clone();
    let (p, s) = (name(&primary), name(&standby));
    let (p_data, s_data) = (primary.host.dir.has_data(), standby.host.dir.has_data());
    // A control file that cannot be read, as after a rewind that was cut off, names nobody.
    let other = |a: &str, b: &str| !a.is_empty() && !b.is_empty() && a != b;
    if p_data && s_data && other(&p, &s) && !primary.host.making {
        let detail = format!(
            "{} on {} has the system identifier {s}, the primary's on {} has {p}: it is no copy of \
             it. Nothing in it is touched: move it away, or choose another directory.",
            standby.host.data,
            case.settings.place(standby.member),
            case.settings.place(primary.member)
        );
        refusals.push(refusal(&at(&standby), "The data is of another cluster", detail));
    }
    let before = case.prior_text("system_identifier");
    if let (true, Some(before)) = (p_data, before)
        && other(before, &p)
        && !primary.host.making
    {
        let detail = format!(
            "{} on {} has the system identifier {p}; the pair's is {before}. Somebody put another \
             cluster there. Nothing was touched.",
            primary.host.data,
            case.settings.place(primary.member)
        );
        refusals.push(refusal(&at(&primary), "The data is of another cluster", detail));
    }
    if !p_data && (s_data || before.is_some()) {
        let why = match (before, s_data) {
            (Some(before), _) => format!("the pair with the system identifier {before} was there"),
            (None, _) => format!("the standby has data (system identifier {s})"),
        };
        let detail = format!(
            "There is no data in {} on {}, and {why}. A new cluster would take its place, so none is \
             made. If a mount is missing, mount it; if the data is lost, the standby's is the one \
             to keep.",
            primary.paths.data,
            case.settings.place(primary.member)
        );
        refusals.push(refusal(&at(&primary), "The primary's data is missing", detail));
    }
    refusals.extend(stranger(case, p_data && !s_data));
    refusals
}

/// A single server that we did not make: a pair may be imported, a server is not taken over.
fn stranger(case: &Case, alone: bool) -> Diags {
    let mut refusals = Diags::new();
    let side = case.primary();
    let marker = side.host.files.get(&side.paths.marker).and_then(|f| f.text());
    let ours = marker.is_some_and(|text| {
        text.strip_prefix(HEADER)
            .is_some_and(|t| t.starts_with(&format!("pair {}\n", id(case.settings))))
    });
    if alone && case.context.prior.is_none() && !ours && !side.host.making {
        let detail = format!(
            "{} on {} holds a cluster (system identifier {}) that this resource did not make, and {} \
             has no copy of it. Choose another directory or cluster name; or make the copy, and \
             import the pair: terraform import ... {}",
            side.host.data,
            case.settings.place(side.member),
            side.host.control.system_identifier,
            case.settings.place(case.settings.standby()),
            id(case.settings)
        );
        let at = format!("nodes.{}.data_dir", side.member.word());
        refusals.push(refusal(&at, "The data is of another cluster", detail));
    }
    refusals
}

fn needs_copy(case: &Case) -> bool {
    case.primary().host.dir.has_data() && !case.standby().host.dir.has_data()
}

/// A physical copy needs the same release and libraries, also before there is anything to copy.
fn alike(case: &Case) -> Diags {
    let mut refusals = Diags::new();
    let (primary, standby) = (case.primary(), case.standby());
    let (p, s) = (case.settings.place(primary.member), case.settings.place(standby.member));
    let (po, so) = (&primary.host.os, &standby.host.os);
    if (&po.arch, &po.libc) != (&so.arch, &so.libc) {
        let detail = format!(
            "{p} has {} with libc {}, {s} has {} with libc {}. Text indexes of a physical copy would \
             be wrong: use the same release of the operating system.",
            po.arch, po.libc, so.arch, so.libc
        );
        refusals.push(refusal("nodes", "The hosts differ", detail));
    }
    refusals.extend(minor_versions(case));
    refusals
}

/// A cluster that is configured and has no data had some: its disk may only not be mounted, and a
/// copy would fill the one below.
fn vanished(case: &Case) -> Diags {
    let mut refusals = Diags::new();
    let side = case.standby();
    let agreed = case.settings.on_divergence == OnDivergence::Reclone;
    if !side.host.cluster || side.host.clone || agreed {
        return refusals;
    }
    let detail = format!(
        "The cluster {}/{} is configured on {}, and there is no data in {}. If a mount is missing, \
         mount it. If the data is lost, on_divergence = \"reclone\" copies it anew.",
        case.settings.version,
        case.settings.cluster,
        case.settings.place(side.member),
        side.paths.data
    );
    refusals.push(refusal("on_divergence", "The standby's data is missing", detail));
    refusals
}

/// What a copy needs: room, and one disk each.
fn copy(case: &Case) -> Diags {
    let mut refusals = Diags::new();
    let (primary, standby) = (case.primary(), case.standby());
    let (p, s) = (case.settings.place(primary.member), case.settings.place(standby.member));
    let at = format!("nodes.{}.data_dir", standby.member.word());
    let Some(sql) = &primary.host.sql else { return refusals };
    let needed = sql.size.unwrap_or_default().saturating_add(sql.wal_size);
    let needed = needed.saturating_mul(SPACE.0).div_euclid(SPACE.1);
    if standby.host.free < needed {
        let detail = format!(
            "The copy of {p} needs {needed} bytes (1.2 times its data and WAL); {} on {s} has {} \
             bytes free.",
            standby.paths.data, standby.host.free
        );
        refusals.push(refusal(&at, "Not enough space for the copy", detail));
    }
    if !sql.tablespaces.is_empty() {
        let detail = format!(
            "{p} has tablespaces ({}); a copy would put them at the same paths on {s}. Move their \
             tables to pg_default first.",
            sql.tablespaces.join(", ")
        );
        refusals.push(refusal(&at, "Tablespaces cannot be copied", detail));
    }
    let shared = primary.host.fs.starts_with("nfs") && primary.host.fs == standby.host.fs;
    if shared && primary.paths.data == standby.paths.data {
        let detail = format!(
            "{} is on {} on both hosts: it is one directory, and two servers in it would destroy \
             each other's data. Give each host a directory of its own.",
            standby.paths.data, standby.host.fs
        );
        refusals.push(refusal(&at, "Both hosts have the same directory", detail));
    }
    refusals
}

/// A standby must not be of an older minor release than its primary, and a new one needs no other.
fn minor_versions(case: &Case) -> Diags {
    let mut refusals = Diags::new();
    let [server, _] = packages(case.settings);
    if case.settings.package_version.is_some() {
        // Both have it before anything is copied.
        return refusals;
    }
    let version = |side: &Side| {
        let package = side.host.packages.get(&server)?;
        let text = package.installed.clone().or_else(|| package.candidate.clone())?;
        text.split(['-', '+']).next().map(str::to_owned)
    };
    let (primary, standby) = (case.primary(), case.standby());
    let (Some(p), Some(s)) = (version(&primary), version(&standby)) else { return refusals };
    if p != s {
        let detail = format!(
            "{} has or would get {server} {p}, {} {s}. Give both the same package sources, and \
             upgrade the standby's package first.",
            case.settings.place(primary.member),
            case.settings.place(standby.member)
        );
        refusals.push(refusal("version", "The hosts have different minor versions", detail));
    }
    refusals
}

/// Names that the running server does not know, before any file is written.
fn unknown_settings(case: &Case) -> Diags {
    let mut refusals = Diags::new();
    let Some(sql) = &case.primary().host.sql else { return refusals };
    for name in case.settings.settings.keys().filter(|n| !n.contains('.')) {
        if !sql.settings.iter().any(|s| s.name == *name) {
            let detail = format!("PostgreSQL {} has no setting {name}.", sql.version);
            let path = Path::of("settings").key(name);
            refusals.push(Diag::error("Unknown setting", detail).at(path));
        }
    }
    refusals
}

fn refusal(at: &str, summary: &str, detail: impl Into<String>) -> Diag {
    Diag::error(summary, detail).at(Path::of(at))
}
