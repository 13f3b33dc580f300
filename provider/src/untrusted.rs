//! Everything that reads what a host, a server or a user said, as functions of bytes that must not
//! panic: the targets of `fuzz/`, and, as properties, tests, which try 1,000 inputs on each.

use render::docker::daemon_json;
use render::postgres::{createcluster_conf, hba};

use crate::certificates::{Chain, one_key, readable};
use crate::data_sources::{health, installation, pg_status};
use crate::diag::Path;
use crate::facts::{apt_sources, file, os, package, service};
use crate::lifecycle::configuration::{self, Configuration};
use crate::question::Verdict;
use crate::resource::{self, Answer, Answers, Ask, Context, DataSource, Question, Resource};
use crate::resources::{
    database_endpoint, external_db, ha_node, pg_replication_pair, shared_secrets,
};
use crate::schema::{Attribute, Kind, Presence};
use crate::secret::Secret;
use crate::settings::Settings;
use crate::step::Message;
use crate::value::{Object, Value, shown};
use crate::wal::Lsn;
use crate::{checks, functions, json, protocol, scram};

/// A target: its name, and what it does with its input.
pub type Target = (&'static str, fn(&[u8]));

/// What judges a value of a user, with what is wrong.
type Check = fn(&Value) -> Result<(), String>;

/// All of them.
pub const TARGETS: &[Target] = &[
    ("facts", facts),
    ("frames", crate::host::untrusted::frames),
    ("known_hosts", crate::host::untrusted::known_hosts),
    ("lists", crate::host::untrusted::lists),
    ("ownership", crate::lifecycle::untrusted),
    ("words", words),
    ("merges", merges),
    ("certificates", certificates),
    ("wire", wire),
    ("settings", settings),
    ("renderers", renderers),
    ("resources", resources),
    ("imports", imports),
    ("data_sources", data_sources),
];

/// Ends a part of an input that stands for several answers.
const END: char = '\u{1e}';

fn text(data: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(data)
}

/// The shared facts.
fn facts(data: &[u8]) {
    let text = text(data);
    drop((file::parse(&text), os::parse(&text), package::parse(&text), service::parse(&text)));
    drop(apt_sources::parse(&text));
    if let Ok(at) = text.parse::<Lsn>() {
        assert_eq!(at.to_string().parse(), Ok(at));
    }
}

/// Words of users, verifiers of servers, and texts that are masked and shown.
fn words(data: &[u8]) {
    let text = text(data);
    let _ = configuration::duration(&text);
    let _ = scram::is_of(&Secret::from(&*text), &Secret::from("pencil"));
    let _ = crate::host::untrusted::key(&text);
    let value = Value::from(&*text);
    for check in CHECKS {
        let _ = check(&value);
    }
    for message in [Message::Lsn, Message::Done] {
        let _ = message.pass(data);
    }
    assert_eq!(shown(&shown(&text)), shown(&text));
    let (name, body) = text.split_once('\n').unwrap_or(("/etc/harbor/harbor.yml", &text));
    for path in [name, "/x.yml", "/x.json", "/x.conf", "/x/pg_hba.conf", "/x/.env"] {
        let masked = render::mask::mask(path, body);
        assert_eq!(masked.lines().count(), body.lines().count(), "a line more or less");
    }
}

/// Every check of one value that a user gives.
const CHECKS: &[Check] = &[
    checks::host,
    checks::registry_name,
    checks::origin,
    checks::https_url,
    checks::repository,
    checks::proxy_url,
    checks::no_proxy,
    checks::armoured_key,
    checks::certificate,
    checks::port,
    checks::host_key,
];

/// Files of others, into which something of ours is put: all else stays, and ours comes once.
fn merges(data: &[u8]) {
    let text = text(data);
    let block = hba::render(&hba::Settings { rules: Vec::new() }).unwrap_or_default();
    if let Ok(merged) = hba::merge(&text, &block) {
        assert_eq!(hba::block(&merged), Some(&*block));
        assert_eq!(hba::without_block(&merged).ok(), hba::without_block(&text).ok());
    }
    let _ = hba::block(&text);
    let ours = createcluster_conf::Settings { create_main_cluster: false };
    if let Ok(merged) = createcluster_conf::merge(&text, &ours) {
        assert_eq!(createcluster_conf::merge(&merged, &ours).ok(), Some(merged));
    }
    let ours = daemon_json::Settings {
        registry_mirrors: Some(vec!["https://mirror.example".to_owned()]),
        ..daemon_json::Settings::default()
    };
    if let Ok(merged) = daemon_json::merge(&text, &ours) {
        assert_eq!(daemon_json::merge(&merged, &ours).ok(), Some(merged));
    }
    let _ = daemon_json::remove(&text, &["registry-mirrors"]);
}

/// Certificates and keys in PEM form, of servers and of logins.
fn certificates(data: &[u8]) {
    let text = text(data);
    drop((readable(&text), one_key(&text)));
    if let Ok(chain) = Chain::read(&text) {
        drop((chain.disorder(), chain.does_not_name("registry.example.com")));
        let _ = (chain.is_of_another_key(&text), chain.lacks_intermediate(), chain.has_no_digest());
        let _ = (chain.begins_with_an_authority(), chain.leads_to(&chain));
        for now in [0, 1_795_713_000, i64::MAX] {
            drop((chain.is_invalid_at(now), chain.ends_soon(now)));
        }
    }
    let secret = Secret::from(&*text);
    for passphrase in [None, Some(&secret)] {
        let _ = crate::host::key_fault(&secret, passphrase);
        let _ = crate::host::certificate_fault(&text, Some((&secret, passphrase)));
    }
}

/// What Terraform sends: values, stored states, private data.
fn wire(data: &[u8]) {
    protocol::untrusted::wire(&Configuration::attributes(), data);
    let stored: Result<serde_json::Value, _> = serde_json::from_slice(data);
    for attributes in schemas() {
        protocol::untrusted::wire(&attributes, data);
        if let Ok(stored) = &stored {
            let _ = json::object(&attributes, stored, &Path::root());
        }
    }
}

fn schemas() -> [Vec<Attribute>; 5] {
    [
        <pg_replication_pair::PgReplicationPair as Resource>::Settings::attributes(),
        <database_endpoint::Endpoint as Resource>::Settings::attributes(),
        <external_db::ExternalDatabase as Resource>::Settings::attributes(),
        <shared_secrets::SharedSecrets as Resource>::Settings::attributes(),
        <ha_node::Node as Resource>::Settings::attributes(),
    ]
}

/// A configuration, as JSON: `{"harbor_ha_node": {...}}`, or a provider block.
fn settings(data: &[u8]) {
    let Ok(json) = serde_json::from_slice::<serde_json::Value>(data) else { return };
    let read = |attributes: &[Attribute]| json::object(attributes, &json, &Path::root()).ok();
    if let Some(block) = read(&Configuration::attributes()) {
        let _ = crate::settings::check(&Configuration::attributes(), &block, &Path::root());
        let _ = Configuration::read(&block).map(|c| c.ssh_settings());
    }
    valid::<pg_replication_pair::PgReplicationPair>(&read);
    valid::<database_endpoint::Endpoint>(&read);
    valid::<external_db::ExternalDatabase>(&read);
    valid::<shared_secrets::SharedSecrets>(&read);
    valid::<ha_node::Node>(&read);
}

fn valid<R: Resource>(read: &impl Fn(&[Attribute]) -> Option<Object>) {
    let attributes = R::Settings::attributes();
    let Some(object) = read(&attributes) else { return };
    let _ = crate::settings::check(&attributes, &object, &Path::root());
    if let Ok(settings) = R::Settings::from_object(&object, &Path::root()) {
        let _ = R::validate(&settings);
        drop((R::id(&settings), R::targets(&settings), R::questions(&settings)));
        let facts = nothing::<R>(&settings);
        drop(resource::decided::<R>(&settings, &facts, &Context::default(), false));
    }
}

/// What is seen where no host says anything.
fn nothing<R: Resource>(settings: &R::Settings) -> R::Facts {
    R::facts(settings, &Answers::default()).unwrap_or_else(|why| panic!("{why:?}"))
}

/// The functions.
fn renderers(data: &[u8]) {
    for function in functions::schemas() {
        let _ = functions::call(&function.name, &[Value::from(&*text(data))]);
    }
}

/// What hosts answer to the questions of each resource, and what is decided on it.
fn resources(data: &[u8]) {
    decided::<pg_replication_pair::PgReplicationPair>(data);
    decided::<database_endpoint::Endpoint>(data);
    decided::<external_db::ExternalDatabase>(data);
    decided::<shared_secrets::SharedSecrets>(data);
    decided::<ha_node::Node>(data);
}

fn decided<R: Resource>(data: &[u8]) {
    let object = sample(&R::Settings::attributes());
    let Ok(settings) = R::Settings::from_object(&object, &Path::root()) else {
        panic!("the sample of {} is no configuration", R::NAME);
    };
    let text = text(data);
    let mut answers = answered(&R::questions(&settings), &text);
    let more = R::follow_up(&settings, &answers);
    answers.0.extend(answered(&more, &text).0);
    let Ok(facts) = R::facts(&settings, &answers) else { return };
    let context = Context::default();
    drop(resource::observed::<R>(&settings, &facts, &context));
    for destroys in [false, true] {
        drop(resource::decided::<R>(&settings, &facts, &context, destroys));
    }
}

/// Import IDs, and what hosts answer then.
fn imports(data: &[u8]) {
    imported::<pg_replication_pair::PgReplicationPair>(data);
    imported::<database_endpoint::Endpoint>(data);
    imported::<external_db::ExternalDatabase>(data);
    imported::<shared_secrets::SharedSecrets>(data);
    imported::<ha_node::Node>(data);
}

fn imported<R: Resource>(data: &[u8]) {
    let text = text(data);
    let (id, rest) = text.split_once(END).unwrap_or((&text, ""));
    for id in [id, "root@10.0.1.11:22", "a=root@10.0.1.11:22,b=root@10.0.1.12:22", "root@h/15/main"]
    {
        if let Ok(request) = R::import_request(id) {
            let _ = R::import(id, &answered(&request.questions, rest));
        }
    }
}

/// What hosts answer to data sources.
fn data_sources(data: &[u8]) {
    read::<health::Health>(data);
    read::<installation::Installation>(data);
    read::<pg_status::PgStatus>(data);
}

fn read<D: DataSource>(data: &[u8]) {
    let object = sample(&D::Settings::attributes());
    let Ok(settings) = D::Settings::from_object(&object, &Path::root()) else {
        panic!("the sample of {} is no configuration", D::NAME);
    };
    drop(D::targets(&settings));
    let _ = D::outputs(&settings, &answered(&D::questions(&settings), &text(data)));
}

/// Part by part of the text as the answers to these questions, the last one to all that are left.
fn answered(questions: &[Question], text: &str) -> Answers {
    let mut parts = text.split(END);
    let mut part = parts.next().unwrap_or_default();
    let mut answers = Answers::default();
    for question in questions {
        answers.insert(&question.host, &question.key, answer(&question.ask, part));
        part = parts.next().unwrap_or(part);
    }
    answers
}

fn answer(ask: &Ask, text: &str) -> Answer {
    if let Some(why) = text.strip_prefix('!') {
        return Answer::Failed(why.to_owned());
    }
    match ask {
        Ask::Script(_) => {
            Answer::Output { status: 0, stdout: text.to_owned(), stderr: String::new() }
        }
        Ask::Sql(_) => {
            let column = |line: &str| {
                let (name, value) = line.split_once('=')?;
                Some((name.to_owned(), Some(value.to_owned())))
            };
            let row = |row: &str| row.lines().filter_map(column).collect();
            Answer::Rows(text.split("\n\n").map(row).collect())
        }
        Ask::Login(_) => Answer::Login(Verdict::Refused(text.to_owned())),
        Ask::Http(_) | Ask::Token { .. } => {
            let (status, body) = text.split_once(' ').unwrap_or(("200", text));
            Answer::Response { status: status.parse().unwrap_or(200), body: body.to_owned() }
        }
    }
}

/// A configuration with a value for each attribute that must have one.
fn sample(attributes: &[Attribute]) -> Object {
    let required = attributes.iter().filter(|a| a.presence == Presence::Required);
    required.map(|a| (a.name.clone(), sample_of(&a.kind, a.words))).collect()
}

fn sample_of(kind: &Kind, words: &[&str]) -> Value {
    match kind {
        Kind::Bool => Value::Bool(true),
        Kind::Int => Value::Int(15),
        Kind::Float => Value::Float(1.5),
        Kind::String => words.first().copied().unwrap_or("a").into(),
        Kind::List(item) | Kind::Set(item) => Value::List(vec![sample_of(item, words)]),
        Kind::Map(item) => {
            Value::Map(["a", "b"].map(|k| (k.to_owned(), sample_of(item, words))).into())
        }
        Kind::Object(inner) => Value::Map(sample(inner)),
    }
}

#[cfg(test)]
mod tests;
