//! The client of the provider (`tests/client`) in a rig: what Terraform would do, as one process.
//!
//! It works with the files of [`Terraform`] of the same name: either can go on where the other has
//! stopped.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value as Json;

use crate::interruption::Apply;
use crate::rig::Rig;
use crate::terraform::{Plan, Run, folder, program};

/// The configuration, in Terraform's JSON syntax.
pub const CONFIGURATION: &str = "main.tf.json";
/// The state.
pub const STATE: &str = "terraform.tfstate";
/// Where an apply in the background says what it has done.
const REPORT: &str = "apply.json";
/// The provider's log, until another is wanted.
const LOG: &str = "client.log";

/// One configuration with its state, run inside a rig's network.
#[derive(Debug)]
pub struct Client<'a> {
    rig: &'a Rig,
    folder: PathBuf,
    log: PathBuf,
}

impl<'a> Client<'a> {
    /// With the files of that name.
    pub fn new(rig: &'a Rig, name: &str) -> Self {
        let folder = folder(rig, name);
        fs::create_dir_all(&folder).expect("the rig's folder is ours");
        let log = folder.join(LOG);
        Self { rig, folder, log }
    }

    /// A file of its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The configuration from now on.
    pub fn config(&self, json: &Json) -> &Self {
        let beside = self.path("main.new");
        fs::write(&beside, format!("{json:#}")).expect("written");
        fs::rename(&beside, self.path(CONFIGURATION)).expect("moved into place");
        self
    }

    /// A plan. Nothing is changed.
    pub fn plan_run(&self) -> Run {
        self.run("plan")
    }

    /// A plan, which must succeed.
    #[track_caller]
    pub fn plan(&self) -> Plan {
        let run = self.plan_run().succeeds();
        Plan::new(&run.json(), run)
    }

    /// A plan, and what it says done.
    pub fn apply(&self) -> Run {
        self.run("apply")
    }

    /// Keeps in the state what is there.
    pub fn refresh(&self) -> Run {
        self.run("refresh")
    }

    /// Destroys all.
    pub fn destroy(&self) -> Run {
        self.run("destroy")
    }

    /// The attributes of a resource in the state.
    ///
    /// # Panics
    /// If the state has none of that address.
    #[track_caller]
    pub fn attributes(&self, address: &str) -> Json {
        let text = fs::read_to_string(self.path(STATE)).expect("there is a state");
        let state: Json = serde_json::from_str(&text).expect("the state is JSON");
        let of = |resource: &Json| {
            let data = if resource["mode"] == "data" { "data." } else { "" };
            let word = |name: &str| resource[name].as_str().unwrap_or_default().to_owned();
            format!("{data}{}.{}", word("type"), word("name")) == address
        };
        let found = state["resources"].as_array().into_iter().flatten().find(|r| of(r));
        found.unwrap_or_else(|| panic!("no {address} in the state"))["instances"][0]["attributes"]
            .clone()
    }

    fn run(&self, what: &str) -> Run {
        let output = self.command(what).output().expect("the client can be started");
        self.said(output.status.code(), &output.stdout)
    }

    /// Its log is its standard error: the provider writes it there, for whoever started it.
    fn command(&self, what: &str) -> Command {
        let words =
            [program("client"), self.folder.clone()].map(|p| p.to_string_lossy().into_owned());
        let [client, folder] = &words;
        let mut command = self.rig.command([client.as_str(), what, folder.as_str()]);
        let log = fs::OpenOptions::new().create(true).append(true).open(&self.log);
        command
            .env("TF_LOG_PROVIDER", "INFO")
            .stdin(Stdio::null())
            .stderr(log.expect("the rig's folder is ours"));
        command
    }

    /// Its report; of one that left none, such as one that was killed, the log.
    fn said(&self, code: Option<i32>, report: &[u8]) -> Run {
        if report.is_empty() {
            return Run::new(code, fs::read_to_string(&self.log).unwrap_or_default());
        }
        Run::new(code, String::from_utf8_lossy(report).into_owned())
    }
}

impl Apply for Client<'_> {
    fn rig(&self) -> &Rig {
        self.rig
    }

    fn log_steps(&mut self, name: &str) -> PathBuf {
        self.log = self.path(name);
        // Lines are appended.
        let _ = fs::remove_file(&self.log);
        self.log.clone()
    }

    fn start_apply(&self) -> Child {
        let report = fs::File::create(self.path(REPORT)).expect("written");
        self.command("apply").stdout(report).spawn().expect("the client can be started")
    }

    fn background(&self, mut child: Child) -> Run {
        let status = child.wait().expect("the child is ours");
        self.said(status.code(), &fs::read(self.path(REPORT)).unwrap_or_default())
    }
}
