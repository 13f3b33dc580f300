//! A client of the registry: it is where the bastion is, in the VPC.

use std::path::PathBuf;
use std::thread::JoinHandle;

use serde_json::json;
use testkit::rig::Rig;
use testkit::terraform::repository;

use crate::cloud::environment::{ADMIN, Environment, HOSTNAME};

/// The rig, and the environment in it.
pub const RIG: &str = "production";
/// The host whose network the client is in; it is none of the nodes.
const CLIENT: &str = "harbor-production-bastion";

/// The client.
pub struct Registry {
    settings: PathBuf,
    watch: PathBuf,
}

/// Somebody who pulls all the time.
pub struct Watch {
    file: PathBuf,
    pulls: JoinHandle<String>,
}

impl Registry {
    /// One that trusts the certificate that was configured last.
    pub fn new(production: &Environment) -> Self {
        let (settings, watch) = (production.path("client.json"), production.path("watch"));
        let told = json!({
            "name": HOSTNAME, "password": ADMIN, "watch": watch,
            "certificate": production.certificate(),
        });
        std::fs::write(&settings, told.to_string()).unwrap();
        Self { settings, watch }
    }

    /// Where the registry's name leads in the VPC.
    pub fn address() -> String {
        let rig = Rig::find(RIG).unwrap();
        let said = rig.host(CLIENT).sh(&format!("getent ahostsv4 {HOSTNAME}")).unwrap();
        said.split(' ').next().unwrap().to_owned()
    }

    /// Pushes an image through the load balancer.
    pub fn push(&self, tag: &str) {
        self.client("push", &Self::address(), tag);
    }

    /// Pulls it through the load balancer, and from each of these addresses.
    pub fn pull(&self, tag: &str, nodes: &[String]) {
        self.client("pull", &Self::address(), tag);
        for node in nodes {
            self.client("pull", node, tag);
        }
    }

    /// The fingerprint of the certificate that is served at the registry's name.
    pub fn served() -> String {
        let ask = format!(
            "openssl s_client -connect {}:443 -servername {HOSTNAME} </dev/null 2>/dev/null \
             | openssl x509 -noout -fingerprint -sha256",
            Self::address()
        );
        Rig::find(RIG).unwrap().host(CLIENT).network(&ask).unwrap()
    }

    /// Pulls an image through the load balancer over and over.
    pub fn watch(&self, tag: &str) -> Watch {
        std::fs::write(&self.watch, "").unwrap();
        let script = self.script("watch", &Self::address(), tag);
        let pulls = std::thread::spawn(move || {
            Rig::find(RIG).unwrap().host(CLIENT).network(&script).unwrap()
        });
        Watch { file: self.watch.clone(), pulls }
    }

    fn client(&self, action: &str, address: &str, tag: &str) {
        let said = Rig::find(RIG).unwrap().host(CLIENT).network(&self.script(action, address, tag));
        let _ = said.unwrap_or_else(|why| panic!("{action} of {tag} at {address}: {why}"));
    }

    fn script(&self, action: &str, address: &str, tag: &str) -> String {
        let client = repository().join("tests/stories/cloud/registry.py");
        let (client, settings) = (client.display(), self.settings.display());
        format!("python3 '{client}' '{settings}' {action} {address} {tag}")
    }
}

impl Watch {
    /// Ends it. All pulls must have succeeded.
    pub fn all_succeeded(self) -> String {
        std::fs::remove_file(&self.file).unwrap();
        let said = self.pulls.join().expect("the client lives");
        assert!(!said.contains("failed"), "{said}");
        said.trim().to_owned()
    }
}
