//! What a resource is: settings, questions to hosts, facts, and a pure decision.
//!
//! An author writes no I/O. `questions` says what to ask; `facts` reads the answers; `observe` says
//! what is there; `plan` says what should be there, and the steps between. `lifecycle` does the
//! rest, the same for every resource.

use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::diag::{Diag, Diags};
use crate::rule::{self, Rule};
use crate::settings::Settings;
use crate::step::Step;
use crate::value::Object;

pub use crate::observation::Observation;
pub use crate::plan::{Context, Known, Plan};
pub use crate::question::{Answer, Answers, Ask, Question};

crate::settings! {
    /// How to reach a host by SSH.
    pub struct Ssh {
        /// Name or address of the host.
        host: String = attr().on_change(OnChange::Provider).check(crate::checks::host),
        /// TCP port of its SSH server.
        port: u16 = attr().default(22).on_change(OnChange::Provider).check(crate::checks::port),
        /// User to log in as: root, or one who may use sudo. The user of the credential if not set.
        user: Option<String> = attr().on_change(OnChange::Provider),
        /// Public host key, as `ssh-ed25519 AAAA...`. If not set: the key in the provider's
        /// `known_hosts`, or the one seen at first contact. A resource keeps that one in the state and
        /// refuses any other; a data source keeps nothing between runs and takes what it sees in each.
        host_key: Option<String> = attr().on_change(OnChange::Provider).check(crate::checks::host_key),
        /// Name of an entry of the provider's `credentials`; the provider's `ssh` if not set.
        credential: Option<String> = attr().on_change(OnChange::Provider),
    }
}

/// What an import ID leads to: the hosts to ask, and the questions.
pub struct ImportRequest {
    /// Name and place of each host.
    pub targets: Vec<(String, Ssh)>,
    /// What to ask.
    pub questions: Vec<Question>,
}

/// A managed resource. Everything here is pure.
pub trait Resource: Send + Sync + 'static {
    /// `harbor_ha_node`
    const NAME: &'static str;
    /// A second name of the same type.
    const ALIAS: Option<&'static str> = None;
    /// Whether it can be decided on while some of its hosts do not answer (`Context::missing`); at
    /// least one must. A refresh keeps the state then, and a destroy needs all hosts all the same.
    const TOLERATES_MISSING: bool = false;
    /// Version of the state.
    const VERSION: i64 = 0;
    /// Markdown; the first line is the summary.
    const DESCRIPTION: &'static str;
    /// What the user writes. Write-only attributes are `Option<Secret>`: they are null in Read.
    type Settings: Settings + Send + Sync + 'static;
    /// What the provider gives beside `id`, `files` and `status`. Each field is an `Option`.
    type Outputs: Settings + Send + Sync;
    /// What was seen.
    type Facts: Debug + Send + Sync;

    /// The rules across attributes, judged before any host is asked. They see write-only values.
    fn rules() -> &'static [Rule<Self::Settings>] {
        &[]
    }

    /// What the rules say of settings that are wholly known.
    fn validate(settings: &Self::Settings) -> Diags {
        rule::judge_all(Self::rules(), settings)
    }

    /// The resource's identity: a text that does not change while it lives.
    fn id(settings: &Self::Settings) -> String;

    /// The hosts by name (`a`, `b`, `node`); each is locked during an apply.
    fn targets(settings: &Self::Settings) -> Vec<(String, Ssh)>;

    /// Names of what only one resource may change at a time in the whole apply; when one fails,
    /// the others of the same name are not touched.
    fn exclusive(_settings: &Self::Settings) -> Vec<String> {
        Vec::new()
    }

    /// What to ask the hosts.
    fn questions(settings: &Self::Settings) -> Vec<Question>;

    /// What to ask beside that, now that these answers are known: a second round trip, which is
    /// made only where this is not empty. Its answers are added to the first ones before `facts`.
    fn follow_up(_settings: &Self::Settings, _answers: &Answers) -> Vec<Question> {
        Vec::new()
    }

    /// Read the answers; of a host that is missing (see `TOLERATES_MISSING`) there are none.
    fn facts(settings: &Self::Settings, answers: &Answers) -> Result<Self::Facts, Diags>;

    /// What is there. A refresh takes note of it, and nothing else; a decision begins with it.
    /// `missing`: hosts that did not answer, and why (see `Context::missing`).
    fn observe(
        settings: &Self::Settings,
        facts: &Self::Facts,
        missing: &BTreeMap<String, String>,
    ) -> Observation;

    /// What should be there, and the steps to it. Called at plan, and at apply again until nothing
    /// is left to do.
    fn plan(settings: &Self::Settings, facts: &Self::Facts, known: Known<'_>) -> Plan;

    /// The steps of a destroy.
    fn destroy(settings: &Self::Settings, facts: &Self::Facts, known: Known<'_>) -> Plan;

    /// Where an import ID leads.
    fn import_request(id: &str) -> Result<ImportRequest, Diag>;

    /// The settings of what is there, as an object of the schema (`id`, `files`, `status` and
    /// outputs are filled by the following read).
    fn import(id: &str, answers: &Answers) -> Result<Object, Diags>;
}

/// A data source: reads and says, never changes.
pub trait DataSource: Send + Sync + 'static {
    /// `harbor_health`
    const NAME: &'static str;
    /// Whether it can say something while hosts do not answer: each question to them is answered
    /// with `Answer::Failed`.
    const TOLERATES_MISSING: bool = false;
    /// Markdown.
    const DESCRIPTION: &'static str;
    /// What the user writes.
    type Settings: Settings + Send + Sync;
    /// What is read.
    type Outputs: Settings + Send + Sync;

    /// The hosts by name.
    fn targets(settings: &Self::Settings) -> Vec<(String, Ssh)>;
    /// What to ask.
    fn questions(settings: &Self::Settings) -> Vec<Question>;
    /// Read the answers.
    fn outputs(settings: &Self::Settings, answers: &Answers) -> Result<Self::Outputs, Diags>;
}

/// What is there, as a decision in this context finds it.
pub fn observed<R: Resource>(
    settings: &R::Settings,
    facts: &R::Facts,
    context: &Context,
) -> Observation {
    let observed = R::observe(settings, facts, &context.missing);
    observed.remembering(context.prior.as_ref(), &context.as_written)
}

/// The plan in this context, or that of a destroy.
pub fn decided<R: Resource>(
    settings: &R::Settings,
    facts: &R::Facts,
    context: &Context,
    destroys: bool,
) -> Plan {
    let observed = observed::<R>(settings, facts, context);
    let decide = if destroys { R::destroy } else { R::plan };
    decide(settings, facts, Known::new(&observed, context))
}

/// Steps in the form of goldens, a line each.
pub fn describe(steps: &[Step]) -> String {
    steps.iter().map(|s| format!("{s:?}\n")).collect()
}
