//! Plan cases as data: `plans/<resource>/<case>.toml` says what is wanted and what the hosts
//! answer; `<case>.txt` beside it says what is decided. `UPDATE_GOLDENS=1` writes the decisions.
//!
//! Keys of a case, all optional:
//! - `extends`: the name of another case of the folder, under which this one's keys are laid;
//! - `settings`: as in a Terraform configuration;
//! - `prior`: the state before, laid over `settings`; without it the resource is created;
//! - `context`: `secrets_unchanged`, `as_written`, `applying`, `missing` (host to why);
//! - `answers.<host>.<question>`: standard output of the question's script, or `{ file = "..." }`;
//!   of SQL its rows as a list of tables; of HTTP `{ status = 200, body = "..." }`; of both
//!   `{ failed = "why" }`; of a login `{ refused = "why" }`, or `there_is_none`, `no_tls`, `silent`,
//!   `accepted`;
//! - `replace`: a list of `{ host, key, from, to }`, done in the answers in order;
//! - `written_by`: cases whose steps have written their files on the hosts;
//! - `same_goal_as`: a case that must want the same files and status;
//! - `destroy = true`: the steps of a destroy;
//! - `refresh = true`: what a refresh sees: `status` and the names of the files.

#[path = "mutated/mod.rs"]
mod mutated;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use provider::diag::Path as At;
use provider::plan::{Context, Pair, Plan};
use provider::question::Verdict;
use provider::resource::{Answer, Answers, Observation, Resource, decided, describe, observed};
use provider::resources::database_endpoint::Endpoint;
use provider::resources::external_db::ExternalDatabase;
use provider::resources::ha_node;
use provider::resources::pg_replication_pair::PgReplicationPair;
use provider::resources::shared_secrets::SharedSecrets;
use provider::settings::{Settings, check};
use provider::step::Action;
use provider::value::{Object, Value};

/// One line per resource.
fn decide(resource: &str, case: &Case) -> Decision {
    match resource {
        "database_endpoint" => case.decide::<Endpoint>(),
        "external_db" => case.decide::<ExternalDatabase>(),
        "ha_node" => case.decide::<ha_node::Node>(),
        "shared_secrets" => case.decide::<SharedSecrets>(),
        "pg_replication_pair" => case.decide::<PgReplicationPair>(),
        other => panic!("no resource for the folder {other}"),
    }
}

#[test]
fn every_case_is_decided_as_written() {
    let mut wrong = Vec::new();
    for folder in sorted(&root()) {
        let resource = name(&folder);
        for path in sorted(&folder) {
            if path.extension().is_some_and(|e| e == "toml") {
                let case = Case::load(&folder, &name(&path));
                wrong.extend(compare(&path.with_extension("txt"), &resource, &case));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn compare(golden: &Path, resource: &str, case: &Case) -> Option<String> {
    let text = decide(resource, case).text();
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::write(golden, &text).expect("the golden can be written");
    }
    let expected = std::fs::read_to_string(golden).unwrap_or_default();
    (text != expected)
        .then(|| format!("{}:\n--- wanted\n{expected}--- got\n{text}", golden.display()))
}

#[test]
fn what_is_planned_first_is_what_is_wanted_last() {
    for folder in sorted(&root()) {
        for path in sorted(&folder).iter().filter(|p| p.extension().is_some_and(|e| e == "toml")) {
            let case = Case::load(&folder, &name(path));
            let Some(other) = case.text("same_goal_as").filter(|other| !other.is_empty()) else {
                continue;
            };
            let (resource, other) = (name(&folder), Case::load(&folder, other));
            let (goal, first) = (decide(&resource, &case).goal(), decide(&resource, &other).goal());
            assert_eq!(
                goal,
                first,
                "{}: Terraform would see an inconsistent result",
                path.display()
            );
        }
    }
}

#[test]
fn nothing_differs_where_nothing_is_done() {
    for folder in sorted(&root()) {
        for path in sorted(&folder).iter().filter(|p| p.extension().is_some_and(|e| e == "toml")) {
            let case = Case::load(&folder, &name(path));
            if let Decision::Plan(plan) = decide(&name(&folder), &case)
                && plan.steps.is_empty()
                && plan.refusals.is_empty()
                && case.table.get("destroy").is_none()
            {
                let left = differences(&plan);
                assert!(left.is_empty(), "{} leaves a difference:\n{left}", path.display());
            }
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans")
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let mut paths: Vec<PathBuf> = entries.filter_map(|e| e.ok().map(|e| e.path())).collect();
    paths.sort();
    paths
}

/// What a case leads to.
enum Decision {
    /// The settings are refused before a host is asked.
    Invalid(Vec<String>),
    /// The answers cannot be read.
    Unreadable(Vec<String>),
    /// Hosts are missing, and nothing can be decided without them.
    Unreachable(Vec<String>),
    /// What a refresh sees.
    Seen(Box<Observation>),
    /// A plan.
    Plan(Box<Plan>),
}

impl Decision {
    fn text(&self) -> String {
        match self {
            Self::Invalid(diags) => section("invalid", diags),
            Self::Unreadable(diags) => section("unreadable", diags),
            Self::Unreachable(hosts) => section("unreachable", hosts),
            Self::Seen(observed) => {
                let status = observed.status.iter().map(|(name, text)| format!("{name}: {text}"));
                let files: Vec<String> = observed.files.keys().cloned().collect();
                section("status", &status.collect::<Vec<_>>()) + &section("files", &files)
            }
            Self::Plan(plan) => {
                let mut text = section("refusals", &diags(&plan.refusals));
                text += &section("warnings", &diags(&plan.warnings));
                text += &section("steps", &lines(&describe(&plan.steps)));
                text += &section("differs", &lines(&differences(plan)));
                text
            }
        }
    }

    /// Wanted sides of all files and status.
    fn goal(&self) -> BTreeMap<String, Option<String>> {
        let Self::Plan(plan) = self else { return BTreeMap::new() };
        let pairs = plan.files.iter().chain(&plan.status);
        pairs
            .filter(|(_, pair)| pair.wanted.is_some())
            .map(|(name, pair)| (name.clone(), pair.wanted.clone()))
            .collect()
    }
}

fn section(title: &str, lines: &[String]) -> String {
    if lines.is_empty() {
        return format!("{title}: none\n");
    }
    lines.iter().fold(format!("{title}:\n"), |text, line| text + "  " + line + "\n")
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

fn diags(diags: &[provider::diag::Diag]) -> Vec<String> {
    diags.iter().map(|d| format!("{}: {}. {}", d.path, d.summary, d.detail)).collect()
}

/// Status with both sides, files by their changed lines.
fn differences(plan: &Plan) -> String {
    let mut text = String::new();
    for (name, pair) in plan.status.iter().filter(|(_, p)| p.actual != p.wanted) {
        let side = |s: &Option<String>| s.clone().unwrap_or_else(|| "(absent)".to_owned());
        let _ = writeln!(text, "{name}: {} -> {}", side(&pair.actual), side(&pair.wanted));
    }
    for (name, pair) in plan.files.iter().filter(|(_, p)| p.actual != p.wanted) {
        let _ = writeln!(text, "{name}: {}", changed_lines(pair));
    }
    text
}

fn changed_lines(pair: &Pair) -> String {
    let (Some(actual), Some(wanted)) = (&pair.actual, &pair.wanted) else {
        return if pair.actual.is_some() { "is removed" } else { "is written" }.to_owned();
    };
    let only = |mark: char, these: &str, those: &str| -> Vec<String> {
        let missing = these.lines().filter(|l| !those.lines().any(|o| o == *l));
        missing.map(|l| format!("{mark}{l}")).collect()
    };
    let mut changed = only('-', actual, wanted);
    changed.extend(only('+', wanted, actual));
    if changed.is_empty() { "order of lines".to_owned() } else { changed.join(" | ") }
}

/// A case, with what it extends.
struct Case {
    folder: PathBuf,
    table: toml::Table,
}

impl Case {
    fn load(folder: &Path, name: &str) -> Self {
        let path = folder.join(format!("{name}.toml"));
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let own: toml::Table =
            toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let table = match own.get("extends").and_then(toml::Value::as_str) {
            Some(base) => {
                let mut base = Self::load(folder, base).table;
                base.remove("same_goal_as");
                lay_over(base, own)
            }
            None => own,
        };
        Self { folder: folder.to_owned(), table }
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.table.get(key)?.as_str()
    }

    fn object(&self, key: &str) -> Option<Object> {
        match value(self.table.get(key)?) {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    fn decide<R: Resource>(&self) -> Decision {
        self.decide_on::<R>(|_| self.answers::<R>())
    }

    fn decide_on<R: Resource>(&self, answers: impl FnOnce(&R::Settings) -> Answers) -> Decision {
        let given = self.object("settings").unwrap_or_default();
        let mut invalid = check(&R::Settings::attributes(), &given, &At::root());
        let settings = match R::Settings::from_object(&given, &At::root()) {
            Ok(settings) => settings,
            Err(more) => {
                invalid.extend(more);
                return Decision::Invalid(diags(&invalid));
            }
        };
        invalid.extend(R::validate(&settings));
        if provider::diag::has_error(&invalid) {
            return Decision::Invalid(diags(&invalid));
        }
        match R::facts(&settings, &answers(&settings)) {
            Err(why) => Decision::Unreadable(diags(&why)),
            Ok(facts) => {
                let context = self.context(&given);
                if self.table.contains_key("refresh") {
                    let observed = observed::<R>(&settings, &facts, &context);
                    return Decision::Seen(Box::new(observed));
                }
                let destroys = self.table.contains_key("destroy");
                let plan = decided::<R>(&settings, &facts, &context, destroys);
                if !context.missing.is_empty() && !plan.tolerates_missing {
                    let missing: Vec<String> = context.missing.into_values().collect();
                    return Decision::Unreachable(missing);
                }
                Decision::Plan(Box::new(plan))
            }
        }
    }

    fn missing(&self) -> BTreeMap<String, String> {
        let missing = self.table.get("context").and_then(|c| c.get("missing"));
        let hosts = missing.and_then(toml::Value::as_table).into_iter().flatten();
        let why = |why: &toml::Value| why.as_str().expect("a reason").to_owned();
        hosts.map(|(host, reason)| (host.clone(), why(reason))).collect()
    }

    fn context(&self, settings: &Object) -> Context {
        let prior = self.object("prior").map(|own| {
            let mut prior = settings.clone();
            prior.extend(own);
            prior
        });
        let context = self.object("context").unwrap_or_default();
        let truth = |v: Option<&Value>| v == Some(&Value::Bool(true));
        let as_written = context.get("as_written").and_then(Value::as_map).cloned();
        Context {
            prior,
            secrets_unchanged: truth(context.get("secrets_unchanged")),
            as_written: as_written
                .unwrap_or_default()
                .iter()
                .map(|(name, v)| (name.clone(), truth(Some(v))))
                .collect(),
            applying: truth(context.get("applying")),
            missing: self.missing(),
        }
    }

    fn answers<R: Resource>(&self) -> Answers {
        let mut texts = self.written::<R>();
        let mut answers = Answers::default();
        let hosts = self.table.get("answers").and_then(toml::Value::as_table);
        for (host, given) in hosts.into_iter().flatten() {
            for (key, answer) in given.as_table().into_iter().flatten() {
                if let Some(other) =
                    of_sql(answer).or_else(|| of_http(answer)).or_else(|| of_login(answer))
                {
                    answers.insert(host, key, other);
                    continue;
                }
                texts.insert((host.clone(), key.clone()), self.answer(answer));
            }
        }
        for edit in self.table.get("replace").and_then(toml::Value::as_array).into_iter().flatten()
        {
            replace(edit, &mut texts);
        }
        for ((host, key), stdout) in texts {
            let answer = Answer::Output { status: 0, stdout, stderr: String::new() };
            answers.insert(&host, &key, answer);
        }
        answers
    }

    fn answer(&self, answer: &toml::Value) -> String {
        match answer.get("file").and_then(toml::Value::as_str) {
            Some(file) => std::fs::read_to_string(self.folder.join(file))
                .unwrap_or_else(|e| panic!("{file}: {e}")),
            None => answer.as_str().expect("an answer is a text or a file").to_owned(),
        }
    }

    /// The files that the steps of other cases write, as answers.
    fn written<R: Resource>(&self) -> BTreeMap<(String, String), String> {
        let mut texts = BTreeMap::new();
        let writers = self.table.get("written_by").and_then(toml::Value::as_array);
        for writer in writers.into_iter().flatten().filter_map(toml::Value::as_str) {
            let Decision::Plan(plan) = Self::load(&self.folder, writer).decide::<R>() else {
                panic!("{writer} has no plan");
            };
            for step in plan.steps {
                if let Action::Write(file) = step.action {
                    let head = format!("{:o} {} {}", file.mode, file.owner, file.group);
                    texts.insert(
                        (step.host, file.path),
                        format!("{head}\n{}", file.content.expose()),
                    );
                }
            }
        }
        texts
    }
}

/// Rows, or why there are none.
fn of_sql(answer: &toml::Value) -> Option<Answer> {
    if let Some(why) = answer.get("failed").and_then(toml::Value::as_str) {
        return Some(Answer::Failed(why.to_owned()));
    }
    let column = |(name, value): (&String, &toml::Value)| {
        (name.clone(), value.as_str().filter(|text| !text.is_empty()).map(str::to_owned))
    };
    let row = |row: &toml::Value| row.as_table().into_iter().flatten().map(column).collect();
    Some(Answer::Rows(answer.as_array()?.iter().map(row).collect()))
}

fn of_login(answer: &toml::Value) -> Option<Answer> {
    let (word, why) = answer.as_table()?.iter().next()?;
    let why = why.as_str()?.to_owned();
    Some(Answer::Login(match word.as_str() {
        "accepted" => Verdict::Accepted,
        "refused" => Verdict::Refused(why),
        "there_is_none" => Verdict::NotThere(why),
        "no_tls" => Verdict::NoTls(why),
        "silent" => Verdict::Unreachable(why),
        _ => return None,
    }))
}

fn of_http(answer: &toml::Value) -> Option<Answer> {
    let status = u16::try_from(answer.get("status")?.as_integer()?).expect("a status code");
    let body = answer.get("body").and_then(toml::Value::as_str).unwrap_or_default();
    Some(Answer::Response { status, body: body.to_owned() })
}

fn replace(edit: &toml::Value, texts: &mut BTreeMap<(String, String), String>) {
    let word = |key: &str| edit.get(key).and_then(toml::Value::as_str).unwrap_or_default();
    let at = (word("host").to_owned(), word("key").to_owned());
    let text = texts.get_mut(&at).unwrap_or_else(|| panic!("nothing to replace at {at:?}"));
    assert!(text.contains(word("from")), "{:?} is not in the answer {at:?}", word("from"));
    *text = text.replace(word("from"), word("to"));
}

/// One table over another; lists of edits follow each other.
fn lay_over(mut base: toml::Table, over: toml::Table) -> toml::Table {
    for (key, value) in over {
        let merged = match (base.remove(&key), value) {
            (Some(toml::Value::Table(b)), toml::Value::Table(o)) => {
                toml::Value::Table(lay_over(b, o))
            }
            (Some(toml::Value::Array(mut b)), toml::Value::Array(o)) if key == "replace" => {
                b.extend(o);
                toml::Value::Array(b)
            }
            (_, value) => value,
        };
        base.insert(key, merged);
    }
    base
}

fn value(from: &toml::Value) -> Value {
    match from {
        toml::Value::String(s) => Value::String(s.clone()),
        toml::Value::Integer(i) => Value::Int(*i),
        toml::Value::Float(f) => Value::Float(*f),
        toml::Value::Boolean(b) => Value::Bool(*b),
        toml::Value::Datetime(d) => Value::String(d.to_string()),
        toml::Value::Array(items) => Value::List(items.iter().map(value).collect()),
        toml::Value::Table(table) => {
            Value::Map(table.iter().map(|(k, v)| (k.clone(), value(v))).collect())
        }
    }
}
