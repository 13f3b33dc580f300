//! Apply: steps in order, observed again until nothing is left to do.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures::future::join_all;

use super::configuration::{Unreachable, duration};
use super::connect::{Reached, Tolerance};
use super::interruption::Interruption;
use super::managed::with_plan;
use super::observe::{Decision, PlanInputs, PlanMode};
use super::private::Private;
use super::session::{Configured, Session, Turn};
use super::{Managed, ObserveError, ownership, planning, run, values};
use crate::backend::{ApplyRequest, StateResponse};
use crate::diag::{Diag, Diags, Path};
use crate::host::{Host, HostError, Lock, Patience};
use crate::plan::Plan;
use crate::resource::Resource;
use crate::step::{Risk, Step, Steps};
use crate::value::{Object, Value};

/// A resource is made in stages (install, generate, configure); more than this is a circle.
const ROUNDS: usize = 12;
/// A host lets go of a lock after 150 s without a sign of life of its holder.
const LOCK_PATIENCE: Duration = Duration::from_secs(180);
/// Time between two attempts to take a lock that is held.
const LOCK_INTERVAL: Duration = Duration::from_secs(3);
/// For an operation without a limit of its own.
const TIMEOUT: Duration = Duration::from_secs(7200);

/// An apply under way.
struct Work<'a, R: Resource> {
    session: &'a Session,
    configured: &'a Configured,
    settings: R::Settings,
    prior: Option<&'a Object>,
    private: Private,
    interruption: Interruption,
    destroying: bool,
    /// A plan was made of it. Where none was, what the state says of a destroy is the consent.
    planned: bool,
    secrets_unchanged: bool,
}

impl<R: Resource> Managed<R> {
    pub(super) async fn apply_any(session: &Session, request: ApplyRequest) -> StateResponse {
        let ApplyRequest { config, prior, planned, private } = request;
        let kept = StateResponse { state: prior.clone(), private: private.clone(), diags: vec![] };
        let Some(configured) = session.configured() else {
            return StateResponse { diags: ObserveError::Unconfigured.diags(R::NAME), ..kept };
        };
        let was_planned = !private.is_empty();
        let private = Private::decode(&private).with_state(prior.as_ref());
        let result = match (config, planned) {
            (Some(config), Some(planned)) => {
                let prior = prior.as_ref();
                Self::change(session, &configured, &config, planned, prior, private).await
            }
            _ => Self::remove(session, &configured, prior.as_ref(), private, was_planned).await,
        };
        result.unwrap_or_else(|diags| StateResponse { diags, ..kept })
    }

    /// On an error the prior state stays: none after a failed create, so that Terraform does not
    /// taint what the next apply can finish.
    async fn change(
        session: &Session,
        configured: &Configured,
        config: &Object,
        planned: Object,
        prior: Option<&Object>,
        mut private: Private,
    ) -> Result<StateResponse, Diags> {
        if private.uid.is_empty() {
            private.uid = crate::host::nonce();
        }
        let config = values::with_defaults(&Self::attributes(), config);
        let operation = if prior.is_some() { "update" } else { "create" };
        let mut work = Work::<R> {
            session,
            configured,
            settings: Self::settings(&config)?,
            prior,
            private,
            interruption: session.interruption(Some(Instant::now() + limit(&config, operation))),
            destroying: false,
            planned: true,
            secrets_unchanged: planning::secrets_unchanged(prior, &planned),
        };
        let decision = work.converge().await?;
        let id = R::id(&work.settings);
        let mut state = with_plan(planned.clone(), &id, &decision.plan, &decision.private);
        if let Some(id) = planned.get("id").filter(|id| id.as_str().is_some()) {
            state.insert("id".into(), id.clone());
        }
        let diags = inconsistent_result::<R>(&planned, &state);
        let private = Private { adopt: false, ..decision.private }.beyond_the_plan();
        Ok(StateResponse { state: Some(state), private: private.encode(), diags })
    }

    async fn remove(
        session: &Session,
        configured: &Configured,
        prior: Option<&Object>,
        private: Private,
        planned: bool,
    ) -> Result<StateResponse, Diags> {
        let Some(prior) = prior else { return Ok(StateResponse::default()) };
        let state = values::with_defaults(&Self::attributes(), prior);
        let mut work = Work::<R> {
            session,
            configured,
            settings: Self::settings(&state)?,
            prior: Some(prior),
            private,
            interruption: session.interruption(Some(Instant::now() + limit(&state, "delete"))),
            destroying: true,
            planned,
            secrets_unchanged: true,
        };
        let decision = work.converge().await?;
        let diags = decision.another_life.into_iter().collect();
        Ok(StateResponse { diags, ..StateResponse::default() })
    }
}

/// The limit of an operation, from `timeouts`.
fn limit(config: &Object, operation: &str) -> Duration {
    let text = config.get("timeouts").map(|t| t.get(operation));
    text.and_then(Value::as_str).and_then(duration).unwrap_or(TIMEOUT)
}

/// Known planned values that did not come true: Terraform would refuse them without a reason.
fn inconsistent_result<R: Resource>(planned: &Object, state: &Object) -> Diags {
    let mut lines = Vec::new();
    for (name, wanted) in planning::promised(planned) {
        let got = state.get(name).unwrap_or(&Value::Null);
        if got == wanted {
            continue;
        }
        match (wanted, got) {
            (Value::Map(wanted), Value::Map(got)) => {
                let differ = |k: &&String| wanted.get(*k) != got.get(*k);
                let keys: BTreeSet<_> = wanted.keys().chain(got.keys()).collect();
                for k in keys.into_iter().filter(differ) {
                    let show = |v: Option<&Value>| match v {
                        Some(Value::String(s)) if s.len() < 200 => format!("\"{s}\""),
                        Some(_) => "another text".to_owned(),
                        None => "absent".to_owned(),
                    };
                    let (got, wanted) = (show(got.get(k)), show(wanted.get(k)));
                    lines.push(format!("- {name}[\"{k}\"]: is {got}, planned was {wanted}"));
                }
            }
            _ => lines.push(format!("- {name}")),
        }
    }
    if lines.is_empty() {
        return Vec::new();
    }
    let summary = format!("{}: not everything is as planned after the apply", R::NAME);
    let detail = format!(
        "All steps ran, and afterwards the hosts show:\n{}\nSomething else may have changed them \
         at the same time. The next plan shows what is left.",
        lines.join("\n")
    );
    vec![Diag::error(summary, detail)]
}

impl<R: Resource> Work<'_, R> {
    /// Take turns and locks, then observe and act until nothing is left.
    async fn converge(&mut self) -> Result<Decision, Diags> {
        let turns = self.session.turns(R::exclusive(&self.settings));
        let turns = self.interruption.race(turns).await;
        let mut turns = turns.map_err(|why| stopped::<R>(why, "While it waited for its turn"))?;
        if let Some(failed) = turns.iter().find_map(|t| t.as_ref().filter(|_| self.prior.is_some()))
        {
            let summary = format!("{}: not touched", R::NAME);
            let detail = format!(
                "{failed} failed in this apply, and only one of them is changed at a time, so that \
                 the other goes on serving. Repair that one first, then apply again."
            );
            return Err(vec![Diag::error(summary, detail)]);
        }
        let result = self.locked().await;
        if result.is_err() {
            for turn in &mut turns {
                mark_failed(turn, &format!("{} {}", R::NAME, R::id(&self.settings)));
            }
        }
        result
    }

    async fn locked(&mut self) -> Result<Decision, Diags> {
        let patience = if self.destroying {
            Patience::Once
        } else {
            let boot = duration(&self.configured.configuration.boot_timeout);
            Patience::Boot(boot.unwrap_or(Duration::from_secs(300)))
        };
        let tolerance = self.tolerance();
        let (configured, private) = (self.configured, &mut self.private);
        let hosts = Managed::<R>::hosts(configured, &self.settings, private, patience, &tolerance);
        let reached = self.interruption.race(hosts).await;
        let reached = reached.map_err(|why| stopped::<R>(why, "While it reached its hosts"))?;
        let reached = match reached {
            Ok(reached) => reached,
            Err(error) if self.may_forget(&error) => return Ok(self.forgotten()),
            Err(error) => return Err(error.diags(R::NAME)),
        };
        let locks = self.interruption.race(lock_all(&reached.hosts)).await;
        let locks = locks.map_err(|why| stopped::<R>(why, "While it locked its hosts"))??;
        let result = self.alone(&reached).await;
        join_all(locks.into_iter().map(Lock::release)).await;
        result
    }

    /// The hosts that the plan was made without, which still must not be there.
    fn tolerance(&self) -> Tolerance {
        if R::TOLERATES_MISSING && !self.destroying {
            return Tolerance::Only(self.private.missing.clone());
        }
        Tolerance::none()
    }

    /// The work itself, while nobody else changes the hosts.
    async fn alone(&mut self, reached: &Reached) -> Result<Decision, Diags> {
        if !self.destroying {
            let id = R::id(&self.settings);
            let script = ownership::claim(&self.configured.configuration.owner, self.life(&id));
            self.claim_allowed(reached).await?;
            on_all(&reached.hosts, "mark the host as managed", &script).await?;
        }
        let decision = self.rounds(reached).await?;
        if self.destroying {
            let id = R::id(&self.settings);
            on_all(&reached.hosts, "give the host back", &ownership::release(self.life(&id)))
                .await?;
        }
        Ok(decision)
    }

    fn life<'b>(&'b self, id: &'b str) -> ownership::Life<'b> {
        ownership::Life { resource: R::NAME, id, uid: &self.private.uid }
    }

    fn may_forget(&self, error: &ObserveError) -> bool {
        self.destroying
            && error.is_unreachable()
            && self.configured.configuration.unreachable == Unreachable::Forget
    }

    fn forgotten(&self) -> Decision {
        Decision { plan: Plan::default(), private: self.private.clone(), another_life: None }
    }

    /// Nothing is marked on a host that another configuration manages.
    async fn claim_allowed(&self, reached: &Reached) -> Result<(), Diags> {
        let decision = self.observe(reached).await?;
        if decision.plan.refusals.is_empty() { Ok(()) } else { Err(decision.plan.refusals) }
    }

    async fn observe(&self, reached: &Reached) -> Result<Decision, Diags> {
        let mode = PlanMode { destroying: self.destroying, remembering: false };
        let inputs = PlanInputs {
            prior: self.prior,
            owner: &self.configured.configuration.owner,
            mode,
            secrets_unchanged: self.secrets_unchanged,
        };
        let private = self.private.clone();
        let observing =
            Managed::<R>::observe_and_plan(self.session, reached, &self.settings, private, inputs);
        let decision = self.interruption.race(observing).await;
        let decision = decision.map_err(|why| stopped::<R>(why, "While it looked at its hosts"))?;
        decision.map_err(|error| error.diags(R::NAME))
    }

    async fn rounds(&mut self, reached: &Reached) -> Result<Decision, Diags> {
        let mut before = Steps::none();
        for _ in 0..ROUNDS {
            let decision = self.observe(reached).await?;
            if !decision.plan.refusals.is_empty() {
                return Err(decision.plan.refusals);
            }
            let steps = &decision.plan.steps;
            if steps.is_empty() {
                return Ok(decision);
            }
            if steps.iter().map(Step::digest).eq(before.iter().map(Step::digest)) {
                return Err(did_not_converge::<R>(steps));
            }
            self.unannounced(steps)?;
            for step in steps {
                self.step(&reached.hosts, step).await?;
            }
            before = decision.plan.steps;
        }
        Err(did_not_converge::<R>(&before))
    }

    /// A destructive step that the plan did not announce is not taken.
    fn unannounced(&self, steps: &[Step]) -> Result<(), Diags> {
        let destructive = steps.iter().filter(|s| matches!(s.risk, Risk::Destructive { .. }));
        let unannounced: Vec<String> = destructive
            .filter(|step| !self.private.announced.contains(&step.digest()))
            .map(Step::describe)
            .collect();
        if unannounced.is_empty() || !self.planned {
            return Ok(());
        }
        let detail = format!(
            "The plan did not announce what is now needed:\n- {}\nNothing of it was done. Plan \
             again, read it, and apply that plan.",
            unannounced.join("\n- ")
        );
        let summary = format!("{}: a destructive step was not planned", R::NAME);
        Err(vec![Diag::error(summary, detail)])
    }

    async fn step(&self, hosts: &BTreeMap<String, Host>, step: &Step) -> Result<(), Diags> {
        if let Some(why) = self.interruption.reason() {
            return Err(stopped::<R>(why, &format!("Before: {}", step.describe())));
        }
        let Err(mut why) = Self::logged(hosts, step).await else { return Ok(()) };
        if !step.undo.is_empty() {
            why += &Self::undo(hosts, &step.undo).await;
        }
        Err(vec![failed::<R>(host_name(hosts, step), step, &why)])
    }

    async fn logged(hosts: &BTreeMap<String, Host>, step: &Step) -> Result<(), String> {
        let (host, what) = (host_name(hosts, step), &step.what);
        tracing::info!(resource = R::NAME, host, step = %what, "step begins");
        let begun = Instant::now();
        let result = run::run(hosts, step).await;
        let seconds = begun.elapsed().as_secs_f32();
        match &result {
            Ok(()) => tracing::info!(host, step = %what, seconds, "step done"),
            Err(why) => tracing::error!(host, step = %what, seconds, %why, "step failed"),
        }
        result
    }

    /// Put things back, as far as that goes; what became of it, to be said after the failure.
    async fn undo(hosts: &BTreeMap<String, Host>, steps: &[Step]) -> String {
        let mut lines = vec!["\n\nTo put things back:".to_owned()];
        for step in steps {
            lines.push(match Self::logged(hosts, step).await {
                Ok(()) => format!("- done: {}", step.describe()),
                Err(why) => format!("- FAILED: {}: {why}", step.describe()),
            });
        }
        lines.join("\n")
    }
}

/// The host's own name, as in every message.
fn host_name<'a>(hosts: &'a BTreeMap<String, Host>, step: &'a Step) -> &'a str {
    hosts.get(&step.host).map_or(step.host.as_str(), Host::name)
}

fn mark_failed(turn: &mut Turn, who: &str) {
    turn.get_or_insert_with(|| who.to_owned());
}

async fn lock_all(hosts: &BTreeMap<String, Host>) -> Result<Vec<Lock>, Diags> {
    // In the order of the hosts' own names, so that two resources never wait for each other.
    let mut sorted: Vec<&Host> = hosts.values().collect();
    sorted.sort_by_key(|h| h.name().to_owned());
    let mut locks = Vec::new();
    for host in sorted {
        let lock = lock_one(host).await.map_err(|e| {
            let summary = format!("Failed to lock {}", host.name());
            vec![Diag::error(summary, run::say(e))]
        })?;
        locks.push(lock);
    }
    Ok(locks)
}

/// A run whose connection was cut in silence holds its lock until the host notices, so a lock that
/// is held is waited for as long as that takes.
async fn lock_one(host: &Host) -> Result<Lock, HostError> {
    let deadline = Instant::now() + LOCK_PATIENCE;
    loop {
        match host.lock(&holder()).await {
            Err(HostError::LockHeld { holder, .. }) if Instant::now() < deadline => {
                tracing::warn!(host = host.name(), %holder, "waiting for the lock");
                tokio::time::sleep(LOCK_INTERVAL).await;
            }
            result => return result,
        }
    }
}

/// Who holds a host's lock: what another run is told.
fn holder() -> String {
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME"));
    let machine = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let user = user.unwrap_or_else(|_| "somebody".into());
    format!("{user}@{} (terraform-provider-harbor, pid {})", machine.trim(), std::process::id())
}

async fn on_all(hosts: &BTreeMap<String, Host>, what: &str, script: &str) -> Result<(), Diags> {
    for (name, host) in hosts {
        let step = Step::run(name, what, script);
        run::run(hosts, &step)
            .await
            .map_err(|why| vec![Diag::error(format!("Failed to {what}: {}", host.name()), why)])?;
    }
    Ok(())
}

/// An end before the work is done; `place` says where.
fn stopped<R: Resource>(why: &str, place: &str) -> Diags {
    let summary = format!("{}: {why}, stopped at a safe point", R::NAME);
    vec![Diag::error(summary, format!("{place}. The next apply goes on from here."))]
}

fn failed<R: Resource>(host: &str, step: &Step, why: &str) -> Diag {
    let summary = format!("{}: failed to {} on {host}", R::NAME, step.what);
    let stays = if step.undo.is_empty() { "What was done before stays; the" } else { "The" };
    let diag = Diag::error(summary, format!("{why}\n\n{stays} next apply goes on from here."));
    if step.at.is_empty() { diag } else { diag.at(Path::of(step.at)) }
}

fn did_not_converge<R: Resource>(steps: &[Step]) -> Diags {
    let steps: Vec<String> = steps.iter().map(Step::describe).collect();
    let summary = format!("{}: the apply did not take", R::NAME);
    let detail = format!(
        "These steps ran without an error, and afterwards they are still needed:\n- {}",
        steps.join("\n- ")
    );
    vec![Diag::error(summary, detail)]
}
