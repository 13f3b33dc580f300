//! A state that an earlier version wrote is read, moved and planned as it is. Its hosts are gone: a
//! plan that needs none of them changes nothing.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value as Json;
use testkit::rig::{Options, Rig};
use testkit::story::Story;
use testkit::terraform::{Diagnostic, Terraform, repository};

/// The first version that landed.
const FIRST: &str = "tests/stories/acceptance/states/0.1.0";
const PAIR: &str = "harbor_pg_replication_pair";

/// Nothing is asked of hosts that do not answer, and nothing is read where there is none.
const PROVIDER: &str = "provider \"harbor\" {\n  connect_timeout = \"1s\"\n  unreachable = \"keep\"\n\
                        ssh = { password = \"a-secret\" }\n}\n";

/// What that version left, with a certificate of today: the key of that one is nowhere any more.
struct First {
    state: String,
    certificate: String,
    key: String,
}

impl First {
    fn new() -> Self {
        const MAKE: &str = "openssl req -x509 -newkey ed25519 -nodes -days 2 -subj /CN=harbor.example.test \
             -addext subjectAltName=DNS:harbor.example.test -keyout key.pem 2>/dev/null";
        let folder = tempfile::tempdir().unwrap();
        let made = Command::new("sh").args(["-ec", MAKE]).current_dir(&folder).output().unwrap();
        let certificate = String::from_utf8(made.stdout).unwrap();
        let key = std::fs::read_to_string(folder.path().join("key.pem")).unwrap();
        let json = |text: &str| serde_json::to_string(text).unwrap().trim_matches('"').to_owned();
        let (state, old) = (stored("state.json"), json(&stored("harbor.crt")));
        assert!(state.contains(&old), "the state has another certificate");
        Self { state: state.replace(&old, &json(&certificate)), certificate, key }
    }

    /// The configuration of that time in a folder below this one's, or in this one.
    fn registry(&self, terraform: &Terraform, folder: &str, text: &str) {
        std::fs::create_dir_all(terraform.path(folder)).unwrap();
        let head = testkit::terraform::HEAD;
        terraform.write(&format!("{folder}registry.tf"), &format!("{head}{text}"));
        terraform.write(&format!("{folder}harbor.crt"), &self.certificate);
        terraform.write(&format!("{folder}harbor.key"), &self.key);
    }

    /// The state, for a configuration to be put in front of it.
    fn stated<'a>(&self, rig: &'a Rig, name: &str) -> Terraform<'a> {
        let terraform = Terraform::new(rig, name);
        terraform.write("terraform.tfstate", &self.state);
        terraform
    }

    /// Nothing changes but addresses; and an apply of that leaves what was stored.
    #[track_caller]
    fn keeps_everything(&self, terraform: &Terraform) {
        terraform.plan().is_empty();
        let _ = terraform.apply().succeeds().says(&["0 added, 0 changed, 0 destroyed"]);
        let left = std::fs::read_to_string(terraform.path("terraform.tfstate")).unwrap();
        let read = |text: &str| attributes(&serde_json::from_str(text).unwrap());
        assert_eq!(read(&left), read(&self.state));
        terraform.plan().is_empty();
    }
}

fn stored(file: &str) -> String {
    std::fs::read_to_string(repository().join(FIRST).join(file)).unwrap()
}

/// Without what is null, as is an attribute that did not exist yet.
fn set(value: &Json) -> Json {
    let Some(object) = value.as_object() else { return value.clone() };
    let given = object.iter().filter(|(_, v)| !v.is_null());
    given.map(|(k, v)| (k.clone(), set(v))).collect()
}

/// Attributes in a state as Terraform stores it, by the addresses in the root.
fn attributes(state: &Json) -> BTreeMap<String, Json> {
    let mut all = BTreeMap::new();
    for resource in state["resources"].as_array().into_iter().flatten() {
        for instance in resource["instances"].as_array().into_iter().flatten() {
            // Both names of the pair are one.
            let kind = resource["type"].as_str().unwrap().trim_start_matches("harbor_");
            let address = format!("{kind} {} {}", resource["name"], instance["index_key"]);
            all.insert(address, set(&instance["attributes"]));
        }
    }
    assert_eq!(all.len(), 5);
    all
}

pub fn the_state_of_the_first_version_is_read_and_moved(story: &Story) {
    let rig = Rig::down("acc-states").and_then(|()| Rig::up_with("acc-states", &Options::empty()));
    let rig = rig.unwrap();
    let (first, text) = (First::new(), stored("registry.tf"));
    story.section("as it is", || {
        let terraform = first.stated(&rig, "same");
        first.registry(&terraform, "", &text);
        terraform.write("provider.tf", PROVIDER);
        first.keeps_everything(&terraform);
    });
    let short = text
        .replace(&format!("resource \"{PAIR}\" \"db\" {{"), SHORT)
        .replace(&format!("{PAIR}.db"), "pg_replication_pair.db");
    story.section("under the pair's other name", || {
        let terraform = first.stated(&rig, "renamed");
        first.registry(&terraform, "", &short);
        let moved = moved(&[(&format!("{PAIR}.db"), "pg_replication_pair.db")]);
        terraform.write("provider.tf", &format!("{PROVIDER}{moved}"));
        first.keeps_everything(&terraform);
    });
    story.section("in a module, under the other name, and back", || {
        let terraform = first.stated(&rig, "module");
        first.registry(&terraform, "registry/", &short);
        let call = "module \"registry\" {\n  source = \"./registry\"\n}\n";
        let inside = |name: &str| format!("module.registry.{name}");
        let (pair, short) = (format!("{PAIR}.db"), inside("pg_replication_pair.db"));
        let others =
            ["harbor_external_db.registry", "harbor_shared_secrets.shared", "harbor_ha_node.node"];
        let into = others.map(|name| (name.to_owned(), inside(name)));
        let mut moves: Vec<(&str, &str)> = vec![(&pair, &short)];
        moves.extend(into.iter().map(|(from, to)| (from.as_str(), to.as_str())));
        let head = format!("{}{PROVIDER}", testkit::terraform::HEAD);
        terraform.write("main.tf", &format!("{head}{call}{}", moved(&moves)));
        let _ = terraform.run(&["get", "-no-color"]).succeeds();
        first.keeps_everything(&terraform);

        std::fs::remove_file(terraform.path("main.tf")).unwrap();
        first.registry(&terraform, "", &text);
        let back: Vec<_> = moves.iter().map(|(from, to)| (*to, *from)).collect();
        terraform.write("provider.tf", &format!("{PROVIDER}{}", moved(&back)));
        first.keeps_everything(&terraform);
    });
    story.section("a change of it is planned, and needs the hosts", || {
        let terraform = first.stated(&rig, "changed");
        first.registry(&terraform, "", &text.replace("\"300\"", "\"400\""));
        terraform.write("provider.tf", PROVIDER);
        let failed = terraform.plan_run(&[]).fails();
        let errors = failed.errors();
        assert!(errors.iter().all(|e| e.summary.contains("Failed to reach")), "{errors:?}");
        let of_pair = |e: &&Diagnostic| e.summary.contains(PAIR) && e.code.contains("nodes");
        assert!(errors.iter().any(|e| of_pair(&e)), "{errors:?}");
    });
}

const SHORT: &str = "resource \"pg_replication_pair\" \"db\" {\n  provider = harbor";

fn moved(pairs: &[(&str, &str)]) -> String {
    let one = |(from, to): &(&str, &str)| format!("moved {{\n  from = {from}\n  to   = {to}\n}}\n");
    pairs.iter().map(one).collect()
}
