//! A node that is made anew before the old one is destroyed, on the same host.

use testkit::demo::Demo;

use crate::acceptance::destroy::on_destroy;

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
