//! The steps of a destroy.

use render::docker::daemon_json as daemon;

use super::facts::{Facts, HOST};
use super::observe::compose_command;
use super::settings::{HaNode, OnDestroy};
use super::{layout, scripts};
use crate::plan::{Known, Plan};
use crate::shell::word;
use crate::step::{File, Risk, Step};

/// Harbor stops and what we wrote goes; the data goes only with `purge`.
pub fn destroy(s: &HaNode, facts: &Facts, known: Known<'_>) -> Plan {
    let mut plan = Plan::default();
    if s.on_destroy == OnDestroy::Keep {
        return plan;
    }
    let name = format!("{} ({})", s.hostname, s.ssh.host);
    if facts.seen.all("container").next().is_some() {
        let script = scripts::down(s, compose_command(s, facts));
        let step = Step::job(HOST, "stop Harbor", "harbor-down", script);
        plan.step(step.disruptive(format!("Harbor on {name} stops for good")));
    }
    plan.add(units(s, facts, known));
    if s.on_destroy == OnDestroy::Purge {
        plan.steps.extend(purge(s, facts, &name));
        return plan;
    }
    let tls = s.https.as_ref().is_some_and(|h| h.certificate.is_some());
    let mut ours = vec![s.at("harbor.yml"), s.at("docker-compose.override.yml")];
    if tls {
        ours.extend([s.at("tls/server.crt"), s.at("tls/server.key")]);
    }
    for path in ours {
        plan.absent(known, HOST, &path, &path, facts.file(&path));
    }
    if facts.composed().is_some() {
        // Passwords stand in it, and the next prepare makes all of it anew.
        let made = [
            "common/config",
            "docker-compose.yml",
            "input",
            ".breakwater-prepared",
            ".breakwater-up",
            ".breakwater-prepare.log",
        ];
        let paths: Vec<String> = made.iter().map(|name| word(&s.at(name))).collect();
        let script = format!("rm -rf {}\n", paths.join(" "));
        plan.step(Step::run(HOST, "remove what prepare made", script));
    }
    plan.add(daemon_json(s, facts, known));
    plan
}

/// Unit files of ours, each disabled first.
fn units(s: &HaNode, facts: &Facts, known: Known<'_>) -> Plan {
    let mut plan = Plan::default();
    let mut units = Vec::new();
    if s.boot_unit {
        units.push(("harbor.service".to_owned(), layout::BOOT_UNIT.to_owned()));
    }
    if let (Some(unit), Some(path)) = (layout::mount_unit(s), layout::mount_unit_path(s)) {
        // Before the mount goes: it would take Docker with it.
        plan.absent(known, HOST, layout::DROPIN, layout::DROPIN, facts.file(layout::DROPIN));
        units.push((unit, path));
    }
    for (unit, path) in units {
        if facts.file(&path).is_present() {
            let script =
                format!("systemctl daemon-reload\nsystemctl disable --now {}\n", word(&unit));
            plan.step(Step::run(HOST, format!("stop and disable {unit}"), script));
        }
        plan.absent(known, HOST, &path, &path, facts.file(&path));
    }
    plan
}

fn daemon_json(s: &HaNode, facts: &Facts, known: Known<'_>) -> Plan {
    let mut plan = Plan::default();
    let docker = s.docker();
    let mut keys: Vec<&str> = Vec::new();
    keys.extend(docker.registry_mirrors.as_ref().map(|_| "registry-mirrors"));
    keys.extend(docker.insecure_registries.as_ref().map(|_| "insecure-registries"));
    keys.extend(docker.settings.iter().flatten().map(|(k, _)| k.as_str()));
    let path = layout::DAEMON_JSON;
    let actual = facts.file(path);
    let (Some(text), false) = (actual.text(), keys.is_empty()) else { return plan };
    match daemon::remove(text, &keys) {
        Ok(rest) if rest.trim() == "{}" => {
            plan.absent(known, HOST, path, path, actual);
        }
        Ok(rest) => {
            plan.file(known, HOST, path, actual, Ok(File::public(path, rest)));
        }
        // Somebody made it unreadable since: it is not ours to mend now.
        Err(_) => {}
    }
    plan
}

/// What is mounted below the data volume is not followed.
fn purge(s: &HaNode, facts: &Facts, name: &str) -> Option<Step> {
    let there = facts.seen.one("data_volume") == "used" || facts.installed().is_some();
    if !there {
        return None;
    }
    let folders = [
        "registry",
        "ca_download",
        "job_logs",
        "chart_storage",
        "scandata_exports",
        "trivy-adapter",
        "database",
        "redis",
        "secret",
    ];
    let folders: Vec<String> = folders.iter().map(|f| word(&s.data(f))).collect();
    let script =
        format!("rm -rf --one-file-system -- {} {}\n", folders.join(" "), word(&s.directory));
    let risk = Risk::Destructive {
        what: format!(
            "Everything of Harbor in {} and {} on {name}: image layers that are there, its secrets, \
             its installer",
            s.data_volume, s.directory
        ),
        consent: "on_destroy = \"purge\"".to_owned(),
    };
    let step = Step::run(HOST, "delete the data volume and the installer", script);
    Some(Step { risk, ..step })
}
