//! `harbor_pg_replication_pair`: a PostgreSQL primary and its streaming standby on two hosts.
//!
//! # Map
//! - [`names`]: what is called how, and where it stands on a host.
//! - [`probe`]: the one script that asks a host; [`facts`]: what was seen; [`read`] reads the answer.
//! - [`refuse`]: when nothing may be touched, and why. [`warn`]: what is odd and no reason to stop.
//! - [`plan`]: the decision, in the order of an apply: `install`, `primary`, `standby`, `config`.
//! - [`adopt`]: what hands have built, and is unsafe. [`import`]: its settings.
//! - [`roles`]: who is the primary, and how that changes. [`wal`] and [`wal_commits`]: what the WAL
//!   says of that.
//! - [`upgrade`]: a newer release of the packages. [`tls`]: certificates of the servers. [`files`]: the text of every managed file. [`scripts`]: the shell text of every step.
//!
//! # Invariants
//! - A data directory is never emptied. What is removed is only a clone beside it that never ran.
//! - A server is made only where no member of the pair has data.
//! - A changed configuration is checked by PostgreSQL itself before it is loaded; a bad one is put
//!   back.

mod adopt;
mod config;
mod destroy;
mod facts;
mod files;
mod import;
mod install;
mod names;
mod password;
mod plan;
mod primary;
mod probe;
mod read;
mod refuse;
mod roles;
mod scripts;
mod settings;
mod standby;
mod tls;
mod upgrade;
mod validate;
mod wal;
mod wal_commits;
mod warn;

use crate::diag::{Diag, Diags};
use crate::resource::{Answers, Context, ImportRequest, Plan, Question, Resource, Ssh};
use crate::value::Object;

pub use facts::Facts;
pub use settings::{
    ClientRule, Connection, Member, Method, Node, NodeTls, Nodes, OnDestroy, OnDivergence, Outputs,
    Pair, Source, Sync, TlsVerify, UnreachablePrimary,
};

/// The resource.
#[derive(Clone, Copy, Debug)]
pub struct PgReplicationPair;

impl Resource for PgReplicationPair {
    const NAME: &'static str = "harbor_pg_replication_pair";
    const ALIAS: Option<&'static str> = Some("pg_replication_pair");
    const DESCRIPTION: &'static str = "\
A PostgreSQL primary and its streaming standby on two hosts.

Packages, cluster, settings, access rules, replication role, slot and the copy itself; each is \
shown when it drifts and put back. A changed setting is checked before it is loaded, and a restart \
is announced by the plan. Data is never removed to make room.

The type is also served as `pg_replication_pair`, for configurations that say `provider = harbor`; \
the guide on import shows how to move from one name to the other.";
    const MAY_MISS: bool = true;
    type Settings = Pair;
    type Outputs = Outputs;
    type Facts = Facts;

    fn validate(settings: &Pair) -> Diags {
        validate::validate(settings)
    }

    fn id(settings: &Pair) -> String {
        names::id(settings)
    }

    fn targets(settings: &Pair) -> Vec<(String, Ssh)> {
        Member::BOTH.map(|m| (m.word().to_owned(), settings.node(m).ssh.clone())).into()
    }

    fn questions(settings: &Pair) -> Vec<Question> {
        probe::questions(settings)
    }

    fn follow_up(settings: &Pair, answers: &Answers) -> Vec<Question> {
        read::read(settings, answers).map_or_else(|_| Vec::new(), |f| wal::questions(settings, &f))
    }

    fn facts(settings: &Pair, answers: &Answers) -> Result<Facts, Diags> {
        let mut facts = read::read(settings, answers)?;
        wal::read(&mut facts, answers);
        Ok(facts)
    }

    fn plan(settings: &Pair, facts: &Facts, context: &Context) -> Plan {
        plan::plan(settings, facts, context)
    }

    fn destroy(settings: &Pair, facts: &Facts, context: &Context) -> Plan {
        destroy::destroy(settings, facts, context)
    }

    fn import_request(id: &str) -> Result<ImportRequest, Diag> {
        import::request(id)
    }

    fn import(id: &str, answers: &Answers) -> Result<Object, Diags> {
        import::import(id, answers)
    }
}
