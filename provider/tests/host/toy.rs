//! A resource for the lifecycle's tests: on each of its two hosts a file `says` holds a text.

use std::collections::BTreeMap;

use provider::diag::{Diag, Diags};
use provider::resource::{
    Answers, ImportRequest, Known, Observation, Plan, Question, Resource, Ssh,
};
use provider::settings::Settings as _;
use provider::step::{Risk, Step};
use provider::value::Object;

provider::settings! {
    /// A host.
    pub struct Side {
        /// How to reach it.
        ssh: Ssh = attr(),
        /// Where its file is.
        dir: String = attr(),
    }

    /// Both.
    pub struct Nodes {
        /// One.
        a: Side = attr(),
        /// The other.
        b: Side = attr(),
    }

    /// What is wanted.
    pub struct ToySettings {
        /// The hosts.
        nodes: Nodes = attr(),
        /// What the files shall say.
        says: String = attr(),
        /// A script that fails after that.
        breaks: Option<String> = attr(),
        /// Whether one host does without the other.
        bears: bool = attr().default(true),
    }

    /// What is seen.
    pub struct Heard {
        /// What the hosts answered.
        heard: Option<String> = attr(),
    }
}

impl ToySettings {
    fn sides(&self) -> [(&'static str, &Side); 2] {
        [("a", &self.nodes.a), ("b", &self.nodes.b)]
    }

    fn dir(&self, host: &str) -> &str {
        if host == "a" { &self.nodes.a.dir } else { &self.nodes.b.dir }
    }

    /// Each question leaves its name in `asked`.
    fn question(&self, host: &str, key: &str) -> Question {
        let dir = self.dir(host);
        Question::script(host, key, format!("cd {dir}; echo {key} >>asked; cat {key}"))
    }

    fn step(&self, host: &str, what: &str, script: &str) -> Step {
        Step::run(host, what, format!("cd {}; {script}", self.dir(host)))
    }

    /// A step that fails; so does one of those that put things back.
    fn broken(&self, script: &str) -> Step {
        self.step("a", "break it", script).or_undo(vec![
            self.step("a", "unsay it", "printf undone >says"),
            self.step("b", "unsay what is not there", "echo oh dear >&2; exit 4"),
            self.step("b", "unsay it", "printf undone >says"),
        ])
    }
}

pub struct Toy;

impl Resource for Toy {
    const NAME: &'static str = "harbor_toy";
    const TOLERATES_MISSING: bool = true;
    const DESCRIPTION: &'static str = "For tests.";
    type Settings = ToySettings;
    type Outputs = Heard;
    /// What each host says, and more where it has more to say.
    type Facts = BTreeMap<&'static str, Vec<String>>;

    fn id(_: &ToySettings) -> String {
        "toy".to_owned()
    }

    fn targets(settings: &ToySettings) -> Vec<(String, Ssh)> {
        settings.sides().map(|(name, side)| (name.to_owned(), side.ssh.clone())).to_vec()
    }

    fn questions(settings: &ToySettings) -> Vec<Question> {
        settings.sides().map(|(host, _)| settings.question(host, "says")).to_vec()
    }

    fn follow_up(settings: &ToySettings, answers: &Answers) -> Vec<Question> {
        let has_more = |(host, _): &(&str, &Side)| answers.stdout(host, "says") == Some("more");
        let hosts = settings.sides().into_iter().filter(has_more);
        hosts.map(|(host, _)| settings.question(host, "more")).collect()
    }

    fn facts(settings: &ToySettings, answers: &Answers) -> Result<Self::Facts, Diags> {
        let mut facts = BTreeMap::new();
        for (host, _) in settings.sides() {
            let said = ["says", "more"].into_iter().filter_map(|key| answers.stdout(host, key));
            facts.insert(host, said.map(str::to_owned).collect());
        }
        Ok(facts)
    }

    fn observe(
        _: &ToySettings,
        facts: &Self::Facts,
        missing: &BTreeMap<String, String>,
    ) -> Observation {
        let heard: Vec<String> =
            facts.iter().map(|(host, said)| format!("{host}: {}", said.join(", "))).collect();
        let heard = Heard { heard: Some(heard.join("; ")) };
        let mut observed = Observation::default();
        observed.outputs = heard.to_object();
        for (host, said) in facts.iter().filter(|(host, _)| !missing.contains_key(**host)) {
            observed.status(format!("{host}: says"), said.first().map_or("", String::as_str));
        }
        observed
    }

    fn plan(settings: &ToySettings, facts: &Self::Facts, known: Known<'_>) -> Plan {
        let outputs = known.observed.outputs.clone();
        let mut plan = Plan { outputs, tolerates_missing: settings.bears, ..Plan::default() };
        let missing = &known.context.missing;
        for host in facts.keys().filter(|host| !missing.contains_key(**host)) {
            let name = format!("{host}: says");
            let says = known.observed.says(&name);
            if plan.status(name, says, &settings.says) {
                let script = format!("printf %s {} >says", settings.says);
                plan.step(settings.step(host, "say it", &script));
            }
        }
        if let Some(script) = settings.breaks.as_ref().filter(|_| !plan.steps.is_empty()) {
            plan.step(settings.broken(script));
        }
        plan
    }

    /// What the files say is gone for ever.
    fn destroy(settings: &ToySettings, facts: &Self::Facts, _: Known<'_>) -> Plan {
        let mut plan = Plan::default();
        for (host, said) in facts {
            if !said.concat().is_empty() {
                let (what, consent) = ("what it says".to_owned(), "on_destroy".to_owned());
                let step = settings.step(host, "silence it", "rm says");
                plan.step(Step { risk: Risk::Destructive { what, consent }, ..step });
            }
        }
        plan
    }

    fn import_request(_: &str) -> Result<ImportRequest, Diag> {
        Err(Diag::error("Toys are not imported", ""))
    }

    fn import(_: &str, _: &Answers) -> Result<Object, Diags> {
        Err(Vec::new())
    }
}
