//! One of the examples' environments in a rig with a stand-in cloud.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value as Json, json};
use testkit::fixtures;
use testkit::rig::command::wait_until;
use testkit::rig::{Options, Rig};
use testkit::terraform::{Run, Terraform, repository};

/// The registry's name.
pub const HOSTNAME: &str = "harbor.example.com";
/// Harbor's admin's password.
pub const ADMIN: &str = "Admin-of-registry-1";
const RELEASE: &str = "2.15.2";
/// A boot, and the start of all containers.
const BOOT: Duration = Duration::from_secs(180);

/// The example with its variables.
pub struct Environment<'a> {
    rig: &'a Rig,
    terraform: Terraform<'a>,
    variables: Json,
}

/// An empty rig.
pub fn rig(name: &str) -> Rig {
    Rig::down(name).and_then(|()| Rig::up_with(name, &Options::empty())).unwrap()
}

impl<'a> Environment<'a> {
    /// Copies the example of this name, and makes what its user brings: a key, a certificate, the
    /// installer.
    pub fn new(rig: &'a Rig, name: &str) -> Self {
        let terraform = Terraform::new(rig, &format!("environments/{name}"));
        terraform.copy(&format!("examples/environments/{name}"));
        let modules = rig.state().folder.join("terraform/modules");
        std::os::unix::fs::symlink(repository().join("examples/modules"), modules).unwrap();
        // The state is in the folder; a backend would need an init.
        let versions = std::fs::read_to_string(terraform.path("versions.tf")).unwrap();
        let (before, backend) = versions.split_once("  # Each environment").unwrap();
        let (_, after) = backend.split_once("  }\n").unwrap();
        terraform.write("versions.tf", &format!("{before}{after}"));
        let variables = variables(&terraform.path(""));
        let _ = terraform.run(&["get", "-no-color"]).succeeds();
        Self { rig, terraform, variables }
    }

    /// Sets variables.
    pub fn set(&mut self, changes: &Json) {
        for (name, value) in changes.as_object().into_iter().flatten() {
            self.variables[name] = value.clone();
        }
        self.terraform.variables(&self.variables);
    }

    /// A new certificate with its key.
    pub fn renew_certificate(&mut self) {
        let [certificate, private_key] = fixtures::certificate(&self.path(""), HOSTNAME);
        self.set(&json!({
            "certificate": certificate, "private_key": private_key,
            "secret_versions": { "private_key": 2 },
        }));
    }

    /// The certificate that is configured.
    pub fn certificate(&self) -> &str {
        self.variables["certificate"].as_str().unwrap()
    }

    /// Its fingerprint.
    pub fn fingerprint(&self) -> String {
        let file = self.path("harbor.crt").to_string_lossy().into_owned();
        let argv = ["x509", "-in", &file, "-noout", "-fingerprint", "-sha256"];
        String::from_utf8(Command::new("openssl").args(argv).output().unwrap().stdout).unwrap()
    }

    /// A file beside the configuration.
    pub fn path(&self, name: &str) -> PathBuf {
        self.terraform.path(name)
    }

    /// Switches faults of the cloud on, and all others off.
    pub fn faults(&self, faults: &Json) {
        let file = self.rig.state().folder.join("cloud.faults.json");
        testkit::rig::files::write(file, faults.to_string(), 0o644).unwrap();
    }

    /// An apply; what it says is kept in a file.
    pub fn apply(&self, what: &str, more: &[&str]) -> Run {
        self.said(what, &[&["apply", "-input=false", "-no-color", "-auto-approve"], more].concat())
    }

    /// `terraform destroy`, which leaves nothing in the cloud.
    #[track_caller]
    pub fn is_destroyed(&self) {
        let arguments = ["destroy", "-input=false", "-no-color", "-auto-approve"];
        let _ = self.said("destroy", &arguments).succeeds();
        assert_eq!(self.objects(), Vec::<String>::new());
    }

    fn said(&self, what: &str, arguments: &[&str]) -> Run {
        let run = self.terraform.run(arguments);
        self.terraform.write(&format!("{what}.txt"), &run.text);
        run
    }

    /// Nothing is left to do, and no check fails.
    #[track_caller]
    pub fn is_settled(&self) {
        let run = self.terraform.run(&["plan", "-input=false", "-no-color", "-detailed-exitcode"]);
        assert_eq!(run.code, Some(0), "{}", run.text);
        assert!(!run.text.contains("assertion failed"), "{}", run.text);
    }

    /// The same some time after a host was restarted: Harbor comes up by itself then.
    #[track_caller]
    pub fn settles(&self) {
        let plan = ["plan", "-input=false", "-no-color", "-detailed-exitcode"];
        let up = || Ok(self.terraform.run(&plan).code == Some(0));
        wait_until("Harbor to come up with its host", BOOT, up, String::new).unwrap();
        self.is_settled();
    }

    /// Outputs by name.
    #[track_caller]
    pub fn outputs(&self) -> Json {
        let all = self.terraform.run(&["output", "-json"]).succeeds().json();
        let value = |(name, output): (&String, &Json)| (name.clone(), output["value"].clone());
        all.as_object().into_iter().flatten().map(value).collect()
    }

    /// Addresses of the nodes a and b.
    pub fn nodes(&self) -> [String; 2] {
        let nodes = &self.outputs()["nodes"];
        ["a", "b"].map(|name| nodes[name]["private_ip"].as_str().unwrap().to_owned())
    }

    /// Whatever the cloud has, as `TYPE ID`.
    fn objects(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.rig.state().folder.join("cloud.json")).unwrap();
        let all: Json = serde_json::from_str(&text).unwrap();
        let of = |(kind, objects): (&String, &Json)| -> Vec<String> {
            let ids = objects.as_object().into_iter().flatten();
            ids.map(|(id, _)| format!("{kind} {id}")).collect()
        };
        all["types"].as_object().into_iter().flatten().flat_map(of).collect()
    }
}

fn variables(folder: &Path) -> Json {
    let [certificate, private_key] = fixtures::certificate(folder, HOSTNAME);
    let [public_key, _] = fixtures::ssh_key(folder, "id_ed25519");
    json!({
        "hostname": HOSTNAME,
        "installer": fixtures::installer(folder, RELEASE),
        "ssh_public_key": public_key.trim(),
        "ssh_private_key_path": folder.join("id_ed25519"),
        "certificate": certificate,
        "private_key": private_key,
        "admin_password": ADMIN,
        "database_password": "Database-of-registry-1",
        "redis_password": "Redis_of_registry_1",
        "harbor_version": RELEASE,
    })
}
