//! Terraform in a rig: real runs of the built provider, and what they said, as data.

mod output;
mod plan;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value as Json;

use crate::interruption::Apply;
use crate::rig::Rig;
pub use output::{Diagnostic, Run};
pub use plan::Plan;

/// The head of a configuration.
pub const HEAD: &str = "terraform {
  required_providers {
    harbor = { source = \"breakwater/harbor\" }
  }
}
";

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The provider that was built beside this test.
///
/// # Panics
/// If it was not built.
pub fn provider() -> PathBuf {
    program("terraform-provider-harbor")
}

/// A program that was built beside this test.
///
/// # Panics
/// If it was not built.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a running program has a path");
    let found = test.ancestors().skip(1).map(|f| f.join(name)).find(|p| p.is_file());
    found.unwrap_or_else(|| panic!("{name} is not built: cargo build --workspace"))
}

/// Where the files of a configuration are. It is in the rig's folder, so they are there to look at
/// while the rig is.
pub fn folder(rig: &Rig, name: &str) -> PathBuf {
    rig.state().folder.join("terraform").join(name)
}

/// One configuration with its state, run inside a rig's network.
#[derive(Debug)]
pub struct Terraform<'a> {
    rig: &'a Rig,
    folder: PathBuf,
    env: Vec<(String, String)>,
}

impl<'a> Terraform<'a> {
    /// With the files of that name, if there are any.
    pub fn new(rig: &'a Rig, name: &str) -> Self {
        let folder = folder(rig, name);
        fs::create_dir_all(&folder).expect("the rig's folder is ours");
        let provider = provider();
        let bin = provider.parent().expect("a file has a folder").display();
        // Development overrides: neither an init nor a registry.
        let rc = format!(
            "provider_installation {{\n  dev_overrides {{\n    \"breakwater/harbor\" = \"{bin}\"\n    \
             \"aliyun/alicloud\" = \"{bin}\"\n  }}\n  direct {{}}\n}}\n"
        );
        fs::write(folder.join("terraformrc"), rc).expect("written");
        Self { rig, folder, env: Vec::new() }
    }

    /// The rig that it runs in.
    pub fn rig(&self) -> &'a Rig {
        self.rig
    }

    /// A file of its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The configuration from now on.
    pub fn config(&self, text: &str) -> &Self {
        self.write("main.tf", &format!("{HEAD}{text}"))
    }

    /// The files of a folder of the repository, such as `examples/local`.
    pub fn copy(&self, folder: &str) -> &Self {
        let from = repository().join(folder);
        for entry in fs::read_dir(&from).expect("the folder exists").flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|e| e == "tf") {
                fs::copy(&path, self.path(&entry.file_name().to_string_lossy())).expect("copied");
            }
        }
        self
    }

    /// Values of variables.
    pub fn variables(&self, values: &Json) -> &Self {
        self.write("terraform.tfvars.json", &values.to_string())
    }

    /// A file of the configuration.
    pub fn write(&self, name: &str, text: &str) -> &Self {
        fs::write(self.path(name), text).expect("written");
        self
    }

    /// An environment variable of the runs from now on.
    pub fn env(&mut self, name: &str, value: impl Into<String>) -> &mut Self {
        self.env.retain(|(n, _)| n != name);
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// The provider's log of the runs from now on, for [`crate::provider_log`].
    pub fn log_steps(&mut self, name: &str) -> PathBuf {
        let path = self.path(name);
        // Lines are appended.
        let _ = fs::remove_file(&path);
        self.env("TF_LOG_PROVIDER", "INFO");
        self.env("TF_LOG_PATH", path.to_string_lossy());
        path
    }

    /// A run that has not been started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let chdir = format!("-chdir={}", self.folder.display());
        let mut command = self.rig.command(["terraform", chdir.as_str()]);
        command
            .args(arguments)
            .env("TF_CLI_CONFIG_FILE", self.path("terraformrc"))
            .env("CHECKPOINT_DISABLE", "1")
            .env("NO_COLOR", "1")
            .env_remove("TF_LOG")
            // For whoever has to find out why a story failed.
            .env("TF_LOG_PROVIDER", "INFO")
            .env("TF_LOG_PATH", self.path("provider.log"))
            .envs(self.env.iter().filter(|(_, value)| !value.is_empty()).map(|(k, v)| (k, v)))
            .stdin(Stdio::null());
        command
    }

    /// A run to its end.
    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&self.command(arguments).output().expect("terraform is installed"))
    }

    /// `terraform validate`.
    pub fn validate(&self) -> Run {
        self.run(&["validate", "-json"])
    }

    /// `terraform plan` as JSON lines, kept in `plan.bin`.
    pub fn plan_run(&self, more: &[&str]) -> Run {
        let arguments = [&["plan", "-input=false", "-json", "-out=plan.bin"], more].concat();
        self.run(&arguments)
    }

    /// A plan, which must succeed.
    #[track_caller]
    pub fn plan(&self) -> Plan {
        let run = self.plan_run(&[]).succeeds();
        let shown = self.run(&["show", "-json", "plan.bin"]).succeeds();
        Plan::new(&shown.json(), run)
    }

    /// `terraform apply` without questions.
    pub fn apply(&self) -> Run {
        self.run(APPLY)
    }

    /// `terraform destroy` without questions.
    pub fn destroy(&self) -> Run {
        self.run(&["destroy", "-input=false", "-no-color", "-auto-approve"])
    }

    /// The state, as `terraform show -json` has it.
    #[track_caller]
    pub fn state(&self) -> Json {
        self.run(&["show", "-json"]).succeeds().json()
    }

    /// The attributes of a resource in the state.
    #[track_caller]
    pub fn attributes(&self, address: &str) -> Json {
        let state = self.state();
        let resources = state["values"]["root_module"]["resources"].as_array();
        let found = resources.into_iter().flatten().find(|r| r["address"] == address);
        found.unwrap_or_else(|| panic!("no {address} in the state"))["values"].clone()
    }
}

impl Apply for Terraform<'_> {
    fn rig(&self) -> &Rig {
        self.rig
    }

    fn log_steps(&mut self, name: &str) -> PathBuf {
        Terraform::log_steps(self, name)
    }

    fn start_apply(&self) -> Child {
        let out = fs::File::create(self.path("apply.out")).expect("written");
        let err = out.try_clone().expect("a second handle");
        let mut command = self.command(APPLY);
        command.stdout(out).stderr(err).spawn().expect("terraform is installed")
    }

    fn background(&self, mut child: Child) -> Run {
        let status = child.wait().expect("the child is ours");
        let text = fs::read_to_string(self.path("apply.out")).unwrap_or_default();
        Run::new(status.code(), text)
    }
}

const APPLY: &[&str] = &["apply", "-input=false", "-no-color", "-auto-approve"];
