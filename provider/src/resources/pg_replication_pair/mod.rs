//! `harbor_pg_replication_pair`: a PostgreSQL primary and its streaming standby on two hosts.
//!
//! # Map
//! - [`settings`] and [`validate`]; [`names`]: what is called how, and where it stands on a host.
//! - [`questions`]: the one script that asks a host; [`facts`]: what was seen; [`parse`] reads the
//!   answer. [`others`]: what is not ours and in the way. [`wal`]: what the write-ahead logs say of each other.
//! - [`case`](mod@case): settings and facts of both members, as a decision needs them; [`describe`]: what a
//!   server is, in words. [`files`]: the text of every managed file. [`password`]: SCRAM verifiers.
//! - [`observe`](mod@observe): what is there. [`plan`](mod@plan): the decision, in the order of an
//!   apply. [`roles`]: who is the primary, and how that changes.
//! - [`role_check`]: a host says by HTTP whether its server is the primary.
//! - [`scripts`]: the shell text of steps; [`steps`]: those that several decisions make.
//! - [`import`]: the settings of a pair that is there. [`destroy`](mod@destroy).
//!
//! # Invariants
//! - A data directory is never emptied. What is removed is only a clone beside it that never ran.
//! - A server is made only where no member of the pair has data.
//! - A changed configuration is checked by PostgreSQL itself before it is loaded; a bad one is put
//!   back.

mod case;
mod describe;
mod destroy;
mod facts;
mod files;
mod import;
mod names;
mod observe;
mod others;
mod parse;
mod plan;
mod questions;
mod role_check;
mod roles;
mod scripts;
mod settings;
mod steps;
#[cfg(test)]
mod tests;
mod validate;
mod wal;

use std::collections::BTreeMap;

use crate::diag::{Diag, Diags};
use crate::resource::{Answers, ImportRequest, Known, Observation, Plan, Question, Resource, Ssh};
use crate::rule::Rule;
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
the guide on [import](../guides/import.md) shows how to move from one name to the other. \
[Failover](../guides/failover.md) tells how the roles change.";
    const TOLERATES_MISSING: bool = true;
    type Settings = Pair;
    type Outputs = Outputs;
    type Facts = Facts;

    fn rules() -> &'static [Rule<Pair>] {
        validate::RULES
    }

    fn id(settings: &Pair) -> String {
        names::id(settings)
    }

    fn targets(settings: &Pair) -> Vec<(String, Ssh)> {
        settings.targets()
    }

    fn questions(settings: &Pair) -> Vec<Question> {
        questions::questions(settings)
    }

    fn follow_up(settings: &Pair, answers: &Answers) -> Vec<Question> {
        parse::read(settings, answers)
            .map_or_else(|_| Vec::new(), |f| wal::questions::questions(settings, &f))
    }

    fn facts(settings: &Pair, answers: &Answers) -> Result<Facts, Diags> {
        let mut facts = parse::read(settings, answers)?;
        wal::questions::read(&mut facts, answers);
        Ok(facts)
    }

    fn observe(settings: &Pair, facts: &Facts, missing: &BTreeMap<String, String>) -> Observation {
        observe::observe(settings, facts, missing)
    }

    fn plan(settings: &Pair, facts: &Facts, known: Known<'_>) -> Plan {
        plan::plan(settings, facts, known)
    }

    fn destroy(settings: &Pair, facts: &Facts, known: Known<'_>) -> Plan {
        destroy::destroy(settings, facts, known)
    }

    fn import_request(id: &str) -> Result<ImportRequest, Diag> {
        import::request(id)
    }

    fn import(id: &str, answers: &Answers) -> Result<Object, Diags> {
        import::import(id, answers)
    }
}
