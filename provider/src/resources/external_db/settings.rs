//! What the user writes, and what the provider gives.

use render::harbor::Release;
use render::harbor::releases::Component;

use crate::resource::Ssh;
use crate::resources::common::version;
use crate::secret::Secret;
use crate::value::Value;

crate::choice! {
    /// TLS to the server, as in libpq's `sslmode`.
    pub enum SslMode {
        /// None.
        Disable = "disable",
        /// Encrypted; the certificate is not checked.
        Require = "require",
    }
}

crate::choice! {
    /// What a destroy does.
    pub enum OnDestroy {
        /// Leaves everything.
        Keep = "keep",
        /// Drops the databases and the role, if no database holds a table.
        Drop = "drop",
        /// Drops the databases with all that they hold, and the role.
        DropWithData = "drop_with_data",
    }
}

crate::settings! {
    /// A PostgreSQL server that is reached over TCP from the SSH host.
    pub struct TcpServer {
        /// Name or address, as seen from the SSH host.
        host: String = attr().on_change(OnChange::Provider).check(crate::checks::host),
        /// Port.
        port: u16 = attr().default(5432).on_change(OnChange::Provider).check(crate::checks::port),
        /// A role that may make roles and databases.
        admin_user: String = attr().on_change(OnChange::Provider),
        /// Its password; must be set. It is in neither plan nor state, so a refresh, which has no
        /// configuration, cannot ask this server: what changed there is seen by the plan.
        admin_password_wo: Option<Secret> = attr().write_only().on_change(OnChange::Provider),
        /// Raise it when `admin_password_wo` changes: Terraform cannot see that.
        admin_password_wo_version: Option<i64> = attr().on_change(OnChange::Provider),
        /// `require` encrypts, `disable` does not.
        sslmode: SslMode = attr().default("require").on_change(OnChange::Provider),
    }

    /// What the user writes.
    pub struct ExternalDb {
        /// The host to go through. For a pair, its primary:
        /// `harbor_pg_replication_pair.<name>.primary_ssh`.
        ssh: Ssh = attr().on_change(OnChange::Provider),
        /// Port of the cluster on that host, which is reached through its unix socket as the
        /// operating system's user `postgres`. Not used with `server`.
        port: u16 = attr().default(5432).on_change(OnChange::Provider).check(crate::checks::port),
        /// A server elsewhere, such as RDS. If not set: the cluster on the SSH host.
        server: Option<TcpServer> = attr().on_change(OnChange::Provider),
        /// The role Harbor logs in as. One that exists already is adopted.
        user: String = attr().default("harbor").check(role_name).on_change(OnChange::Refused),
        /// The role's password; must be set. Letters, digits, `_` and `-`, because Harbor carries it through
        /// places that quote nothing. The server gets a SCRAM verifier of it.
        password_wo: Option<Secret> = attr().write_only().check(password),
        /// Raise it when `password_wo` changes: Terraform cannot see that, and a password under the
        /// same number counts as the same.
        password_wo_version: Option<i64> = attr(),
        /// The release of Harbor, such as `2.3.2`. It decides which databases there are where
        /// `databases` is not set, and which server is new enough.
        harbor_version: Option<String> = attr().check(version),
        /// The databases. If not set: `registry`, and for releases before 2.9 also `notarysigner`
        /// and `notaryserver`. One that is taken off this list is left as it is.
        databases: Option<Vec<String>> = attr().check(database_names).each(database_name),
        /// The most connections that the role may have. If not set: left as it is.
        connection_limit: Option<i64> = attr().check(connection_limit),
        /// `keep` leaves everything. `drop` drops the databases and the role, and is refused while
        /// a database holds a table. `drop_with_data` drops them in any case. Only `keep` is
        /// possible with `server`: a destroy has no configuration and so no password.
        on_destroy: OnDestroy = attr().default("keep").on_change(OnChange::Provider),
    }

    /// What the provider gives.
    pub struct Outputs {
        /// Where the server is: `server.host`, or the SSH host.
        host: Option<String> = attr(),
        /// Its port.
        host_port: Option<i64> = attr(),
        /// The databases.
        database_names: Option<Vec<String>> = attr(),
        /// The server's version: `15.8`.
        server_version: Option<String> = attr(),
    }
}

/// Letters, digits, `_` and `-` reach Harbor's containers unchanged through env files, URLs and
/// YAML that quote nothing.
fn plain(value: &Value, what: &str) -> Result<(), String> {
    let text = value.as_str().unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if text.is_empty() {
        return Err(format!("The {what} must not be empty."));
    }
    if text.chars().all(fits) {
        return Ok(());
    }
    Err(format!(
        "The {what} may hold letters, digits, \"_\" and \"-\" only: Harbor carries it through env \
         files and URLs that quote nothing, where any other character breaks the connection."
    ))
}

fn password(value: &Value) -> Result<(), String> {
    plain(value, "password")
}

fn role_name(value: &Value) -> Result<(), String> {
    plain(value, "role's name")?;
    let name = value.as_str().unwrap_or_default();
    if name == "postgres" || name.starts_with("pg_") || name.len() > 63 {
        return Err(format!(
            "\"{name}\" cannot be Harbor's role: it must be a role of its own, with at most 63 \
             characters and without PostgreSQL's prefix \"pg_\"."
        ));
    }
    Ok(())
}

fn database_names(value: &Value) -> Result<(), String> {
    let Value::List(names) = value else { return Ok(()) };
    if names.is_empty() {
        return Err("At least one database must be named.".to_owned());
    }
    let twice =
        names.iter().enumerate().find(|(i, name)| name.is_known() && names[..*i].contains(name));
    match twice.and_then(|(_, name)| name.as_str()) {
        Some(name) => Err(format!("\"{name}\" is named twice.")),
        None => Ok(()),
    }
}

fn database_name(value: &Value) -> Result<(), String> {
    plain(value, "database's name")?;
    let name = value.as_str().unwrap_or_default();
    if matches!(name, "postgres" | "template0" | "template1") || name.len() > 63 {
        return Err(format!(
            "\"{name}\" cannot be Harbor's database: it belongs to the server or is too long."
        ));
    }
    Ok(())
}

fn connection_limit(value: &Value) -> Result<(), String> {
    match value {
        Value::Int(n) if !(1..=262_143).contains(n) => {
            Err(format!("{n} is no limit of connections: it must be from 1 to 262143."))
        }
        _ => Ok(()),
    }
}

impl ExternalDb {
    /// The release of Harbor, or the nearest that is known.
    pub fn release(&self) -> Option<Release> {
        self.harbor_version.as_deref().and_then(Release::nearest)
    }

    /// The databases: those named, or those that the release has. Notary has two of its own.
    pub fn database_names(&self) -> Vec<String> {
        let named = self.databases.clone();
        named.unwrap_or_else(|| match self.release() {
            Some(release) if release.ships(Component::Notary) => {
                ["registry", "notarysigner", "notaryserver"].map(str::to_owned).to_vec()
            }
            _ => vec!["registry".to_owned()],
        })
    }

    /// Where the server is, for people: `PostgreSQL on 198.51.100.11`.
    pub fn place(&self) -> String {
        match &self.server {
            Some(server) => {
                format!("PostgreSQL on {}:{} (through {})", server.host, server.port, self.ssh.host)
            }
            None => format!("PostgreSQL on {} (port {})", self.ssh.host, self.port),
        }
    }
}
