//! TLS of the pair: certificate and key of each server, and what each trusts of the other.

use super::super::case::{Case, Side};
use super::super::facts::Host;
use crate::facts::file::FileFact;
use crate::step::{Action, File, Step};

/// Write what differs and remove what is no longer wanted: each step with the path that it touches.
pub fn files(case: &Case, side: &Side) -> Vec<(String, Step)> {
    let step = |(path, wanted): (&String, Option<File>)| {
        let step = match wanted {
            Some(file) => case.write(side.member, Ok(file)),
            None => case.fact(side.member, path).is_present().then(|| remove(side, path)),
        };
        step.map(|step| (path.clone(), step))
    };
    side.files.tls().into_iter().filter_map(step).collect()
}

fn remove(side: &Side, path: &str) -> Step {
    let action = Action::Remove(path.to_owned());
    Step::new(side.member.word(), format!("remove {path}"), action)
}

/// Whether a certificate, an authority, or what is compared with them changes on either host.
pub fn changes(case: &Case, primary: &Side) -> bool {
    let differs = |side: &Side| {
        side.files.tls().into_iter().any(|(path, wanted)| {
            let actual = side.host.files.get(path).and_then(FileFact::text);
            actual.is_some() != wanted.is_some()
                || wanted.is_some_and(|f| {
                    *path != side.paths.tls_key && actual != Some(f.content.expose())
                })
        })
    };
    differs(primary) || differs(&case.standby()) || asks_for_more(case, case.standby().host)
}

/// Whether the standby is to compare something else than it does.
fn asks_for_more(case: &Case, host: &Host) -> bool {
    let conf = host.files.get(&case.standby().paths.own_conf).and_then(FileFact::text);
    let mode = case.settings.sslmode();
    conf.is_some_and(|text| {
        if mode.starts_with("verify") {
            !text.contains(mode)
        } else {
            text.contains("sslmode=verify")
        }
    })
}

/// A standby logs in to its primary as it will have to, before it is told to.
pub fn prove(case: &Case, side: &Side) -> Option<Step> {
    let primary = case.primary();
    let follows = side.member != primary.member
        && side.host.sql.as_ref().is_some_and(|s| s.recovery)
        && primary.host.sql.is_some();
    if !follows || case.settings.tls_ca.is_none() || !changes(case, &primary) {
        return None;
    }
    let host = side.member.word();
    let what = format!("prove that the certificate of {} is trusted", primary.member.word());
    let undo = Step::run(host, "put the previous files back", side.scripts.put_back());
    Some(Step::run(host, what, side.scripts.try_login()).or_undo(vec![undo]))
}
