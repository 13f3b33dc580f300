//! The SQL: what is asked and what is done. Names enter through an escape and no other way.

use postgres_protocol::escape::{escape_identifier as ident, escape_literal as literal};

use super::settings::ExternalDb;
use crate::scram;
use crate::secret::Secret;
use crate::step::{Server, Sql};

/// The database that every server has.
pub const MAINTENANCE: &str = "postgres";

/// Fails on a standby.
pub const PRIMARY: &str = "DO $$ BEGIN IF pg_is_in_recovery() THEN \
                           RAISE EXCEPTION 'it is still a standby'; END IF; END $$";

/// How to reach the server as one who may make roles; none while the password is not known, as in
/// a read.
pub fn server(settings: &ExternalDb) -> Option<Server> {
    let Some(server) = &settings.server else {
        return Some(Server::Socket(format!("/var/run/postgresql/.s.PGSQL.{}", settings.port)));
    };
    let password = server.admin_password_wo.clone()?;
    Some(Server::Tcp {
        host: server.host.clone(),
        port: server.port,
        user: server.admin_user.clone(),
        password,
        sslmode: server.sslmode.word().to_owned(),
    })
}

/// How Harbor would reach it; none for a local cluster, whose stored verifier tells enough.
pub fn server_as_harbor(settings: &ExternalDb) -> Option<Server> {
    let (server, password) = (settings.server.as_ref()?, settings.password_wo.clone()?);
    Some(Server::Tcp {
        host: server.host.clone(),
        port: server.port,
        user: settings.user.clone(),
        password,
        sslmode: server.sslmode.word().to_owned(),
    })
}

/// One statement.
pub fn one(server: Server, database: &str, statement: impl Into<String>) -> Sql {
    Sql { server, database: database.to_owned(), statements: vec![statement.into()] }
}

/// Go on as the role, where it is there and we may: what its owner may do in a database is not done with
/// the rights of who administers the server. It is the second wall: a session can take its own rights
/// back, and what keeps it from calling the owner's functions at all is [`crate::sql::STARTUP`].
pub fn as_role(user: &str) -> String {
    // From 16 on a member may be one who may not act as the role, as who made it is.
    format!(
        "SELECT pg_catalog.count(pg_catalog.set_config('role', r.rolname, false)) \
         FROM pg_catalog.pg_roles r WHERE r.rolname = {} AND pg_catalog.pg_has_role(r.oid, CASE \
         WHEN pg_catalog.current_setting('server_version_num')::pg_catalog.int4 >= 160000 \
         THEN 'SET' ELSE 'MEMBER' END)",
        literal(user)
    )
}

/// About the server. Values are cast to text so that true reads `true` in every protocol.
pub const CLUSTER: &str = "SELECT current_setting('server_version_num') AS version, \
     pg_is_in_recovery()::text AS recovery, \
     (SELECT rolsuper::text FROM pg_roles WHERE rolname = current_user) AS superuser";

/// About the role; `usable`: whether we may act as it.
pub fn role(user: &str) -> String {
    format!(
        "SELECT rolcanlogin::text AS login, rolsuper::text AS superuser, \
         rolconnlimit::text AS connections, pg_has_role(oid, 'USAGE')::text AS usable \
         FROM pg_roles WHERE rolname = {}",
        literal(user)
    )
}

/// The stored password. Only a superuser may read it.
pub fn stored_password(user: &str) -> String {
    format!("SELECT rolpassword FROM pg_authid WHERE rolname = {}", literal(user))
}

/// About the databases.
pub fn databases(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|n| literal(n)).collect();
    format!(
        "SELECT datname AS name, pg_get_userbyid(datdba) AS owner, \
         pg_encoding_to_char(encoding) AS encoding FROM pg_database WHERE datname IN ({})",
        names.join(", ")
    )
}

/// About what is inside a database: tables, and what in schema public is another's.
pub fn inside(user: &str) -> String {
    format!(
        "SELECT (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' \
         AND n.nspname NOT LIKE 'pg\\_%')::text AS tables, \
         (to_regnamespace('public') IS NOT NULL)::text AS public, \
         (SELECT (has_schema_privilege(r.oid, to_regnamespace('public'), 'CREATE') \
         AND has_schema_privilege(r.oid, to_regnamespace('public'), 'USAGE'))::text \
         FROM pg_roles r WHERE r.rolname = {}) AS may_create, \
         (SELECT count(*)::text FROM ({1}) x) AS foreign_count, \
         (SELECT string_agg(DISTINCT owner, ', ') FROM ({1}) x) AS foreign_owners",
        literal(user),
        foreign(user)
    )
}

/// What stands in schema public and belongs to another, with the command that hands it over.
/// What an extension made is left to it, and a sequence of a column goes with its table.
fn foreign(user: &str) -> String {
    let user = literal(user);
    let not_of_extension = |catalog: &str| {
        format!(
            "NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = '{catalog}'::regclass \
             AND d.objid = o.oid AND d.deptype = 'e')"
        )
    };
    let branch = |what: &str, catalog: &str, prefix: &str, filter: &str| {
        format!(
            "SELECT pg_get_userbyid(o.{prefix}owner) AS owner, {what} AS command \
             FROM {catalog} o WHERE o.{prefix}namespace = to_regnamespace('public') \
             AND pg_get_userbyid(o.{prefix}owner) <> {user} AND {filter} AND {}",
            not_of_extension(catalog)
        )
    };
    let relation = format!(
        "format('ALTER %s %s OWNER TO %I', CASE o.relkind WHEN 'v' THEN 'VIEW' \
         WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' \
         WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, o.oid::regclass, {user})"
    );
    let relations = "o.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND NOT (o.relkind = 'S' AND \
         EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass \
         AND d.objid = o.oid AND d.deptype IN ('a', 'i')))";
    let routine = format!("format('ALTER ROUTINE %s OWNER TO %I', o.oid::regprocedure, {user})");
    let kind = format!("format('ALTER TYPE %s OWNER TO %I', o.oid::regtype, {user})");
    let types = "(o.typtype IN ('e', 'd', 'r') OR (o.typtype = 'c' AND EXISTS (SELECT 1 \
         FROM pg_class c WHERE c.oid = o.typrelid AND c.relkind = 'c')))";
    [
        branch(&relation, "pg_class", "rel", relations),
        branch(&routine, "pg_proc", "pro", "true"),
        branch(&kind, "pg_type", "typ", types),
    ]
    .join(" UNION ALL ")
}

/// Hands over what `foreign` finds. It waits at most 10 s for a lock, so that it never stands
/// between Harbor's queries for longer.
pub fn hand_over(user: &str) -> Vec<String> {
    let block = format!(
        "DO $hand_over$ DECLARE command text; BEGIN FOR command IN SELECT x.command FROM ({}) x \
         LOOP EXECUTE command; END LOOP; END $hand_over$",
        foreign(user)
    );
    vec!["SET lock_timeout = '10s'".to_owned(), block]
}

/// Keeps what follows out of the server's log, by which guessing could begin: whole, by its duration,
/// by chance, or because it fails. Superusers alone may; for others it does nothing.
const UNLOGGED: &str = "SELECT pg_catalog.count(pg_catalog.set_config(s.name, s.value, false)) \
     FROM (VALUES ('log_statement', 'none'), ('log_min_duration_statement', '-1'), \
     ('log_min_duration_sample', '-1'), ('log_transaction_sample_rate', '0'), \
     ('log_min_error_statement', 'panic')) AS s (name, value) \
     JOIN pg_catalog.pg_settings g ON g.name = s.name \
     WHERE (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)";

fn unlogged(statement: String) -> Vec<String> {
    vec![UNLOGGED.to_owned(), statement]
}

/// Makes the role.
pub fn create_role(user: &str, password: &Secret, connections: Option<i64>) -> Vec<String> {
    unlogged(format!(
        "CREATE ROLE {} LOGIN PASSWORD {}{}",
        ident(user),
        literal(scram::verifier(password).expose()),
        connection_limit(connections)
    ))
}

/// Sets the role's password.
pub fn set_password(user: &str, password: &Secret) -> Vec<String> {
    unlogged(format!(
        "ALTER ROLE {} PASSWORD {}",
        ident(user),
        literal(scram::verifier(password).expose())
    ))
}

/// Lets the role log in, with this limit.
pub fn set_role(user: &str, connections: Option<i64>) -> String {
    format!("ALTER ROLE {} LOGIN{}", ident(user), connection_limit(connections))
}

fn connection_limit(connections: Option<i64>) -> String {
    connections.map(|n| format!(" CONNECTION LIMIT {n}")).unwrap_or_default()
}

/// Makes us, where we are no superuser, a member of the role: its databases can be made by
/// members alone.
pub fn join_role(user: &str) -> String {
    format!("GRANT {} TO CURRENT_USER", ident(user))
}

/// Makes a database, from the template that has no encoding of its own.
pub fn create_database(name: &str, user: &str) -> String {
    format!(
        "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'",
        ident(name),
        ident(user)
    )
}

/// Gives a database to the role.
pub fn own_database(name: &str, user: &str) -> String {
    format!("ALTER DATABASE {} OWNER TO {}", ident(name), ident(user))
}

/// Opens schema public to the role, where the server does not open it to everyone (PostgreSQL 15
/// and later) nor to the database's owner (a schema that came with a dump). A schema that is missing
/// is made by the database's owner.
pub fn open_schema(user: &str, exists: bool) -> Vec<String> {
    if exists {
        vec![format!("GRANT USAGE, CREATE ON SCHEMA public TO {}", ident(user))]
    } else {
        vec![as_role(user), format!("CREATE SCHEMA public AUTHORIZATION {}", ident(user))]
    }
}

/// Drops a database.
pub fn drop_database(name: &str) -> String {
    format!("DROP DATABASE {}", ident(name))
}

/// Drops the role.
pub fn drop_role(user: &str) -> String {
    format!("DROP ROLE {}", ident(user))
}
