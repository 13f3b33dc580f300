//! Import IDs: `root@198.51.100.11:22`, or with the cluster's port and the role
//! `root@198.51.100.11:22/5432/harbor`.

use super::facts::NODE;
use super::sql;
use crate::diag::{Diag, Diags};
use crate::resource::{Answers, Ask, ImportRequest, Question, Ssh};
use crate::resources::common::ssh;
use crate::settings::Field as _;
use crate::step::Server;
use crate::value::{Object, Value};

struct Id {
    ssh: Ssh,
    port: u16,
    user: String,
}

fn parse(id: &str) -> Result<Id, Diag> {
    let bad = || {
        Diag::error(
            "Invalid import ID",
            format!(
                "\"{id}\" is not USER@HOST[:PORT][/POSTGRESQL_PORT[/ROLE]], such as \
             root@198.51.100.11:22/5432/harbor."
            ),
        )
    };
    let mut parts = id.split('/');
    let ssh = ssh(parts.next().unwrap_or_default()).ok_or_else(bad)?;
    let port = parts.next().map_or(Ok(5432), str::parse).map_err(|_| bad())?;
    let user = parts.next().unwrap_or("harbor").to_owned();
    if parts.next().is_some() || user.is_empty() { Err(bad()) } else { Ok(Id { ssh, port, user }) }
}

/// Which databases the role owns.
pub fn request(id: &str) -> Result<ImportRequest, Diag> {
    let id = parse(id)?;
    let statement = format!(
        "SELECT datname AS name FROM pg_database WHERE pg_get_userbyid(datdba) = {} ORDER BY 1",
        postgres_protocol::escape::escape_literal(&id.user)
    );
    let server = Server::Socket(format!("/var/run/postgresql/.s.PGSQL.{}", id.port));
    let ask = Ask::Sql(sql::one(server, sql::MAINTENANCE, statement));
    let questions = vec![Question { host: NODE.to_owned(), key: "owned".to_owned(), ask }];
    Ok(ImportRequest { targets: vec![(NODE.to_owned(), id.ssh)], questions })
}

/// The settings of what is there.
pub fn import(id: &str, answers: &Answers) -> Result<Object, Diags> {
    let parsed = parse(id).map_err(|diag| vec![diag])?;
    let rows = answers.rows(NODE, "owned").unwrap_or_default();
    let names: Vec<String> = rows.iter().filter_map(|r| r.get("name")?.clone()).collect();
    if names.is_empty() {
        let detail = format!(
            "Role {} owns no database of PostgreSQL on {} (port {}), or there is no such server.",
            parsed.user, parsed.ssh.host, parsed.port
        );
        return Err(vec![Diag::error("Nothing to import", detail)]);
    }
    let mut object = Object::new();
    object.insert("ssh".to_owned(), parsed.ssh.to_value());
    object.insert("port".to_owned(), parsed.port.to_value());
    object.insert("user".to_owned(), Value::from(parsed.user));
    object.insert("databases".to_owned(), names.to_value());
    object.insert("on_destroy".to_owned(), Value::from("keep"));
    Ok(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_carries_the_host() {
        let id = parse("root@198.51.100.11:2222/5433/hub").expect("a good id");
        assert_eq!((id.ssh.host.as_str(), id.ssh.port), ("198.51.100.11", 2222));
        assert_eq!(
            (id.ssh.user.as_deref(), id.port, id.user.as_str()),
            (Some("root"), 5433, "hub")
        );
        let id = parse("[2001:db8::1]:22").expect("a good id");
        assert_eq!((id.ssh.host.as_str(), id.ssh.user, id.port), ("2001:db8::1", None, 5432));
    }

    #[test]
    fn others_are_refused() {
        for id in ["", "root@", "@h", "h:x", "h/x", "h/1/u/z", "h/1/"] {
            assert!(parse(id).is_err(), "{id}");
        }
    }
}
