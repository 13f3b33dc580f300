//! What a host says reaches no plan and no state as it is.

use provider::backend::{Backend as _, PlanRequest};
use provider::diag::Diags;
use provider::resource::Resource;
use provider::settings::Settings as _;
use provider::value::{Value, shown_object};

use crate::interrupted::Bench;
use crate::server::{ESC, Hostile};
use crate::toy::Toy;

#[tokio::test]
async fn values_that_a_host_gave_are_shown_and_compared_alike() {
    let bench = Bench::start("esc_says").await;
    let mut state = bench.settings().to_object();
    state.insert("id".to_owned(), "toy".into());
    let read = bench.provider.read(Toy::NAME, state, Vec::new()).await;
    assert_eq!(read.diags, Diags::new());
    let state = read.state.expect("read");
    assert!(format!("{state:?}").contains("u{1b}]0;TITLE"), "{state:?}");
    assert_eq!(shown_object(state.clone()), state);

    // What it says is what is wanted: nothing is to be done, and the state stays as it is.
    let mut config = bench.settings();
    config.says = ESC.to_owned();
    let (config, mut prior) = (config.to_object(), state);
    prior.extend(config.clone());
    let request = PlanRequest {
        config: Some(config),
        prior: Some(prior.clone()),
        proposed: Some(prior.clone()),
        private: Vec::new(),
    };
    let plan = bench.provider.plan(Toy::NAME, request).await;
    assert_eq!(plan.diags, Diags::new());
    let planned = plan.planned.expect("planned");
    for computed in ["files", "status", "heard"] {
        assert_eq!(planned[computed], prior[computed], "{computed}");
        assert_ne!(planned[computed], Value::Unknown);
    }
}

#[tokio::test]
async fn an_error_holds_what_the_host_said() {
    // Escaped where it leaves the process: the protocol's own tests hold that.
    for mode in ["exec_exit1_esc", "esc_fail", "disc"] {
        let server = Hostile::start(mode).await;
        let host = server.host().await;
        let answer = host.ask("true", std::time::Duration::from_secs(3)).await;
        let said = match answer {
            Ok(output) => output.stderr().into_owned(),
            Err(error) => error.to_string(),
        };
        assert!(said.contains("FAKE"), "{mode}: {said:?}");
    }
}
