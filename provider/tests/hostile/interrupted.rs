//! The user's wish to stop, and the end of the time that the user gave, end every wait.

use std::sync::Arc;
use std::time::{Duration, Instant};

use provider::backend::{ApplyRequest, Backend as _, PlanRequest, StateResponse};
use provider::lifecycle::{Managed, Provider};
use provider::resource::{Resource, Ssh};
use provider::settings::Settings as _;
use provider::value::{Object, Value};

use crate::server::{Hostile, user_key};
use crate::toy::{Nodes, Side, Toy, ToySettings};

/// How long an end may take.
const AT_ONCE: Duration = Duration::from_secs(10);

pub struct Bench {
    pub provider: Arc<Provider>,
    server: Hostile,
}

impl Bench {
    pub async fn start(mode: &'static str) -> Self {
        let server = Hostile::start(mode).await;
        let provider = Provider::of(vec![Managed::<Toy>::boxed()], Vec::new());
        let access = Object::from([
            ("user".to_owned(), server.target().user.into()),
            ("private_key".to_owned(), Value::from(user_key())),
            ("sudo_password".to_owned(), "the password".into()),
        ]);
        // So patient that nothing else ends the waits.
        let config = Object::from([
            ("ssh".to_owned(), access.into()),
            ("connect_timeout".to_owned(), "1h".into()),
        ]);
        let diags = provider.configure(config).await;
        assert!(diags.is_empty(), "{diags:?}");
        Self { provider: Arc::new(provider), server }
    }

    pub fn settings(&self) -> ToySettings {
        let (host, port) = ("127.0.0.1".to_owned(), self.server.port);
        let ssh = Ssh { host, port, user: None, host_key: None, credential: None };
        let side = || Side { ssh: ssh.clone(), dir: "/nowhere".to_owned() };
        let nodes = Nodes { a: side(), b: side() };
        ToySettings { nodes, says: "new".to_owned(), breaks: None, bears: true }
    }

    pub async fn apply(&self, limit: &str) -> StateResponse {
        let mut config = self.settings().to_object();
        let timeouts = Object::from([("create".to_owned(), limit.into())]);
        config.insert("timeouts".to_owned(), timeouts.into());
        let planned = Some(config.clone());
        let request = ApplyRequest { config: Some(config), planned, ..ApplyRequest::default() };
        self.provider.apply(Toy::NAME, request).await
    }
}

#[tokio::test]
async fn the_end_of_its_time_ends_an_apply_that_waits() {
    for mode in ["silent", "auth_hang", "chan_hang", "sudo_never", "lock_hang"] {
        let bench = Bench::start(mode).await;
        let begun = Instant::now();
        let done = tokio::time::timeout(AT_ONCE, bench.apply("1s")).await.expect(mode);
        assert!(begun.elapsed() >= Duration::from_secs(1), "{mode}: {:?}", done.diags);
        let [diag] = &done.diags[..] else { panic!("{mode}: {:?}", done.diags) };
        assert!(diag.summary.contains("out of time"), "{mode}: {diag:?}");
        assert!(diag.detail.starts_with("While it "), "{mode}: {diag:?}");
        assert_eq!(done.state, None);
    }
}

#[tokio::test]
async fn the_wish_to_stop_ends_whatever_waits() {
    for mode in ["silent", "auth_hang", "chan_hang", "sudo_never", "lock_hang", "silent_inside"] {
        let bench = Bench::start(mode).await;
        let mut state = bench.settings().to_object();
        state.insert("id".to_owned(), "toy".into());
        let (config, proposed) = (Some(state.clone()), Some(state.clone()));
        let request = PlanRequest { config, proposed, ..PlanRequest::default() };
        let work = async {
            tokio::join!(
                bench.apply("2h"),
                bench.provider.plan(Toy::NAME, request),
                bench.provider.read(Toy::NAME, state.clone(), vec![7]),
            )
        };
        let stop = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            bench.provider.stop();
        };
        let (done, ()) =
            tokio::time::timeout(AT_ONCE, async { tokio::join!(work, stop) }).await.expect(mode);
        let (applied, planned, read) = done;
        assert!(applied.diags[0].summary.contains("interrupted"), "{mode}: {:?}", applied.diags);
        // The host that says nothing but does not lock is looked at.
        if mode != "lock_hang" {
            assert!(planned.diags[0].summary.contains("interrupted"), "{:?}", planned.diags);
            assert_eq!((read.state, read.private), (Some(state), vec![7]), "kept");
            assert!(read.diags[0].summary.contains("interrupted"), "{:?}", read.diags);
        }
    }
}
