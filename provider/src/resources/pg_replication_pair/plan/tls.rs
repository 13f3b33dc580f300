//! TLS of the pair: certificate and key of each server, and what each trusts of the other.

use super::super::case::{Case, Side};
use super::super::facts::Host;
use crate::facts::file::FileFact;
use crate::resource::{Context, Plan};
use crate::step::{File, Step};

/// Write what differs and remove what is no longer wanted; the paths of both.
pub fn files(case: &Case, plan: &mut Plan, side: &Side) -> Vec<String> {
    let mut touched = Vec::new();
    for (path, wanted) in side.files.tls() {
        let differs = match wanted {
            Some(file) if *path == side.paths.tls_key => key(case, plan, side, file),
            Some(file) => case.file(plan, side.member, Ok(file)),
            None => absent(case, plan, side, path),
        };
        if differs {
            touched.push(path.clone());
        }
    }
    touched
}

/// A renewed certificate comes with its key, whatever the version says.
fn key(case: &Case, plan: &mut Plan, side: &Side, file: File) -> bool {
    let tls = case.settings.node(side.member).tls.as_ref();
    let found = side.host.files.get(&side.paths.tls_certificate).and_then(FileFact::text);
    let renewed = found != tls.map(|t| t.certificate.as_str());
    let secrets_unchanged = case.context.secrets_unchanged && !renewed;
    let context = Context { secrets_unchanged, ..case.context.clone() };
    case.with(&context).file(plan, side.member, Ok(file))
}

fn absent(case: &Case, plan: &mut Plan, side: &Side, path: &str) -> bool {
    let host = side.member.word();
    let actual = side.host.files.get(path).filter(|f| f.is_present());
    actual.is_some_and(|f| plan.absent(case.context, host, path, format!("{host}:{path}"), f))
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
pub fn prove(case: &Case, plan: &mut Plan, side: &Side) {
    let primary = case.primary();
    let follows = side.member != primary.member
        && side.host.sql.as_ref().is_some_and(|s| s.recovery)
        && primary.host.sql.is_some();
    if !follows || case.settings.tls_ca.is_none() || !changes(case, &primary) {
        return;
    }
    let host = side.member.word();
    let what = format!("prove that the certificate of {} is trusted", primary.member.word());
    let undo = Step::run(host, "put the previous files back", side.scripts.put_back());
    plan.step(Step::run(host, what, side.scripts.try_login()).or_undo(vec![undo]));
}
