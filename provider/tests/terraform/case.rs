//! One test's directories, and Terraform running in them.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value as Json;
use tempfile::TempDir;

/// A directory with a configuration, one with notes, and one for temporary files.
pub struct Case {
    root: TempDir,
}

/// What a run of Terraform said, on both streams.
pub struct Run {
    pub ok: bool,
    pub text: String,
}

impl Run {
    /// The run, which must have succeeded.
    #[track_caller]
    pub fn succeeds(self) -> String {
        assert!(self.ok, "terraform failed:\n{}", self.text);
        self.text
    }

    /// The run, which must have failed and said all this. Terraform breaks lines of messages, so
    /// white space is not compared.
    #[track_caller]
    pub fn fails_with(self, says: &[&str]) -> String {
        assert!(!self.ok, "terraform succeeded:\n{}", self.text);
        assert_says(&self.text, says);
        self.text
    }
}

#[track_caller]
pub fn assert_says(text: &str, says: &[&str]) {
    let squeeze =
        |s: &str| s.replace(['│', '╷', '╵'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
    let squeezed = squeeze(text);
    for want in says {
        assert!(squeezed.contains(&squeeze(want)), "no \"{want}\" in:\n{text}");
    }
}

const HEAD: &str = r#"
terraform {
  required_providers {
    harbor = { source = "breakwater/harbor" }
  }
}
"#;

impl Case {
    /// This binary is the provider, by a name that Terraform looks for.
    pub fn new() -> Self {
        let case = Self { root: tempfile::tempdir().unwrap() };
        for dir in ["bin", "config", "notes", "process", "tmp"] {
            fs::create_dir(case.path(dir)).unwrap();
        }
        let provider = case.path("bin/terraform-provider-harbor");
        std::os::unix::fs::symlink(std::env::current_exe().unwrap(), provider).unwrap();
        let settings = format!(
            "provider_installation {{\n  dev_overrides {{ \"breakwater/harbor\" = \"{}\" }}\n  direct {{}}\n}}\n",
            case.path("bin").display()
        );
        fs::write(case.path("terraformrc"), settings).unwrap();
        case
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub fn note(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.path("notes").join(name)).ok()
    }

    /// The configuration from now on: a provider block for the notes, and this.
    pub fn config(&self, text: &str) -> &Self {
        let block =
            format!("provider \"harbor\" {{\n  dir = \"{}\"\n}}\n", self.path("notes").display());
        self.whole_config(&(block + text))
    }

    pub fn whole_config(&self, text: &str) -> &Self {
        fs::write(self.path("config/main.tf"), format!("{HEAD}{text}")).unwrap();
        self
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("terraform");
        command
            .args(arguments)
            .current_dir(self.path("config"))
            .env("TF_CLI_CONFIG_FILE", self.path("terraformrc"))
            .env("TMPDIR", self.path("tmp"))
            .env("CHECKPOINT_DISABLE", "1")
            .env("NO_COLOR", "1")
            .env_remove("TF_LOG")
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, &[])
    }

    pub fn run_with(&self, arguments: &[&str], env: &[(&str, &str)]) -> Run {
        let mut command = self.command(arguments);
        let output = command.envs(env.iter().copied()).output().expect("terraform is installed");
        let text = [output.stdout, output.stderr].concat();
        Run { ok: output.status.success(), text: String::from_utf8_lossy(&text).into_owned() }
    }

    pub fn plan(&self) -> Run {
        self.run(&["plan", "-no-color"])
    }

    pub fn apply(&self) -> Run {
        self.run(&["apply", "-no-color", "-auto-approve"])
    }

    pub fn destroy(&self) -> Run {
        self.run(&["destroy", "-no-color", "-auto-approve"])
    }

    /// An apply in the background, in a process group of its own.
    pub fn start_apply(&self) -> Child {
        let mut command = self.command(&["apply", "-no-color", "-auto-approve"]);
        command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("terraform is installed")
    }

    pub fn fifo(&self, name: &str) -> PathBuf {
        let path = self.path("notes").join(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        path
    }

    /// The attributes of a resource in the state.
    #[track_caller]
    pub fn attributes(&self, address: &str) -> Json {
        let state: Json = serde_json::from_str(&self.run(&["show", "-json"]).succeeds()).unwrap();
        let resources = state["values"]["root_module"]["resources"].as_array();
        let found = resources.into_iter().flatten().find(|r| r["address"] == address);
        found.unwrap_or_else(|| panic!("no {address} in {state}"))["values"].clone()
    }

    pub fn state_file(&self) -> String {
        fs::read_to_string(self.path("config/terraform.tfstate")).unwrap()
    }

    /// What the provider processes left behind.
    pub fn litter(&self) -> Vec<PathBuf> {
        let entries = self.path("tmp").read_dir().unwrap().map(|e| e.unwrap().path());
        entries
            .filter(|p| p.file_name().unwrap().to_string_lossy().starts_with("harbor-"))
            .collect()
    }
}
