//! What is there: the role and the databases, without the passwords that a configuration holds.

use super::facts::{Facts, NODE, Reachability, StoredPassword};
use super::labels::{AS_WANTED, database_label, memory_label, role_label};
use super::settings::{ExternalDb, Outputs};
use super::{database, role};
use crate::observation::{Observation, Unseen};
use crate::settings::Settings as _;

/// What is there. Where nobody answered, unreachable is not gone.
pub fn observe(settings: &ExternalDb, facts: &Facts) -> Observation {
    let mut observed = Observation { outputs: outputs(settings, facts), ..Observation::default() };
    let label = role_label(settings);
    if facts.reach != Reachability::Answers {
        let names = settings.database_names().into_iter().map(|name| database_label(&name));
        observed.unseen = names.chain([label]).map(|name| (name, Unseen::All)).collect();
        return observed;
    }
    if let Some(found) = &facts.role {
        let words = |password| role::text(settings, found, password);
        observed.status(label.clone(), words("password not checked"));
        if let StoredPassword::Verifier(text) = &found.password {
            let status = [label.clone(), words(AS_WANTED), words("password changed on the server")];
            observed.secret(NODE, memory_label(settings), text, status);
        }
        observed.unseen.insert(label, Unseen::Phrase(AS_WANTED, words(AS_WANTED)));
    }
    for (name, found) in &facts.databases {
        observed.status(database_label(name), database::text(settings, found));
    }
    observed
}

/// The version is left out where nobody answered: what was seen before still stands.
fn outputs(settings: &ExternalDb, facts: &Facts) -> crate::value::Object {
    let (host, port) = match &settings.server {
        Some(server) => (server.host.clone(), server.port),
        None => (settings.ssh.host.clone(), settings.port),
    };
    let seen = (facts.cluster.version > 0).then(|| version_text(facts.cluster.version));
    let mut outputs = Outputs {
        host: Some(host),
        host_port: Some(i64::from(port)),
        database_names: Some(settings.database_names()),
        server_version: seen,
    }
    .to_object();
    outputs.retain(|_, value| !value.is_null());
    outputs
}

/// `150008` as `15.8`; before 10, which Harbor does not take, the text is not exact.
pub(super) fn version_text(number: u32) -> String {
    format!("{}.{}", number / 10_000, number % 10_000)
}
