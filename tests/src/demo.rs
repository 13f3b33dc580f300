//! The configuration in `examples/local`, with the variables and checks of `make demo`.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value as Json, json};

use crate::fixtures;
use crate::rig::Rig;
use crate::terraform::{Run, Terraform, program, repository};

/// The secrets of the demo; a test that looks for them chooses ones that stand nowhere else.
pub const CANARIES: [(&str, &str); 2] = [
    ("harbor_admin_password", "Aa1-canaryadmin7Qx"),
    ("database_password", "Aa1-canarydatabase7Qx"),
];

/// The demo on a rig with the hosts a and b.
#[derive(Debug)]
pub struct Demo<'a> {
    /// The rig.
    pub rig: &'a Rig,
    /// Terraform with the configuration and its variables.
    pub terraform: Terraform<'a>,
    /// The variables.
    pub variables: Json,
}

impl<'a> Demo<'a> {
    /// Packs the stand-in's installer of the release, and writes the variables.
    pub fn new(rig: &'a Rig, name: &str, release: &str, postgresql: u16) -> Self {
        let terraform = Terraform::new(rig, name);
        let work = terraform.path("");
        let text = |p: PathBuf| p.to_string_lossy().into_owned();
        let folder = text(work.clone());
        facts(&terraform);
        let canaries: Json = CANARIES.iter().map(|(k, v)| (*k, *v)).collect();
        terraform.write("demo.tfvars.json", &canaries.to_string());
        fixtures::pack(&work, release);
        let script = text(repository().join("tests/demo/variables.py"));
        let version = postgresql.to_string();
        run(Command::new("python3").args([&script, &folder, release, &version]));
        let written = std::fs::read_to_string(work.join("demo.tfvars.json")).expect("written");
        let variables: Json = serde_json::from_str(&written).expect("it is JSON");
        terraform.copy("examples/local").variables(&variables);
        // The state is in the folder; a backend would need an init.
        let versions = std::fs::read_to_string(terraform.path("versions.tf")).expect("copied");
        terraform.write("versions.tf", &versions.replace("backend \"local\" {}\n", ""));
        Self { rig, terraform, variables }
    }

    /// The same with some variables changed, for one run.
    pub fn with(&self, changes: &Json) -> &Terraform<'a> {
        let mut variables = self.variables.clone();
        for (name, value) in changes.as_object().into_iter().flatten() {
            variables[name] = value.clone();
        }
        self.terraform.variables(&variables)
    }

    /// The variables as they were.
    pub fn restore(&self) -> &Terraform<'a> {
        self.with(&json!({}))
    }

    /// A write through the primary appears on the standby.
    pub fn is_replicated(&self) -> Run {
        let rig = program("rig");
        let script = repository().join("tests/demo/replicated.sh");
        let name = &self.rig.state().name;
        finished(Command::new(script).arg(rig).arg(name).arg(self.terraform.path("")))
    }

    /// Both nodes are healthy, the load balancer's name answers, and a token of one node is
    /// accepted by the other.
    pub fn is_healthy(&self) -> Run {
        let secret = |name: &str| self.variables[name].as_str().expect("it is a text");
        is_healthy(&self.terraform, secret("certificate"), secret("harbor_admin_password"))
    }

    /// One value from PostgreSQL on a host.
    pub fn sql(&self, host: &str, database: &str, statement: &str) -> String {
        let script = format!(
            "runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 -d {database} <<'END'\n{statement}\nEND"
        );
        let said = self.rig.host(host).sh(&script);
        said.unwrap_or_else(|e| panic!("{statement}: {e}")).trim().to_owned()
    }
}

/// What [`Demo::is_healthy`] says, of any Harbor that is served at the rig's name with this
/// certificate.
pub fn is_healthy(terraform: &Terraform, certificate: &str, admin_password: &str) -> Run {
    facts(terraform);
    let told = json!({"certificate": certificate, "harbor_admin_password": admin_password});
    terraform.write("demo.tfvars.json", &told.to_string());
    let script = repository().join("tests/demo/health.py");
    let name = &terraform.rig().state().name;
    let mut python = Command::new("python3");
    finished(python.arg(script).arg(program("rig")).arg(name).arg(terraform.path("")))
}

/// The rig, for the scripts of `make demo`.
fn facts(terraform: &Terraform) {
    let json = serde_json::to_string(terraform.rig().state()).expect("a rig is JSON");
    terraform.write("rig.json", &json);
}

fn finished(command: &mut Command) -> Run {
    Run::of(&command.output().unwrap_or_else(|e| panic!("{command:?}: {e}")))
}

fn run(command: &mut Command) {
    let _ = finished(command).succeeds();
}
