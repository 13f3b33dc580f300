//! What was seen of the server: how the answers read.

use std::collections::BTreeMap;

use super::settings::ExternalDb;
use crate::resource::{Answer, Answers};
use crate::secret::Secret;

/// Name of the host among the targets.
pub const NODE: &str = "node";

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Whether the server answered.
    pub reach: Reachability,
    /// The server.
    pub cluster: Cluster,
    /// Harbor's role, where it exists.
    pub role: Option<Role>,
    /// The databases of the configuration that exist.
    pub databases: BTreeMap<String, Database>,
}

/// Whether the server answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reachability {
    /// It did.
    Answers,
    /// It was not asked, because the administrator's password is not known in a read.
    #[default]
    NotAsked,
    /// It did not: why.
    Silent(String),
}

/// The server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cluster {
    /// `server_version_num`: `150008`.
    pub version: u32,
    /// A standby, which takes no changes.
    pub in_recovery: bool,
    /// Whether we are a superuser there.
    pub superuser: bool,
}

/// The role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Role {
    /// May log in.
    pub login: bool,
    /// Is a superuser.
    pub superuser: bool,
    /// At most so many connections; -1: no limit.
    pub connections: i64,
    /// Whether we may act as it.
    pub usable: bool,
    /// Its password.
    pub password: StoredPassword,
}

/// What is known of the stored password.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StoredPassword {
    /// The verifier or hash as stored; empty: none.
    Verifier(Secret),
    /// Not readable, but a login with the wanted password succeeds.
    Accepted,
    /// Not readable, and the server refuses the wanted password.
    Rejected,
    /// Not readable, and a login was not possible or not tried: why.
    Unknown(String),
    /// Not asked.
    #[default]
    NotAsked,
}

/// One database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Database {
    /// Its owner.
    pub owner: String,
    /// `UTF8`
    pub encoding: String,
    /// What is inside; none: it could not be opened.
    pub inside: Option<Inside>,
}

/// What is in a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inside {
    /// Number of tables.
    pub tables: u64,
    /// Whether schema public exists.
    pub public: bool,
    /// Whether the role may use it and create tables in it; none: there is no role.
    pub may_create: Option<bool>,
    /// Number of things in schema public that belong to another.
    pub foreign: u64,
    /// Their owners: `postgres, admin`.
    pub foreign_owners: String,
}

type Row = BTreeMap<String, Option<String>>;

fn text(row: &Row, column: &str) -> String {
    row.get(column).and_then(Clone::clone).unwrap_or_default()
}

fn truth(row: &Row, column: &str) -> bool {
    matches!(text(row, column).as_str(), "true" | "t")
}

fn first<'a>(answers: &'a Answers, key: &str) -> Option<&'a Row> {
    answers.rows(NODE, key).and_then(<[Row]>::first)
}

/// Read the answers.
pub fn facts(settings: &ExternalDb, answers: &Answers) -> Facts {
    let reach = match answers.get(NODE, "cluster") {
        Some(Answer::Rows(_)) => Reachability::Answers,
        Some(Answer::Failed(why)) => Reachability::Silent(why.clone()),
        Some(other) => Reachability::Silent(format!("unexpected answer {other:?}")),
        None => Reachability::NotAsked,
    };
    let cluster = first(answers, "cluster").map(cluster).unwrap_or_default();
    let role = first(answers, "role").map(|row| role(row, stored(answers)));
    let rows = answers.rows(NODE, "databases").unwrap_or_default();
    let names = settings.database_names();
    let databases = rows
        .iter()
        .map(|row| (text(row, "name"), row))
        .filter(|(name, _)| names.contains(name))
        .map(|(name, row)| {
            let inside = first(answers, &format!("inside {name}")).map(inside);
            (name, Database { owner: text(row, "owner"), encoding: text(row, "encoding"), inside })
        })
        .collect();
    Facts { reach, cluster, role, databases }
}

fn cluster(row: &Row) -> Cluster {
    Cluster {
        version: text(row, "version").parse().unwrap_or_default(),
        in_recovery: truth(row, "recovery"),
        superuser: truth(row, "superuser"),
    }
}

fn role(row: &Row, password: StoredPassword) -> Role {
    Role {
        login: truth(row, "login"),
        superuser: truth(row, "superuser"),
        connections: text(row, "connections").parse().unwrap_or(-1),
        usable: truth(row, "usable"),
        password,
    }
}

fn stored(answers: &Answers) -> StoredPassword {
    if let Some(row) = first(answers, "stored password") {
        return StoredPassword::Verifier(Secret::from(text(row, "rolpassword")));
    }
    match answers.get(NODE, "login") {
        Some(Answer::Rows(_)) => StoredPassword::Accepted,
        Some(Answer::Failed(why)) if is_rejection(why) => StoredPassword::Rejected,
        Some(Answer::Failed(why)) if is_later(why) => StoredPassword::Accepted,
        Some(Answer::Failed(why)) => StoredPassword::Unknown(why.clone()),
        _ => StoredPassword::NotAsked,
    }
}

/// SQLSTATE 28P01, or its English text.
fn is_rejection(why: &str) -> bool {
    why.contains("28P01") || why.contains("password authentication failed")
}

/// What the server looks at after it has accepted the password: the database, the right to log in.
fn is_later(why: &str) -> bool {
    (why.contains("database") && why.contains("does not exist"))
        || why.contains("not permitted to log in")
}

fn inside(row: &Row) -> Inside {
    let may_create = row.get("may_create").is_some_and(Option::is_some);
    Inside {
        tables: text(row, "tables").parse().unwrap_or_default(),
        public: truth(row, "public"),
        may_create: may_create.then(|| truth(row, "may_create")),
        foreign: text(row, "foreign_count").parse().unwrap_or_default(),
        foreign_owners: text(row, "foreign_owners"),
    }
}
