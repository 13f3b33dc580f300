//! A node that is made anew before the old one is destroyed, what is left of one, and another state: all
//! on the same host.

use serde_json::Value as Json;
use testkit::demo::Demo;
use testkit::terraform::Terraform;

use crate::acceptance::destroy::on_destroy;
use crate::acceptance::drift;

const NODE: &str = "harbor_ha_node.node[\"a\"]";

/// The delete of the old one, which is to purge, leaves its successor alone.
pub fn leaves_its_successor_alone(demo: &Demo) {
    let before = std::fs::read_to_string(demo.terraform.path("main.tf")).unwrap();
    let purging = on_destroy(&before, &[("harbor_ha_node", "purge")]);
    demo.terraform.write("main.tf", &purging);
    let _ = demo.terraform.apply().succeeds();
    let first = purging.replacen(
        "resource \"harbor_ha_node\" \"node\" {\n",
        "resource \"harbor_ha_node\" \"node\" {\n  lifecycle {\n    create_before_destroy = true\n  }\n",
        1,
    );
    assert_ne!(first, purging, "the example has no nodes");
    demo.terraform.write("main.tf", &first);
    let running = "docker ps -q --no-trunc | sort";
    let containers = demo.rig.host("a").sh(running).unwrap();
    let replace = format!("-replace={NODE}");
    let apply = ["apply", "-input=false", "-no-color", "-auto-approve", &replace];
    let _ = demo.terraform.run(&apply).succeeds().says(&["the destroy touches nothing"]);
    assert_eq!(demo.rig.host("a").sh(running).unwrap(), containers, "containers were touched");
    let _ = demo.is_healthy().succeeds();
    demo.terraform.plan().is_empty();
    demo.terraform.write("main.tf", &before);
    let _ = demo.terraform.apply().succeeds();
}

/// An object that a cut apply left deposed in the state is forgotten, and nothing is done on its host.
pub fn what_is_deposed_is_forgotten(demo: &Demo) {
    let file = demo.terraform.path("terraform.tfstate");
    let mut state: Json = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let nodes = state["resources"].as_array_mut().unwrap();
    let node = nodes.iter_mut().find(|r| r["type"] == "harbor_ha_node").unwrap();
    let instances = node["instances"].as_array_mut().unwrap();
    let mut old = instances.iter().find(|i| i["index_key"] == "a").unwrap().clone();
    old["deposed"] = "0badc0de".into();
    old["attributes"]["uid"] = "0".repeat(32).into();
    old["attributes"]["on_destroy"] = "purge".into();
    old.as_object_mut().unwrap().remove("private");
    instances.push(old);
    state["serial"] = (state["serial"].as_u64().unwrap() + 1).into();
    demo.terraform.write("terraform.tfstate", &state.to_string());
    let before = drift::running(demo.rig);
    let plan = demo.terraform.run(&["plan", "-input=false", "-no-color"]).succeeds();
    let _ = plan.says(&["(deposed object 0badc0de)", "0 to add, 0 to change, 1 to destroy"]);
    let _ = demo.terraform.apply().succeeds().says(&["the destroy touches nothing"]);
    assert_eq!(drift::running(demo.rig), before);
    demo.terraform.plan().is_empty();
}

/// A second state that names the same hosts is refused by the plan, with the owner of what is there.
pub fn another_state_is_refused(demo: &Demo) {
    let main = std::fs::read_to_string(demo.terraform.path("main.tf")).unwrap();
    let other = Terraform::new(demo.rig, "other");
    let variables = std::fs::read_to_string(demo.terraform.path("terraform.tfvars.json")).unwrap();
    for file in ["versions.tf", "variables.tf", "outputs.tf"] {
        other.write(file, &std::fs::read_to_string(demo.terraform.path(file)).unwrap());
    }
    other.write("terraform.tfvars.json", &variables);
    let owner = "provider \"harbor\" {\n  owner = \"other\"\n";
    other.write("main.tf", &main.replacen("provider \"harbor\" {\n", owner, 1));
    let before = drift::running(demo.rig);
    let refused = other.plan_run(&[]).fails();
    let _ = refused.says(&["is managed by the configuration \"breakwater\"", "terraform import"]);
    assert_eq!(drift::running(demo.rig), before);
}
