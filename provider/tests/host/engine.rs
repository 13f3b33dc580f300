//! The lifecycle with a resource of its own kind, on real hosts.

use provider::backend::{ApplyRequest, Backend as _, PlanRequest, PlanResponse, StateResponse};
use provider::diag::{Diags, Severity};
use provider::lifecycle::{Managed, Provider};
use provider::resource::{Resource, Ssh};
use provider::settings::Settings as _;
use provider::value::{Object, Value};

use crate::sshd::Sshd;
use crate::toy::{Nodes, Side, Toy, ToySettings};

/// A provider of toys, and the two hosts of one.
struct Bench {
    provider: Provider,
    a: Sshd,
    b: Sshd,
}

fn side(sshd: &Sshd) -> Side {
    let credential = Some(sshd.port.to_string());
    let (host, port) = ("127.0.0.1".to_owned(), sshd.port);
    let ssh = Ssh { host, port, user: None, host_key: None, credential };
    Side { ssh, dir: sshd.dir.path().display().to_string() }
}

impl Bench {
    async fn start() -> Self {
        Self::of(Sshd::start(), Sshd::start()).await
    }

    /// With hosts that can be locked and marked.
    async fn apart() -> Self {
        Self::of(Sshd::apart(), Sshd::apart()).await
    }

    async fn of(a: Sshd, b: Sshd) -> Self {
        let provider = Provider::of(vec![Managed::<Toy>::boxed()], Vec::new());
        let bench = Self { provider, a, b };
        bench.configure().await;
        for sshd in [&bench.a, &bench.b] {
            std::fs::write(sshd.path("says"), "old").expect("written");
        }
        bench
    }

    /// As a new process would: there are no connections yet.
    async fn configure(&self) {
        let access = |sshd: &Sshd| {
            let key = [("private_key".to_owned(), Value::from(sshd.read("id")))];
            (sshd.port.to_string(), Object::from(key).into())
        };
        let credentials = Object::from([access(&self.a), access(&self.b)]);
        let mut config = Object::from([("credentials".to_owned(), credentials.into())]);
        config.insert("connect_timeout".to_owned(), "3s".into());
        config.insert("boot_timeout".to_owned(), "1s".into());
        let diags = self.provider.configure(config).await;
        assert!(diags.is_empty(), "{diags:?}");
    }

    fn settings(&self) -> ToySettings {
        let nodes = Nodes { a: side(&self.a), b: side(&self.b) };
        ToySettings { nodes, says: "new".to_owned(), breaks: None, bears: true }
    }

    /// A state in which the toy says what it wants, though the hosts say something else.
    fn state(&self) -> Object {
        let mut state = self.settings().to_object();
        state.insert("id".to_owned(), Toy::id(&self.settings()).into());
        state
    }

    async fn refresh(&self, state: Object) -> StateResponse {
        self.provider.read(Toy::NAME, state, Vec::new()).await
    }

    /// Plan, and carry that out.
    async fn apply(&self, settings: &ToySettings, prior: Option<Object>) -> StateResponse {
        let plan = self.plan(settings, prior.clone()).await;
        quiet(&plan.diags);
        self.carry_out(settings, prior, plan).await
    }

    async fn carry_out(
        &self,
        settings: &ToySettings,
        prior: Option<Object>,
        plan: PlanResponse,
    ) -> StateResponse {
        let PlanResponse { planned, private, .. } = plan;
        let config = Some(settings.to_object());
        self.provider.apply(Toy::NAME, ApplyRequest { config, prior, planned, private }).await
    }

    /// As Terraform destroys: by a plan.
    async fn destroy(&self, prior: &Object) -> StateResponse {
        let prior = Some(prior.clone());
        let request = PlanRequest { prior: prior.clone(), ..PlanRequest::default() };
        let plan = self.provider.plan(Toy::NAME, request).await;
        let apply = ApplyRequest { prior, private: plan.private, ..ApplyRequest::default() };
        let applied = self.provider.apply(Toy::NAME, apply).await;
        assert!(plan.diags.iter().all(|d| d.severity == Severity::Warning), "{:?}", plan.diags);
        StateResponse { diags: [plan.diags, applied.diags].concat(), ..applied }
    }

    async fn plan(&self, settings: &ToySettings, prior: Option<Object>) -> PlanResponse {
        let config = settings.to_object();
        let proposed = prior.clone().unwrap_or_else(|| config.clone());
        let (config, proposed) = (Some(config), Some(proposed));
        let request = PlanRequest { config, prior, proposed, private: Vec::new() };
        self.provider.plan(Toy::NAME, request).await
    }
}

#[track_caller]
fn quiet(diags: &Diags) {
    assert!(diags.is_empty(), "{diags:?}");
}

#[tokio::test]
async fn what_follows_from_an_answer_is_asked_once_for_refresh_and_plan() {
    let bench = Bench::start().await;
    std::fs::write(bench.a.path("says"), "more").expect("written");
    std::fs::write(bench.a.path("more"), "and more").expect("written");
    let read = bench.refresh(bench.state()).await;
    quiet(&read.diags);
    let state = read.state.expect("kept");
    assert_eq!(state["heard"], "a: more, and more; b: old".into());
    assert_eq!(bench.a.read("asked"), "says\nmore\n");
    assert_eq!(bench.b.read("asked"), "says\n", "nothing follows from its answer");

    let plan = bench.plan(&bench.settings(), Some(state)).await;
    quiet(&plan.diags);
    assert_eq!(bench.a.read("asked"), "says\nmore\n", "the refresh asked");
    let plan = bench.plan(&bench.settings(), None).await;
    quiet(&plan.diags);
    assert_eq!(bench.a.read("asked"), "says\nmore\nsays\nmore\n", "a plan without a refresh asks");
}

/// Ends the connection that it came by.
const CUT: &str = "p=$$; until grep -q sshd /proc/$p/comm; do \
                   p=$(cut -d ' ' -f 4 /proc/$p/stat); done; kill -9 $p; sleep 10";

#[tokio::test]
async fn what_a_step_did_is_undone_when_it_fails_and_the_error_says_so() {
    let bench = Bench::apart().await;
    for (breaks, why) in
        [("echo broken >&2; exit 3", "exit status 3: broken"), (CUT, "failed to run a script")]
    {
        let settings = ToySettings { breaks: Some(breaks.to_owned()), ..bench.settings() };
        let failed = bench.apply(&settings, None).await;
        assert_eq!(failed.diags.len(), 1, "{:?}", failed.diags);
        let detail = &failed.diags[0].detail;
        let undone = "\n\nTo put things back:\n- done: a: unsay it\n\
                      - FAILED: b: unsay what is not there: exit status 4: oh dear\n\
                      - done: b: unsay it\n";
        assert!(detail.starts_with(why) && detail.contains(undone), "{detail}");
        assert_eq!([bench.a.read("says"), bench.b.read("says")], ["undone", "undone"]);
    }
    let done = bench.apply(&bench.settings(), None).await;
    quiet(&done.diags);
    assert_eq!(done.state.expect("made")["heard"], "a: new; b: new".into());
}

/// A toy that was made, and whose host `a` says something else since.
async fn made() -> (Bench, Object) {
    let bench = Bench::apart().await;
    let done = bench.apply(&bench.settings(), None).await;
    quiet(&done.diags);
    std::fs::write(bench.a.path("says"), "other").expect("written");
    (bench, done.state.expect("made"))
}

#[track_caller]
fn one_error(diags: &Diags, path: &str, says: &str) {
    let [diag] = &diags[..] else { panic!("{diags:?}") };
    assert_eq!(
        (diag.severity, diag.path.to_string().as_str()),
        (Severity::Error, path),
        "{diag:?}"
    );
    assert!(format!("{} {}", diag.summary, diag.detail).contains(says), "{diag:?}");
}

#[tokio::test]
async fn a_refresh_keeps_the_state_while_a_host_is_missing() {
    let (mut bench, state) = made().await;
    bench.b.stop();
    let read = bench.refresh(state.clone()).await;
    assert_eq!(read.state, Some(state.clone()));
    let [warning] = &read.diags[..] else { panic!("{:?}", read.diags) };
    assert_eq!(warning.severity, Severity::Warning);
    let says = format!("Host b: failed to reach root@127.0.0.1:{}:", bench.b.port);
    assert!(warning.detail.starts_with(&says), "{warning:?}");

    bench.a.stop();
    bench.configure().await;
    let read = bench.refresh(state).await;
    one_error(&read.diags, "nodes.a.ssh", "Failed to reach host a of harbor_toy");
}

#[tokio::test]
async fn what_bears_a_missing_host_is_planned_and_applied_without_it() {
    let (mut bench, state) = made().await;
    let settings = ToySettings { says: "newer".to_owned(), ..bench.settings() };
    bench.b.stop();
    let done = bench.apply(&settings, Some(state)).await;
    quiet(&done.diags);
    assert_eq!([bench.a.read("says"), bench.b.read("says")], ["newer", "new"]);
    let state = done.state.expect("changed");
    assert_eq!(state["status"].get("a: says"), &"newer".into());
    assert_eq!(state["status"].get("b: says"), &"new".into(), "kept as it was seen last");

    bench.b.restart(false);
    let done = bench.apply(&settings, Some(state)).await;
    quiet(&done.diags);
    assert_eq!(bench.b.read("says"), "newer");
}

#[tokio::test]
async fn nothing_is_done_when_a_host_that_the_plan_missed_is_back() {
    let (mut bench, state) = made().await;
    bench.b.stop();
    let plan = bench.plan(&bench.settings(), Some(state.clone())).await;
    quiet(&plan.diags);
    bench.b.restart(false);
    let failed = bench.carry_out(&bench.settings(), Some(state.clone()), plan).await;
    one_error(&failed.diags, "", "It answers now: plan again.");
    assert_eq!(failed.state, Some(state.clone()));
    assert_eq!(bench.a.read("says"), "other");

    // The private data of that plan is beside the state now, and must not count any more.
    let config = bench.settings().to_object();
    let request = PlanRequest {
        config: Some(config.clone()),
        prior: Some(state.clone()),
        proposed: Some(state.clone()),
        private: failed.private,
    };
    let plan = bench.provider.plan(Toy::NAME, request).await;
    quiet(&plan.diags);
    let done = bench.carry_out(&bench.settings(), Some(state), plan).await;
    quiet(&done.diags);
    assert_eq!(bench.a.read("says"), "new");
}

#[tokio::test]
async fn a_host_that_was_there_at_plan_must_be_there_at_apply() {
    let (mut bench, state) = made().await;
    let plan = bench.plan(&bench.settings(), Some(state.clone())).await;
    quiet(&plan.diags);
    bench.b.stop();
    bench.configure().await;
    let failed = bench.carry_out(&bench.settings(), Some(state), plan).await;
    one_error(&failed.diags, "nodes.b.ssh", "Failed to reach host b of harbor_toy");
    assert_eq!(bench.a.read("says"), "other");
}

/// Terraform plans again in the apply, and would not take another value for one that was known.
#[tokio::test]
async fn an_output_that_moves_by_itself_makes_no_change_and_is_not_promised() {
    let bench = Bench::apart().await;
    let settings = ToySettings { says: "more".to_owned(), ..bench.settings() };
    std::fs::write(bench.a.path("more"), "1").expect("written");
    std::fs::write(bench.b.path("more"), "1").expect("written");
    let made = bench.apply(&settings, None).await.state.expect("made");
    assert_eq!(made["heard"], "a: more, 1; b: more, 1".into());

    std::fs::write(bench.a.path("more"), "2").expect("written");
    let plan = bench.plan(&settings, Some(made.clone())).await;
    quiet(&plan.diags);
    assert_eq!(plan.planned, Some(made.clone()), "nothing is to be done");

    let other = ToySettings { bears: false, ..settings.clone() };
    let plan = bench.plan(&other, Some(made.clone())).await;
    let planned = plan.planned.as_ref().expect("planned");
    assert_eq!(planned["heard"], Value::Unknown);
    assert_eq!(planned["status"], made["status"]);
    std::fs::write(bench.a.path("more"), "3").expect("written");
    let done = bench.carry_out(&other, Some(made), plan).await;
    quiet(&done.diags);
    assert_eq!(done.state.expect("changed")["heard"], "a: more, 3; b: more, 1".into());
}

/// A cloud says that a machine runs long before it can be reached, and Terraform plans again, in the
/// apply, as soon as the cloud says so.
#[tokio::test]
async fn a_new_host_that_does_not_answer_yet_is_left_to_the_apply() {
    let mut bench = Bench::apart().await;
    bench.b.stop();
    for bears in [true, false] {
        let settings = ToySettings { bears, ..bench.settings() };
        let plan = bench.plan(&settings, None).await;
        let [warning] = &plan.diags[..] else { panic!("{:?}", plan.diags) };
        assert_eq!(warning.severity, Severity::Warning);
        assert!(warning.detail.contains("failed to reach root@127.0.0.1:"), "{warning:?}");
        assert!(warning.detail.contains("1s (boot_timeout)"), "{warning:?}");
        assert_eq!(plan.planned.as_ref().expect("planned")["heard"], Value::Unknown);
        let failed = bench.carry_out(&settings, None, plan.clone()).await;
        one_error(&failed.diags, "nodes.b.ssh", "Failed to reach host b of harbor_toy");

        bench.b.restart(false);
        let done = bench.carry_out(&settings, None, plan).await;
        quiet(&done.diags);
        bench.b.stop();
        bench.configure().await;
    }
}

#[tokio::test]
async fn what_moves_to_a_new_host_is_left_to_the_apply_too() {
    let (bench, state) = made().await;
    let mut third = Sshd::apart();
    std::fs::write(third.path("says"), "old").expect("written");
    third.stop();
    let nodes = Nodes { a: side(&bench.a), b: side(&third) };
    let settings = ToySettings { nodes, ..bench.settings() };
    let bench = Bench { b: third, ..bench };
    bench.configure().await;
    let plan = bench.plan(&settings, Some(state.clone())).await;
    let [warning] = &plan.diags[..] else { panic!("{:?}", plan.diags) };
    assert_eq!(warning.severity, Severity::Warning, "{warning:?}");
    assert_eq!(plan.planned.expect("planned")["heard"], Value::Unknown);
}

#[tokio::test]
async fn what_cannot_do_without_a_host_says_that_it_does_not_answer() {
    let (mut bench, state) = made().await;
    bench.b.stop();
    let settings = ToySettings { bears: false, ..bench.settings() };
    let plan = bench.plan(&settings, Some(state.clone())).await;
    one_error(&plan.diags, "nodes.b.ssh", "Failed to reach host b of harbor_toy");
    let request = PlanRequest { prior: Some(state), ..PlanRequest::default() };
    let destroy = bench.provider.plan(Toy::NAME, request).await;
    one_error(&destroy.diags, "nodes.b.ssh", "Failed to reach host b of harbor_toy");
}

#[tokio::test]
async fn the_delete_of_what_was_replaced_leaves_its_successor_alone() {
    let bench = Bench::apart().await;
    let made = bench.apply(&bench.settings(), None).await;
    quiet(&made.diags);
    let old = made.state.expect("made");
    // The new one is made before the old one is destroyed, on the same hosts.
    let made = bench.apply(&bench.settings(), None).await;
    quiet(&made.diags);
    let new = made.state.expect("made");
    assert!(old["uid"].as_str().is_some_and(|uid| uid.len() == 32), "{:?}", old["uid"]);
    assert_ne!(old["uid"], new["uid"]);
    // Whoever still has the old one in a state changes nothing.
    let other_state = bench.plan(&bench.settings(), Some(old.clone())).await;
    assert!(
        other_state.diags.iter().all(|d| d.summary.contains("carries another object's")),
        "{:?}",
        other_state.diags
    );
    assert_eq!(other_state.diags.len(), 2, "{:?}", other_state.diags);

    let deposed = bench.destroy(&old).await;
    assert!(deposed.state.is_none());
    let warned = |d: &provider::diag::Diag| {
        d.severity == Severity::Warning && d.summary.contains("the destroy touches nothing")
    };
    assert!(deposed.diags.len() == 2 && deposed.diags.iter().all(warned), "{:?}", deposed.diags);
    assert_eq!((bench.a.read("says"), bench.b.read("says")), ("new".into(), "new".into()));
    quiet(&bench.plan(&bench.settings(), Some(new.clone())).await.diags);

    let destroyed = bench.destroy(&new).await;
    assert!(destroyed.diags.iter().all(|d| d.summary.contains("destroys data")));
    assert!(!bench.a.path("says").exists() && !bench.b.path("says").exists());
}

/// Pulumi's bridge deletes without a plan and hands no private data on.
#[tokio::test]
async fn a_delete_without_a_plan_goes_by_the_state() {
    let bench = Bench::apart().await;
    let made = bench.apply(&bench.settings(), None).await;
    let state = made.state.expect("made");
    let keys = state["host_keys"].as_map().expect("a map");
    assert_eq!(keys.len(), 2, "{keys:?}");

    let delete = |prior: Object| {
        let request = ApplyRequest { prior: Some(prior), ..ApplyRequest::default() };
        bench.provider.apply(Toy::NAME, request)
    };
    let mut strange = state.clone();
    let key = Value::from(
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJd5d4sJ2m1pYtYvXyZTd2uvZ2Z0Y3RyMjM0NTY3ODkw",
    );
    let strangers = keys.keys().map(|place| (place.clone(), key.clone())).collect();
    strange.insert("host_keys".to_owned(), Value::Map(strangers));
    bench.configure().await;
    let refused = delete(strange).await;
    assert!(refused.diags.iter().any(|d| d.detail.contains("host key")), "{:?}", refused.diags);
    assert!(refused.state.is_some() && bench.a.path("says").exists());

    bench.configure().await;
    let destroyed = delete(state).await;
    quiet(&destroyed.diags);
    assert!(destroyed.state.is_none());
    assert!(!bench.a.path("says").exists() && !bench.b.path("says").exists());
}
