//! The staging example is applied from nothing and destroyed. Its runner is in a network that is
//! routed to the VPC.

use serde_json::json;
use testkit::story::Story;

use crate::cloud::environment::{Environment, rig};

const NAME: &str = "staging";

pub fn is_made_and_destroyed_from_a_network_that_is_routed_to_it(story: &Story) {
    let rig = story.section("a cloud with nothing in it", || rig(NAME));
    let mut staging = story.section("keys and installer", || Environment::new(&rig, NAME));
    // The newest image's distribution has this PostgreSQL in the rig.
    staging.set(&json!({ "ssh_sources": ["198.51.100.1/32"], "postgresql_version": 17 }));
    story.section("one apply from nothing", || {
        let _ = staging.apply("create", &[]).succeeds();
        staging.is_settled();
    });
    story.section("both nodes are healthy", || {
        let outputs = staging.outputs();
        assert_eq!(outputs["url"], "https://harbor.example.com");
        for node in ["a", "b"] {
            assert_eq!(outputs["nodes"][node]["healthy"], true, "{outputs:#}");
        }
    });
    story.section("destroy", || staging.is_destroyed());
}
