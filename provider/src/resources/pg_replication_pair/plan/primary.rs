//! The primary: its cluster, its password file, and what surrounds a cluster on either host.

use super::super::case::{Case, Side};
use super::super::files::PLACE;
use super::super::observe::is_open;
use super::super::scripts::Scripts;
use crate::secret::Secret;
use crate::step::{Step, Steps};

/// The cluster on the primary's host, and its password file.
pub fn steps(case: &Case) -> Steps {
    let side = case.primary();
    let mut steps = Steps::none();
    steps.extend(case.write(side.member, Ok(side.files.marker())));
    if !side.host.dir.has_data() || side.host.making {
        steps.extend(make(&side));
    }
    steps.extend(around(case, &side));
    steps.extend(passfile(case, &side));
    steps
}

fn make(side: &Side) -> Steps {
    let host = side.member.word();
    let mut steps = Steps::none();
    if side.host.making {
        let what = "move aside a cluster whose making was cut off";
        steps.push(Step::run(host, what, side.scripts.move_aside()));
    }
    let what = format!("make the cluster in {}", side.paths.data);
    steps.push(Step::run(host, what, side.scripts.make_cluster()));
    steps
}

/// What surrounds a cluster on either host: mounts, archive, permissions, start at boot.
pub fn around(case: &Case, side: &Side) -> Steps {
    let (host, member) = (side.member.word(), side.member);
    let mut steps = Steps::none();
    let dropin = case.write(member, side.files.dropin());
    let reread = dropin.is_some() || side.host.needs_daemon_reload;
    steps.extend(dropin);
    if reread {
        steps.push(Step::run(host, "have systemd read its units", Scripts::daemon_reload()));
    }
    steps.extend(side.files.archive_script().and_then(|script| case.write(member, script)));
    let archive = case.settings.archive_dir.as_ref();
    if let Some(dir) = archive.filter(|_| side.host.archive != "postgres") {
        steps.push(Step::run(host, format!("make {dir}"), Scripts::archive_dir(dir)));
    }
    if is_open(side) {
        let what = format!("give {} to postgres alone", side.paths.data);
        steps.push(Step::run(host, what, side.scripts.data_dir_mode()));
    }
    // Whether it starts now is decided where the configuration is written. What is half rewound stays
    // disabled: it may have no fence.
    if side.host.cluster && side.host.start != "auto" && !side.host.rewinding {
        let what = "have the cluster start at boot";
        steps.push(Step::run(host, what, side.scripts.start_conf("auto")));
    }
    steps
}

/// The password file: written where the password is known, else made on the host. Where the password
/// changes, the role gets it first.
fn passfile(case: &Case, side: &Side) -> Option<Step> {
    match case.password() {
        Some(_) if case.rotates() => None,
        Some(password) => case.write(side.member, side.files.passfile(&password)),
        None => {
            let file = side.files.passfile(&Secret::from(PLACE)).ok()?;
            let script = side.scripts.make_password(file.content.expose());
            Some(Step::run(side.member.word(), "make the replication password", script))
        }
    }
}
