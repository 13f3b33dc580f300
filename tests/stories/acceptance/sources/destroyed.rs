//! A destroy with a configuration that every plan refuses.

use testkit::rig::Rig;
use testkit::story::Story;
use testkit::terraform::Terraform;

/// Terraform makes a plan of the configuration before a destroy; without that the destroy goes on.
pub fn although_refused(story: &Story, rig: &Rig, terraform: &Terraform) {
    story.section("a plan that is refused", || {
        let main = std::fs::read_to_string(terraform.path("main.tf")).unwrap();
        let wrong = main.replace("version   = \"2.15.2\"", "version   = \"2.3.2\"");
        assert_ne!(main, wrong);
        terraform
            .write("main.tf", &wrong.replace("installers[\"2.15.2\"]", "installers[\"2.3.2\"]"));
        let _ = terraform.plan_run(&[]).fails().says(&["Downgrade"]);
    });
    story.section("a destroy of it", || {
        let _ = terraform.destroy().fails().says(&["Downgrade"]);
        let arguments = ["destroy", "-refresh=false", "-input=false", "-no-color", "-auto-approve"];
        let _ = terraform.run(&arguments).succeeds();
        assert!(terraform.state()["values"].is_null());
        for host in rig.hosts() {
            assert_eq!(host.sh("docker ps -q").unwrap(), "", "{} runs on", host.state().name);
        }
    });
}
