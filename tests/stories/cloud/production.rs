//! The production example is applied from nothing, changed and destroyed. Its runner reaches nothing
//! but its bastion.

use serde_json::json;
use testkit::fixtures;
use testkit::rig::Rig;
use testkit::story::Story;

use crate::cloud::environment::{Environment, rig};
use crate::cloud::registry::{RIG, Registry};

/// The images of a time, and some months later.
const IMAGES: [&str; 2] =
    ["ubuntu_22_04_x64_20G_alibase_20260115.vhd", "ubuntu_22_04_x64_20G_alibase_20260712.vhd"];

pub fn is_made_changed_and_destroyed_through_a_bastion(story: &Story) {
    let rig = story.section("a cloud with nothing in it", || {
        let rig = rig(RIG);
        rig.outside(None).unwrap();
        rig
    });
    let mut production = story.section("keys and installer", || described(&rig));
    story.section("one apply from nothing, in a cloud on a bad day", || from_nothing(&production));
    story.section("push and pull through the load balancer", || push_and_pull(&production));
    story.section("another primary", || primary(&mut production));
    story.section("another certificate", || certificate(&mut production));
    story.section("node a is drained", || drained(&mut production));
    story.section("node a is made larger", || size(&mut production));
    story.section("node a is replaced", || replaced(&mut production));
    story.section("the new node a serves", || joined(&mut production));
    story.section("destroy", || production.is_destroyed());
}

/// With what this environment has beside what all have.
fn described(rig: &Rig) -> Environment<'_> {
    let mut production = Environment::new(rig, RIG);
    let [host_key, private_key] = fixtures::ssh_key(&production.path(""), "bastion_host_key");
    production.set(&json!({
        "ssh_sources": ["192.88.99.2/32"],
        "bastion_host_key": host_key,
        "bastion_host_private_key": private_key,
        "image_id": IMAGES[0],
        "postgresql_version": 15,
    }));
    production
}

/// Instances run long before they let anybody in; calls take their time, or are too many.
fn from_nothing(production: &Environment) {
    production.faults(&json!({
        "unreachable_seconds": 15,
        "slow_seconds": { "alicloud_instance": 2, "alicloud_kvstore_instance": 3 },
        "throttled": { "alicloud_instance": 3, "alicloud_security_group_rule": 2 },
    }));
    let _ = production.apply("create", &[]).succeeds();
    production.faults(&json!({}));
    production.is_settled();
}

fn push_and_pull(production: &Environment) {
    let (registry, outputs) = (Registry::new(production), production.outputs());
    assert_eq!(outputs["load_balancer"]["address"], Registry::address());
    registry.push("first");
    registry.pull("first", &production.nodes());
}

fn primary(production: &mut Environment) {
    production.set(&json!({ "primary": "b" }));
    let _ = production.apply("primary", &[]).succeeds();
    production.is_settled();
    let (registry, outputs) = (Registry::new(production), production.outputs());
    assert_eq!(outputs["database"]["host"], outputs["nodes"]["b"]["private_ip"]);
    assert_eq!(outputs["database"]["primary"], "b");
    registry.push("second");
    registry.pull("second", &production.nodes());
    registry.pull("first", &[]);
}

fn certificate(production: &mut Environment) {
    production.renew_certificate();
    let _ = production.apply("certificate", &[]).succeeds();
    production.is_settled();
    let registry = Registry::new(production);
    assert_eq!(Registry::served(), production.fingerprint());
    registry.pull("first", &production.nodes());
}

/// What the guide says comes first: no new connections, and no protection.
fn drained(production: &mut Environment) {
    production.set(&json!({ "drained_nodes": ["a"], "deletion_protection": false }));
    let _ = production.apply("drain", &[]).succeeds();
}

fn size(production: &mut Environment) {
    let watch = Registry::new(production).watch("first");
    production.set(&json!({ "instance_types": { "a": "ecs.g7.large" } }));
    let _ = production.apply("size", &[]).succeeds();
    eprintln!("{}", watch.all_succeeded());
    production.settles();
}

/// A newer image is there by then: the node that stays must not be wiped for it.
fn replaced(production: &mut Environment) {
    let (before, registry) = (production.outputs(), Registry::new(production));
    let watch = registry.watch("first");
    production.set(&json!({ "image_id": IMAGES[1] }));
    let replace = "-replace=module.harbor.alicloud_instance.node[\"a\"]";
    let _ = production.apply("replace", &[replace]).succeeds();
    eprintln!("{}", watch.all_succeeded());
    let after = production.outputs();
    let instance = |of: &serde_json::Value, node: &str| of["nodes"][node]["instance_id"].clone();
    assert_ne!(instance(&before, "a"), instance(&after, "a"));
    assert_eq!(instance(&before, "b"), instance(&after, "b"));
    production.is_settled();
}

fn joined(production: &mut Environment) {
    production.set(&json!({ "drained_nodes": [] }));
    let _ = production.apply("attach", &[]).succeeds();
    production.is_settled();
    let (registry, outputs) = (Registry::new(production), production.outputs());
    assert_eq!(outputs["database"]["standby_state"], "streaming");
    registry.push("third");
    for tag in ["first", "second", "third"] {
        registry.pull(tag, &production.nodes());
    }
}
