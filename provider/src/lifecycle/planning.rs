//! Plan: what will change, said before anything is touched.

use std::collections::BTreeMap;

use super::configuration::Unreachable;
use super::connect::Tolerance;
use super::observe::{Decision, PlanInputs, PlanMode};
use super::private::{self, Private};
use super::session::Session;
use super::{Managed, ObserveError, run, values};
use crate::backend::{PlanRequest, PlanResponse};
use crate::diag::{Diag, Diags, Path, has_error};
use crate::host::Patience;
use crate::plan::Plan;
use crate::resource::Resource;
use crate::schema::{Attribute, OnChange, Presence};
use crate::settings::Settings as _;
use crate::step::{Action, Risk, Step};
use crate::value::{Object, Value};

const PLANNING: PlanMode = PlanMode { destroying: false, remembering: true };

impl<R: Resource> Managed<R> {
    pub(super) async fn plan_any(session: &Session, request: PlanRequest) -> PlanResponse {
        let PlanRequest { config, prior, proposed, private } = request;
        match (config, proposed, prior) {
            (Some(config), Some(proposed), prior) => {
                Self::plan_change(session, &config, proposed, prior, &private).await
            }
            (_, _, Some(prior)) => Self::plan_destroy(session, &prior, private).await,
            _ => PlanResponse::default(),
        }
    }

    async fn plan_change(
        session: &Session,
        config: &Object,
        proposed: Object,
        prior: Option<Object>,
        private: &[u8],
    ) -> PlanResponse {
        let attributes = Self::attributes();
        let config = values::with_defaults(&attributes, config);
        let mut planned = merge(&attributes, &config, &proposed);
        let mut response = PlanResponse { private: private.to_vec(), ..PlanResponse::default() };
        if let Some(prior) = &prior {
            sort_changes(&attributes, prior, &planned, &mut response);
        }
        response.diags.extend(crate::settings::check(&attributes, &config, &Path::root()));
        if has_error(&response.diags) {
            return response;
        }
        // A failed apply leaves its plan's private data behind.
        let private = Private::decode(private).with_state(prior.as_ref()).beyond_the_plan();
        let unknown = session.configured().is_none() || !config.values().all(Value::is_known);
        if unknown {
            forget_computed(&attributes, &mut planned);
            response.planned = Some(planned);
            response.private = private.encode();
            return response;
        }
        let new = Self::new_hosts(&config, prior.as_ref());
        let tolerance = Self::tolerance(new.clone());
        match Self::decide(session, &config, prior.as_ref(), &planned, private.clone(), &tolerance)
            .await
        {
            Ok(decision) => {
                announce(R::NAME, &decision, &mut response);
                planned = Self::planned_object(planned, prior.as_ref(), &decision.plan, &config);
                let [_, (name, keys)] = decision.private.shown();
                planned.insert(name, if new.is_empty() { keys } else { Value::Unknown });
                invisible(&decision.plan, prior.as_ref(), &mut planned, &mut response.diags);
                response.private = announced(decision, &response.private).encode();
                response.planned = Some(planned);
            }
            Err(error) if kept(session, &error, &attributes, prior.as_ref(), &planned) => {
                let why: String = error.diags(R::NAME).into_iter().map(|d| d.detail).collect();
                let summary = format!("{}: left as it was, a host does not answer", R::NAME);
                response.diags.push(Diag::warning(summary, why));
                response.planned = prior;
            }
            // A host of the same apply: Terraform plans again when the host is there, and it may
            // still boot. The apply has more patience, and it alone.
            Err(error) if error.is_one_of(&new) => {
                response.diags.push(not_yet::<R>(session, error));
                forget_computed(&attributes, &mut planned);
                response.planned = Some(planned);
                response.private = private.encode();
            }
            Err(error) => response.diags.extend(error.diags(R::NAME)),
        }
        response
    }

    async fn decide(
        session: &Session,
        config: &Object,
        prior: Option<&Object>,
        planned: &Object,
        mut private: Private,
        tolerance: &Tolerance,
    ) -> Result<Decision, ObserveError> {
        let settings = Self::settings(config).map_err(ObserveError::Diags)?;
        let diags = R::validate(&settings);
        if has_error(&diags) {
            return Err(ObserveError::Diags(diags));
        }
        let configured = session.configured().ok_or(ObserveError::Unconfigured)?;
        let once = Patience::Once;
        let mut reached =
            Self::hosts(&configured, &settings, &mut private, once, tolerance).await?;
        let unchanged = secrets_unchanged(prior, planned);
        let owner = &configured.configuration.owner;
        let inputs = PlanInputs { prior, owner, mode: PLANNING, secrets_unchanged: unchanged };
        let mut decision = loop {
            match Self::observe_and_plan(session, &reached, &settings, private.clone(), inputs)
                .await
            {
                Ok(decision) => break decision,
                Err(error) => reached.tolerate(error, tolerance)?,
            }
        };
        decision.plan.warnings.extend(diags);
        let wrong = wrong_uploads(&decision.plan.steps, config).await;
        decision.plan.refusals.extend(wrong);
        Ok(decision)
    }

    /// The planned state: files and status as they will be, outputs as far as they are certain.
    ///
    /// Terraform plans again within the apply, when other resources have changed the hosts, and takes
    /// no other value for one that was known. So an output that moves by itself is never what this
    /// look happened to see: it is kept where nothing changes, and else unknown.
    fn planned_object(
        planned: Object,
        prior: Option<&Object>,
        plan: &Plan,
        config: &Object,
    ) -> Object {
        let idle = plan.steps.is_empty();
        let (files, status) = if idle {
            (Plan::actual(&plan.files), Plan::actual(&plan.status))
        } else {
            (Plan::wanted(&plan.files), Plan::wanted(&plan.status))
        };
        if let Some(prior) = prior.filter(|_| idle)
            && (prior.get("files"), prior.get("status")) == (Some(&files), Some(&status))
            && values::changes(&Self::attributes(), prior, &planned).is_empty()
            && !came_true(prior, plan)
        {
            return prior.clone();
        }
        let id = match prior.map(|p| &p["id"]) {
            Some(id) if !id.is_null() => id.clone(),
            _ => Self::settings(config).map_or(Value::Unknown, |s| R::id(&s).into()),
        };
        let mut object = planned;
        object.insert("id".into(), id);
        object.insert("files".into(), files);
        object.insert("status".into(), status);
        for name in [private::UID, private::HOST_KEYS] {
            let before = prior.and_then(|p| p.get(name)).filter(|value| !value.is_null());
            object.insert(name.into(), before.cloned().unwrap_or(Value::Unknown));
        }
        for output in R::Outputs::attributes() {
            let has = |now: &Object, after| now.get(&output.name) == Some(after);
            let after = plan.outputs_after.get(&output.name).filter(|after| {
                // Without a step nothing brings an output to what it should be.
                !idle || has(&plan.outputs, after) || prior.is_some_and(|prior| has(prior, after))
            });
            object.insert(output.name, after.cloned().unwrap_or(Value::Unknown));
        }
        object
    }

    async fn plan_destroy(session: &Session, prior: &Object, private: Vec<u8>) -> PlanResponse {
        let mut response = PlanResponse { private, ..PlanResponse::default() };
        let Some(configured) = session.configured() else { return response };
        let Ok(settings) = Self::settings(&values::with_defaults(&Self::attributes(), prior))
        else {
            return response;
        };
        let mut private = Private::decode(&response.private).with_state(Some(prior));
        // Also where nothing can be looked at: a delete that has none was not planned.
        response.private = private.encode();
        let mode = PlanMode { destroying: true, ..PLANNING };
        let owner = configured.configuration.owner.clone();
        let (once, all) = (Patience::Once, Tolerance::none());
        let decision = match Self::hosts(&configured, &settings, &mut private, once, &all).await {
            Ok(reached) => {
                let inputs =
                    PlanInputs { prior: Some(prior), owner: &owner, mode, secrets_unchanged: true };
                Self::observe_and_plan(session, &reached, &settings, private, inputs).await
            }
            Err(error) => Err(error),
        };
        match decision {
            Ok(decision) => {
                announce(R::NAME, &decision, &mut response);
                response.private = announced(decision, &response.private).encode();
            }
            Err(error)
                if error.is_unreachable()
                    && configured.configuration.unreachable == Unreachable::Forget =>
            {
                let why = error.diags(R::NAME).into_iter().map(|d| d.detail).collect::<String>();
                let summary = format!("{}: the destroy will only forget it", R::NAME);
                response.diags.push(Diag::warning(summary, why));
            }
            Err(error) => response.diags.extend(error.diags(R::NAME)),
        }
        response
    }
}

/// Files of this machine that are to be brought to a host and are not there, or not as their
/// checksums say. Before anything is touched; a host checks what it fetches by itself.
async fn wrong_uploads(steps: &[Step], config: &Object) -> Diags {
    let mut diags = Diags::new();
    for step in steps {
        let Action::Upload { source, sha256, .. } = &step.action else { continue };
        if source.contains("://") {
            continue;
        }
        let at = |text: &str| found_at(config, text, &Path::root()).unwrap_or_default();
        match crate::host::sha256_of(std::path::Path::new(source)).await {
            Ok(sum) if sum.eq_ignore_ascii_case(sha256) => {}
            Ok(sum) => {
                let detail = format!(
                    "The SHA-256 of {source} is {sum}, and not {sha256}. Nothing was touched."
                );
                diags.push(Diag::error("Another checksum", detail).at(at(sha256)));
            }
            Err(error) => {
                let diag = Diag::error("A file is missing", run::say(error));
                diags.push(diag.at(at(source)));
            }
        }
    }
    diags
}

/// The attribute that has this text.
fn found_at(object: &Object, text: &str, path: &Path) -> Option<Path> {
    object.iter().find_map(|(name, value)| match value {
        Value::String(found) if found == text => Some(path.attribute(name)),
        Value::Map(inner) => found_at(inner, text, &path.attribute(name)),
        _ => None,
    })
}

/// What is said of a plan that was made without a look at a new host.
fn not_yet<R: Resource>(session: &Session, error: ObserveError) -> Diag {
    let configured = session.configured();
    let limit = configured.map(|c| c.configuration.boot_timeout.clone()).unwrap_or_default();
    let detail = format!(
        "{}\nIt was never reached before and may still boot. What is to be done shows only when it \
         answers: the apply tries for {limit} (boot_timeout).",
        error.why(R::NAME)
    );
    Diag::warning(format!("{}: planned without a look at a new host", R::NAME), detail)
}

/// Whether a resource whose host does not answer stays as it is: the user asked for that, and the
/// configuration wants nothing new of it.
fn kept(
    session: &Session,
    error: &ObserveError,
    attributes: &[Attribute],
    prior: Option<&Object>,
    planned: &Object,
) -> bool {
    let patient =
        session.configured().is_some_and(|c| c.configuration.unreachable != Unreachable::Error);
    let same = |prior: &Object| values::changes(attributes, prior, planned).is_empty();
    patient && error.is_unreachable() && prior.is_some_and(same)
}

/// Whether the secrets in the configuration are, by their versions, those of the prior state.
pub(super) fn secrets_unchanged(prior: Option<&Object>, planned: &Object) -> bool {
    prior.is_some_and(|prior| {
        let (prior, planned) = (Value::Map(prior.clone()), Value::Map(planned.clone()));
        values::same_secret_versions(&prior, &planned)
    })
}

/// The plan's start: the configuration with its defaults, and what was computed before.
fn merge(attributes: &[Attribute], config: &Object, proposed: &Object) -> Object {
    let mut merged = values::without_write_only(attributes, config);
    for attribute in attributes.iter().filter(|a| a.presence == Presence::Computed) {
        let before = proposed.get(&attribute.name).cloned().unwrap_or_default();
        merged.insert(attribute.name.clone(), before);
    }
    merged
}

fn sort_changes(
    attributes: &[Attribute],
    prior: &Object,
    planned: &Object,
    response: &mut PlanResponse,
) {
    for (path, on_change) in values::changes(attributes, prior, planned) {
        match on_change {
            // A replacement may make the new one before it destroys the old, on the same hosts.
            OnChange::Refused | OnChange::Replace => {
                let detail = format!(
                    "{path} says where or what this is on its hosts, and nothing there is moved or \
                     made anew for it. Put the former value back. To move what is there: move it by \
                     hand, take the resource out of the state (terraform state rm), and import it \
                     with the new value (terraform import). To begin anew: make another resource \
                     beside this one."
                );
                response.diags.push(Diag::error("Change refused", detail).at(path));
            }
            _ => {}
        }
    }
}

fn forget_computed(attributes: &[Attribute], planned: &mut Object) {
    for attribute in attributes.iter().filter(|a| a.presence == Presence::Computed) {
        let kept = ["id", private::UID].contains(&attribute.name.as_str());
        let keep = kept && !planned[&attribute.name].is_null();
        if !keep {
            planned.insert(attribute.name.clone(), Value::Unknown);
        }
    }
}

/// Refusals, warnings, and every step that interrupts or could lose something.
fn announce(resource: &str, decision: &Decision, response: &mut PlanResponse) {
    let plan = &decision.plan;
    response.diags.extend(plan.refusals.iter().cloned());
    response.diags.extend(plan.warnings.iter().cloned());
    response.diags.extend(decision.another_life.clone());
    let mut interruptions = Vec::new();
    let mut losses = Vec::new();
    for step in &plan.steps {
        match &step.risk {
            Risk::Quiet => {}
            Risk::Disruptive(sentence) => interruptions.push(format!("- {sentence}")),
            Risk::Destructive { what, consent } => {
                losses.push(format!("- {}: {what} (allowed by {consent})", step.describe()));
            }
        }
    }
    let mut warn = |summary: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            let diag = Diag::warning(format!("{resource}: {summary}"), lines.join("\n"));
            response.diags.push(diag);
        }
    };
    warn("this apply interrupts service", interruptions);
    warn("this apply destroys data", losses);
}

/// What an apply of this plan needs to know. The digests stay those of what was written last: an edit
/// by hand that the plan has seen is not ours for that.
fn announced(decision: Decision, before: &[u8]) -> Private {
    let destructive =
        decision.plan.steps.iter().filter(|s| matches!(s.risk, Risk::Destructive { .. }));
    let announced = destructive.map(Step::digest).collect();
    Private { announced, digests: Private::decode(before).digests, ..decision.private }
}

/// Steps that change nothing a user would see in the plan must still be carried out, and said.
fn invisible(plan: &Plan, prior: Option<&Object>, planned: &mut Object, diags: &mut Diags) {
    if plan.steps.is_empty() || prior != Some(&*planned) {
        return;
    }
    planned.insert("status".into(), Value::Unknown);
    let steps: Vec<String> = plan.steps.iter().map(|s| format!("- {}", s.describe())).collect();
    diags.push(Diag::warning(
        "This apply repairs what the attributes do not show",
        steps.join("\n"),
    ));
}

/// The planned values that an apply must meet, by name: what Terraform will compare.
pub(super) fn promised(planned: &Object) -> BTreeMap<&String, &Value> {
    planned.iter().filter(|(_, v)| v.is_known()).collect()
}

/// Whether an output became what an apply would make of it since the prior state was seen. A plan that
/// promised it, and is made again within its apply, finds nothing left to do and must promise it still.
fn came_true(prior: &Object, plan: &Plan) -> bool {
    plan.outputs_after.iter().any(|(name, after)| {
        plan.outputs.get(name) == Some(after) && prior.get(name) != Some(after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    #[test]
    fn what_came_right_by_itself_is_still_promised() {
        let state = |value: Value| Object::from([("sync_state".to_owned(), value)]);
        let since = |prior, now| {
            let (outputs, outputs_after) = (state(now), state("async".into()));
            came_true(&state(prior), &Plan { outputs, outputs_after, ..Plan::default() })
        };
        assert!(since(Value::Null, "async".into()));
        assert!(!since("async".into(), "async".into()), "as it was");
        assert!(!since(Value::Null, Value::Null), "not yet");
    }
}
