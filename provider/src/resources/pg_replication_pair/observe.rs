//! What is there, of both servers.

use std::collections::BTreeMap;

use super::case::{Case, Side, label, named};
use super::describe;
use super::facts::Facts;
use super::files::is_url;
use super::names::{Paths, REWINDER, packages};
use super::plan::config;
use super::role_check;
use super::settings::{Member, Outputs, Pair, Source};
use crate::facts::package::Package;
use crate::observation::Observation;
use crate::plan::{Context, Known};
use crate::settings::Settings;
use crate::step::File;
use crate::value::Object;

/// How the role of a server reads whose host does not answer.
pub const MISSING: &str = "does not answer";

/// What is there. What a new configuration brings makes no difference: of passwords those count that
/// the hosts keep.
pub fn observe(settings: &Pair, facts: &Facts, missing: &BTreeMap<String, String>) -> Observation {
    let paths = [Paths::new(settings, Member::A), Paths::new(settings, Member::B)];
    let (nothing, missing) = (Observation::default(), missing.clone());
    let context = Context { missing, ..Context::default() };
    let case = Case::new(settings, facts, Known::new(&nothing, &context), &paths);
    let mut observed = Observation { outputs: outputs(&case), ..Observation::default() };
    for side in Member::BOTH.map(|member| case.side(member)) {
        if case.missing(side.member).is_some() {
            observed.status(named(side.member, "role"), MISSING);
        } else {
            files(&case, &side, &mut observed);
            status(&case, &side, &mut observed);
        }
    }
    if case.missing(settings.primary).is_none() {
        access(&case, &mut observed);
    }
    let has_stale_slot = has_stale_slot(&case, case.kept_password().is_some());
    if case.missing(settings.standby()).is_none() && has_stale_slot {
        observed.status(slot_label(&case, settings.standby()), "left from before");
    }
    observed
}

fn files(case: &Case, side: &Side, observed: &mut Observation) {
    let mut note = |like: &File| {
        let fact = case.fact(side.member, &like.path);
        observed.file(side.member.word(), label(side.member, &like.path), fact, like);
    };
    for like in side.files.all(side.host, case.kept_password().as_ref()).into_iter().flatten() {
        note(&like);
    }
    for path in side.files.unwanted(side.host) {
        note(&case.fact(side.member, path).kept(File::public(path, "")));
    }
}

fn status(case: &Case, side: &Side, observed: &mut Observation) {
    let mut note = |thing: String, text: &str| {
        observed.status(named(side.member, &thing), text);
    };
    let host = side.host;
    for name in packages(case.settings) {
        let release = case.settings.package_version.as_deref();
        let (actual, _) = Package::status(host.packages.get(&name), release);
        note(format!("package {name}"), actual);
    }
    if fetches_key(case, side) && case.fact(side.member, &side.paths.key).is_present() {
        note(KEY.to_owned(), "present");
    }
    if let Some(dir) = case.settings.archive_dir.as_ref().filter(|_| !host.archive.is_empty()) {
        note(format!("archive {dir}"), &format!("directory of {}", host.archive));
    }
    if is_open(side) {
        note(format!("mode and owner of {}", side.paths.data), &host.dir_mode);
    }
    note(unit(side), &describe::service(host));
    note(role_check::thing(side.paths), &host.role_check.status());
    note("role".to_owned(), &describe::role(case, host));
    note("configuration".to_owned(), &config::loaded(case, side));
    for (name, value) in config::hidden(side) {
        note(format!("setting {name} (ALTER SYSTEM)"), &format!("'{value}'"));
    }
    for (name, value) in config::later(side) {
        note(format!("setting {name} (postgresql.conf)"), &format!("'{value}'"));
    }
}

/// The roles and the slot of the primary.
fn access(case: &Case, observed: &mut Observation) {
    let (side, password) = (case.primary(), case.kept_password());
    for name in [&case.settings.replication_user, REWINDER] {
        let mut roles = side.host.sql.iter().flat_map(|s| &s.roles);
        if let Some(role) = roles.find(|r| r.name == *name) {
            let text = describe::access(side.host, role, password.as_ref());
            observed.status(named(side.member, &format!("role {name}")), text);
        }
    }
    observed.status(slot_label(case, side.member), slot(case));
}

/// Kind of the pair's slot on the primary; empty if there is none.
pub fn slot<'a>(case: &Case<'a>) -> &'a str {
    let mut slots = case.primary().host.sql.iter().flat_map(|s| &s.slots);
    slots.find(|s| s.name == case.settings.slot_name).map_or("", |s| s.r#type.as_str())
}

/// The pair's slot in `status`.
pub fn slot_label(case: &Case, member: Member) -> String {
    named(member, &format!("slot {}", case.settings.slot_name))
}

/// Whether the standby has the slot that it kept as a primary: it would hold WAL for ever. It is left
/// until the standby can be brought up.
pub fn has_stale_slot(case: &Case, password: bool) -> bool {
    let slots = case.standby().host.sql.iter().flat_map(|s| &s.slots);
    let found = slots.clone().any(|s| s.name == case.settings.slot_name && s.r#type == "physical");
    found && password && case.primary().host.sql.is_some()
}

/// A key that is fetched has no text that a plan could show.
pub fn fetches_key(case: &Case, side: &Side) -> bool {
    case.settings.source == Source::Pgdg
        && side.files.key().is_none()
        && is_url(&case.settings.signing_key)
}

/// That key in `status`.
pub const KEY: &str = "key of the package source";

/// PostgreSQL does not start in a directory that others may read.
pub fn is_open(side: &Side) -> bool {
    !["", "700 postgres", "750 postgres"].contains(&side.host.dir_mode.as_str())
}

/// Its unit in `status`.
pub fn unit(side: &Side) -> String {
    format!("service {}", side.paths.unit.trim_end_matches(".service"))
}

/// The server that takes writes; the wanted one where both do, none where neither does.
fn acting<'a>(case: &Case<'a>) -> Option<Side<'a>> {
    [case.primary(), case.standby()].into_iter().find(|side| side.host.takes_writes())
}

fn outputs(case: &Case) -> Object {
    let acting = acting(case);
    let primary = acting.unwrap_or_else(|| case.primary());
    let standby = case.side(primary.member.peer());
    let sql = primary.host.sql.as_ref();
    let running = acting.is_some();
    let position = |side: Side| side.host.sql.as_ref().and_then(|s| s.lsn);
    let lag = position(primary).zip(position(standby)).map(|(p, s)| p.saturating_sub(s).max(0));
    let identifier = &primary.host.control.system_identifier;
    let kept = Member::BOTH.into_iter().flat_map(|member| {
        let diverged = &case.facts.of(member).diverged;
        diverged.iter().map(move |path| format!("{}:{path}", member.word()))
    });
    let state = match case.missing(standby.member) {
        Some(_) => "unreachable".to_owned(),
        None => describe::state(standby.host),
    };
    let mut replicas = sql.into_iter().flat_map(|s| &s.replication);
    let replica = replicas.find(|r| r.name.as_deref() == Some(standby.member.word()));
    Outputs {
        // A cluster whose making was cut off never becomes the pair's.
        system_identifier: (!identifier.is_empty() && !primary.host.making)
            .then(|| identifier.clone()),
        timeline: sql.map(|s| s.wal_timeline.max(s.timeline)),
        current_primary: running.then(|| primary.member.word().to_owned()),
        primary_host: running.then(|| case.settings.address(primary.member).to_owned()),
        primary_ssh: running.then(|| case.settings.node(primary.member).ssh.clone()),
        standby_host: Some(case.settings.address(standby.member).to_owned()),
        standby_state: Some(state),
        lag_bytes: lag,
        sync_state: replica.and_then(|r| r.sync.clone()),
        split_brain: Some(primary.host.takes_writes() && standby.host.takes_writes()),
        diverged_dirs: Some(kept.collect()),
        slot: sql
            .filter(|s| s.slots.iter().any(|slot| slot.name == case.settings.slot_name))
            .map(|_| case.settings.slot_name.clone()),
        server_version: sql.map(|s| s.version.clone()),
    }
    .to_object()
}
