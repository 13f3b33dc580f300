//! Two hosts that exist become a Harbor by `examples/existing-hosts`, as its user would write it.

use serde_json::json;
use testkit::demo::is_healthy;
use testkit::fixtures;
use testkit::rig::{Distro, Rig};
use testkit::story::Story;
use testkit::terraform::Terraform;

use crate::acceptance::hosts::addresses;

const SECRET: &str = "Aa1-existing-secret";
const RELEASE: &str = "2.15.2";

pub fn hosts_that_exist_become_a_harbor_by_the_example_and_are_left(story: &Story) {
    let hosts = [("a", Distro::Bookworm), ("b", Distro::Bookworm)];
    let rig = story.section("two bare hosts", || Rig::anew("acc-existing", &hosts).unwrap());
    let (terraform, certificate) = story.section("installer, certificate", || described(&rig));
    story.section("apply", || terraform.apply().succeeds());
    story.section("the second plan is empty", || terraform.plan().is_empty());
    story.section("both nodes are healthy", || {
        let healthy = terraform.run(&["output", "-json", "healthy"]).succeeds().json();
        assert_eq!(healthy, json!({"a": true, "b": true}));
        let _ = is_healthy(&terraform, &certificate, SECRET).succeeds();
    });
    story.section("image layers are on the NFS export", || {
        for host in rig.hosts() {
            let unit = host.sh("cat /etc/systemd/system/data-registry.mount").unwrap();
            assert!(unit.contains("What=nas.example.test:/registry\n"), "{unit}");
        }
    });
    story.section("destroy", || {
        let _ = terraform.destroy().succeeds();
        assert!(terraform.state()["values"].is_null());
        for host in rig.hosts() {
            assert_eq!(host.sh("docker ps -q").unwrap(), "", "{} runs on", host.state().name);
        }
    });
}

/// The example as it is, with its variables; and the certificate.
fn described(rig: &Rig) -> (Terraform<'_>, String) {
    let state = rig.state();
    std::fs::create_dir(state.nas.join("registry")).unwrap();
    let terraform = Terraform::new(rig, "existing");
    let folder = terraform.path("");
    let [certificate, private_key] = fixtures::certificate(&folder, &state.service_name);
    let redis_password = std::fs::read_to_string(&state.redis.password_file).unwrap();
    terraform.copy("examples/existing-hosts").variables(&json!({
        "hosts": addresses(rig),
        "ssh_user": "ops",
        "ssh_private_key_path": state.ssh.key,
        "known_hosts": state.ssh.known_hosts,
        "hostname": state.service_name,
        "installer": fixtures::installer(&folder, RELEASE),
        "postgresql_version": 15,
        "nfs": "nas.example.test:/registry",
        "redis_host": state.redis.address.split(':').next(),
        "certificate": certificate,
        "private_key": private_key,
        "admin_password": SECRET,
        "database_password": SECRET,
        "redis_password": redis_password.trim(),
    }));
    (terraform, certificate)
}
