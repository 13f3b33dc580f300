//! The production example in a rig whose runner reaches its bastion alone.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use testkit::rig::command::wait_until;
use testkit::rig::{Options, Rig};
use testkit::terraform::{Run, Terraform, repository};

/// Name of the rig.
pub const NAME: &str = "production";
/// The registry's name.
pub const HOSTNAME: &str = "harbor.example.com";
/// Harbor's admin's password.
pub const ADMIN: &str = "Admin-of-production-1";
/// The images of a time, and some months later.
pub const IMAGES: [&str; 2] =
    ["ubuntu_22_04_x64_20G_alibase_20260115.vhd", "ubuntu_22_04_x64_20G_alibase_20260712.vhd"];

const RELEASE: &str = "2.15.2";
/// A boot, and the start of all containers.
const BOOT: Duration = Duration::from_secs(180);

/// The example with its variables.
pub struct Production<'a> {
    rig: &'a Rig,
    terraform: Terraform<'a>,
    variables: Json,
}

/// An empty rig, whose runner is in no network of the cloud's.
pub fn rig() -> Rig {
    let rig = Rig::down(NAME).and_then(|()| Rig::up_with(NAME, &Options::empty())).unwrap();
    rig.outside(None).unwrap();
    rig
}

impl<'a> Production<'a> {
    /// Copies the example, and makes what its user brings: keys, a certificate, the installer.
    pub fn new(rig: &'a Rig) -> Self {
        let terraform = Terraform::new(rig, "environments/production");
        terraform.copy("examples/environments/production");
        let modules = rig.state().folder.join("terraform/modules");
        std::os::unix::fs::symlink(repository().join("examples/modules"), modules).unwrap();
        // The state is in the folder; a backend would need an init.
        let versions = std::fs::read_to_string(terraform.path("versions.tf")).unwrap();
        let (before, backend) = versions.split_once("  # Each environment").unwrap();
        let (_, after) = backend.split_once("  }\n").unwrap();
        terraform.write("versions.tf", &format!("{before}{after}"));
        let folder = terraform.path("");
        brought(&folder);
        let mut production = Self { rig, terraform, variables: variables(&folder) };
        production.set(&json!({}));
        let _ = production.terraform.run(&["get", "-no-color"]).succeeds();
        production
    }

    /// Changes variables.
    pub fn set(&mut self, changes: &Json) {
        for (name, value) in changes.as_object().into_iter().flatten() {
            self.variables[name] = value.clone();
        }
        self.terraform.variables(&self.variables);
    }

    /// A new certificate with its key.
    pub fn renew_certificate(&mut self) {
        make(&self.path(""), CERTIFICATE);
        let (certificate, private_key) = certificate(&self.path(""));
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
        let file = self.path("tls.crt").to_string_lossy().into_owned();
        let argv = ["x509", "-in", &file, "-noout", "-fingerprint", "-sha256"];
        String::from_utf8(Command::new("openssl").args(argv).output().unwrap().stdout).unwrap()
    }

    /// A file beside the configuration.
    pub fn path(&self, name: &str) -> PathBuf {
        self.terraform.path(name)
    }

    /// Switches faults of the cloud on, and all others off.
    pub fn faults(&self, faults: &Json) {
        std::fs::write(self.rig.state().folder.join("cloud.faults.json"), faults.to_string())
            .unwrap();
    }

    /// An apply; what it says is kept in a file.
    pub fn apply(&self, what: &str, more: &[&str]) -> Run {
        self.said(what, &[&["apply", "-input=false", "-no-color", "-auto-approve"], more].concat())
    }

    /// `terraform destroy`.
    pub fn destroy(&self) -> Run {
        self.said("destroy", &["destroy", "-input=false", "-no-color", "-auto-approve"])
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
    pub fn objects(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.rig.state().folder.join("cloud.json")).unwrap();
        let all: Json = serde_json::from_str(&text).unwrap();
        let of = |(kind, objects): (&String, &Json)| -> Vec<String> {
            let ids = objects.as_object().into_iter().flatten();
            ids.map(|(id, _)| format!("{kind} {id}")).collect()
        };
        all["types"].as_object().into_iter().flatten().flat_map(of).collect()
    }
}

const CERTIFICATE: &str = "openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=harbor.example.com \
     -addext subjectAltName=DNS:harbor.example.com -keyout tls.key -out tls.crt";
const KEYS: &str = "for key in id_ed25519 bastion_host_key; do
     ssh-keygen -q -t ed25519 -N '' -C '' -f $key; done";

fn brought(folder: &Path) {
    make(folder, KEYS);
    make(folder, CERTIFICATE);
    let build = repository().join("tests/standins/harbor/build");
    make(folder, &format!("'{}' \"$PWD\" {RELEASE}", build.display()));
}

fn make(folder: &Path, script: &str) {
    let made = Command::new("sh").args(["-ec", script]).current_dir(folder).output().unwrap();
    let _ = Run::of(&made).succeeds();
}

fn certificate(folder: &Path) -> (String, String) {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    (read("tls.crt"), read("tls.key"))
}

fn variables(folder: &Path) -> Json {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let installer = folder.join(format!("harbor-offline-installer-v{RELEASE}.tgz"));
    let sum = Sha256::digest(std::fs::read(&installer).unwrap());
    let sha256: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
    let (certificate, private_key) = certificate(folder);
    json!({
        "hostname": HOSTNAME,
        "installer": { "path": installer, "sha256": sha256 },
        "ssh_public_key": read("id_ed25519.pub").trim(),
        "ssh_private_key_path": folder.join("id_ed25519"),
        "ssh_sources": ["192.88.99.2/32"],
        "bastion_host_key": read("bastion_host_key.pub"),
        "bastion_host_private_key": read("bastion_host_key"),
        "certificate": certificate,
        "private_key": private_key,
        "admin_password": ADMIN,
        "database_password": "Database-of-production-1",
        "redis_password": "Redis_of_production_1",
        "harbor_version": RELEASE,
        "image_id": IMAGES[0],
        "postgresql_version": 15,
    })
}
