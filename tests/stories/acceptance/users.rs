//! Every way into a host that users have: root, sudo with and without a password, a bastion.

use testkit::rig::{Distro, Rig};
use testkit::story::Story;
use testkit::terraform::Terraform;

/// A provider block, and the role and database of Harbor through host b by this access.
fn config(rig: &Rig, access: &str, resource: &str) -> String {
    let b = rig.host("b");
    let (address, key) = (b.address().to_owned(), &b.state().host_key);
    format!(
        "provider \"harbor\" {{\n  ssh = {{\n{access}\n  }}\n}}\n\
         resource \"harbor_external_db\" \"db\" {{\n  ssh = {{ host = \"{address}\", host_key = \"{key}\" }}\n\
         harbor_version = \"2.15.2\"\n  password_wo = \"Canary-users-7\"\n  password_wo_version = 1\n{resource}\n}}\n"
    )
}

pub fn a_host_is_managed_by_root_by_sudo_and_through_a_bastion(story: &Story) {
    let hosts = [("a", Distro::Bookworm), ("b", Distro::Bookworm)];
    let rig = story.section("two bare hosts", || Rig::anew("acc-users", &hosts).unwrap());
    story.section("a PostgreSQL made by hand on b", || {
        let install = "export DEBIAN_FRONTEND=noninteractive
            apt-get update -q && apt-get install -qy --no-install-recommends postgresql-15";
        rig.host("b").sh(install).unwrap();
    });
    let terraform = Terraform::new(&rig, "users");
    let ssh = &rig.state().ssh;
    let key = format!("    private_key_path = \"{}\"\n", ssh.key.display());
    let password = std::fs::read_to_string(&ssh.password_file).unwrap();
    let password = password.trim();
    let by_key = |user: &str| format!("    user = \"{user}\"\n{key}");
    story.section("sudo without a password makes it", || {
        terraform.config(&config(&rig, &by_key("ops"), ""));
        let _ = terraform.apply().succeeds();
        terraform.plan().is_empty();
    });
    story.section("root sees the same", || {
        terraform.config(&config(&rig, &by_key("root"), ""));
        terraform.plan().is_empty();
    });
    story.section("login and sudo by password change it", || {
        let access = format!(
            "    user = \"opspw\"\n    password = \"{password}\"\n    sudo_password = \"{password}\"\n"
        );
        terraform.config(&config(&rig, &access, "  connection_limit = 50\n"));
        let _ = terraform.apply().succeeds();
        terraform.plan().is_empty();
        let state = std::fs::read_to_string(terraform.path("terraform.tfstate")).unwrap();
        assert!(!state.contains("Canary-users-7"), "the password is in the state");
        assert!(!state.contains(password), "the sudo password is in the state");
    });
    story.section("an encrypted key through a bastion", || {
        let passphrase = std::fs::read_to_string(&ssh.passphrase_file).unwrap();
        let a = rig.host("a");
        let access = format!(
            "    user = \"ops\"\n    private_key_path = \"{}\"\n    private_key_passphrase = {:?}\n    \
             bastions = [{{ host = \"{}\", user = \"nosudo\", host_key = \"{}\" }}]\n",
            ssh.encrypted_key.display(),
            passphrase.trim(),
            a.address(),
            a.state().host_key
        );
        rig.host("b").cut().unwrap();
        // The way from the runner is cut; the way over a is not.
        terraform.config(&config(&rig, &access, "  connection_limit = 60\n"));
        let _ = terraform.apply().succeeds();
        terraform.plan().is_empty();
        rig.host("b").restore().unwrap();
    });
    story.section("a user without sudo is refused and nothing changes", || {
        terraform.config(&config(&rig, &by_key("nosudo"), "  connection_limit = 70\n"));
        let _ = terraform.plan_run(&[]).fails().says(&["failed to become root"]);
        terraform.config(&config(&rig, &by_key("ops"), "  connection_limit = 60\n"));
        terraform.plan().is_empty();
    });
}
