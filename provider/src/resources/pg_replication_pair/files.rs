//! The text of every managed file.

use std::collections::BTreeMap;

use render::postgres::{archive_script, conf, hba, passfile, standby_conf};
use render::{apt, systemd};

use super::facts::Host;
use super::names::{HEADER, Paths, REWINDER, id};
use super::role_check;
use super::settings::{ClientRule, Connection, Member, Method, NodeTls, OtherRules, Pair, Source};
use crate::facts::file::FileFact;
use crate::secret::Secret;
use crate::step::File;

/// What stands in `pg_hba.conf` below our block where there was no file: the way in for tools on
/// the host, as `pg_createcluster --auth-local=peer --auth-host=scram-sha-256` writes it.
const REST_OF_HBA: &str = "\
local all all peer
host all all 127.0.0.1/32 scram-sha-256
host all all ::1/128 scram-sha-256
local replication all peer
host replication all 127.0.0.1/32 scram-sha-256
host replication all ::1/128 scram-sha-256
";

fn rule(
    connection: hba::Connection,
    database: &str,
    user: &str,
    address: Option<&str>,
    method: hba::Method,
) -> hba::Rule {
    hba::Rule {
        connection,
        databases: vec![database.to_owned()],
        users: vec![user.to_owned()],
        address: address.map(str::to_owned),
        method,
        options: BTreeMap::new(),
    }
}

fn client_rule(given: &ClientRule) -> hba::Rule {
    let connection = match given.connection {
        Connection::Host => hba::Connection::Host,
        Connection::Hostssl => hba::Connection::Hostssl,
    };
    let method = match given.method {
        Method::Scram => hba::Method::ScramSha256,
        Method::Md5 => hba::Method::Md5,
    };
    rule(connection, &given.database, &given.user, Some(&given.address), method)
}

/// The attribute of a rule that cannot be written, and why.
pub(super) fn rule_fault(given: &ClientRule) -> Option<(&'static str, String)> {
    let rules = vec![client_rule(given)];
    let render::Error::Invalid { key, reason } = hba::render(&hba::Settings { rules }).err()?
    else {
        return None;
    };
    let attributes = [("users", "user"), ("databases", "database"), ("address", "address")];
    let (_, attribute) = attributes.into_iter().find(|(word, _)| key.contains(word))?;
    Some((attribute, reason))
}

/// Whether a line of `pg_hba.conf` is none that PostgreSQL reads.
fn is_comment(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

/// Whether a rule is one that `pg_createcluster` writes: for the host itself, with a password or the
/// system's own users.
pub(super) fn is_debians(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        ["local", "all", "postgres" | "all", "peer"] | ["local", "replication", "all", "peer"] => {
            true
        }
        ["host", "all" | "replication", "all", "127.0.0.1/32" | "::1/128", method] => {
            ["scram-sha-256", "md5"].contains(&method)
        }
        _ => false,
    }
}

/// A file, or why it cannot be made.
pub type Wanted = Result<File, String>;

/// The files of one member.
#[derive(Clone, Copy)]
pub struct Files<'a> {
    /// What the user wants.
    pub settings: &'a Pair,
    /// Whose files.
    pub member: Member,
    /// Where they stand.
    pub paths: &'a Paths,
    /// The server runs with a `cluster_name` of somebody else: only a restart changes it, and nothing
    /// of the pair needs it.
    pub keeps_name: bool,
}

/// Stands for the password in a text whose password the host makes.
pub const PLACE: &str = "@PASSWORD@";

impl Files<'_> {
    /// All files of a member whose host looks like this; `password`: of the password file.
    pub fn all(&self, host: &Host, password: Option<&Secret>) -> Vec<Wanted> {
        let mut all = vec![self.createcluster()];
        if self.settings.source == Source::Pgdg {
            all.extend(self.key());
            all.push(self.sources(&host.os.codename));
        }
        all.extend([Ok(self.marker()), self.dropin()]);
        all.extend(self.archive_script());
        all.push(self.passfile(password.unwrap_or(&Secret::from(PLACE))));
        all.extend(self.tls().into_iter().filter_map(|(_, file)| file.map(Ok)));
        all.extend(role_check::wanted(self.settings, self.member, self.paths));
        all.extend([self.shared_conf(&BTreeMap::new()), self.own_conf(), self.hba(host)]);
        all
    }

    /// Files that were wanted once and stand there still.
    pub fn unwanted(&self, host: &Host) -> Vec<&String> {
        let there = |path: &&String| host.files.get(*path).is_some_and(FileFact::is_present);
        let tls = self.tls().into_iter();
        let tls = tls.filter_map(|(path, file)| file.is_none().then_some(path)).filter(there);
        let unasked = self.settings.role_check_port.is_none();
        tls.chain(role_check::present(self.paths, host).into_iter().filter(|_| unasked)).collect()
    }

    /// Says that the cluster is ours.
    pub fn marker(&self) -> File {
        let text = format!("{HEADER}pair {}\nmember {}\n", id(self.settings), self.member.word());
        File::public(&self.paths.marker, text)
    }

    /// Keeps the server package from making a cluster by itself.
    pub fn createcluster(&self) -> Wanted {
        let settings =
            render::postgres::createcluster_conf::Settings { create_main_cluster: false };
        let text = render::postgres::createcluster_conf::render(&settings);
        Ok(File::public(&self.paths.createcluster, format!("{HEADER}{}", rendered(text)?)))
    }

    /// The PostgreSQL project's repository for a release of the distribution.
    pub fn sources(&self, codename: &str) -> Wanted {
        let source = self.source(codename);
        Ok(File::public(
            &self.paths.sources,
            format!("{HEADER}{}", rendered(apt::source::render(&source))?),
        ))
    }

    /// The same, as apt compares it with other sources.
    pub fn source(&self, codename: &str) -> apt::source::Settings {
        apt::source::pgdg(&self.settings.mirror, codename, &self.paths.key)
    }

    /// Its key, where the settings hold the key itself.
    pub fn key(&self) -> Option<Wanted> {
        let key = &self.settings.signing_key;
        (!is_url(key)).then(|| Ok(File::public(&self.paths.key, format!("{}\n", key.trim_end()))))
    }

    /// The settings of both servers, as they stand in the file.
    pub fn shared_values(&self) -> Result<BTreeMap<String, String>, String> {
        let settings = self.settings;
        let cap = u64::try_from(settings.slot_keep_mib).unwrap_or_default();
        let mut values = rendered(conf::baseline(settings.version, cap))?;
        values.insert("listen_addresses".to_owned(), "*".to_owned());
        values.extend(settings.settings.clone());
        values.insert("port".to_owned(), settings.port.to_string());
        if settings.node(self.member).tls.is_some() {
            values.insert("ssl".to_owned(), "on".to_owned());
            values.insert("ssl_cert_file".to_owned(), self.paths.tls_certificate.clone());
            values.insert("ssl_key_file".to_owned(), self.paths.tls_key.clone());
        }
        if settings.archive_dir.is_some() {
            values.insert("archive_mode".to_owned(), "on".to_owned());
            let command = format!("{} %p %f", self.paths.archive_script);
            values.insert("archive_command".to_owned(), command);
        }
        Ok(values)
    }

    /// The shared settings, with some values replaced: those of a standby that must wait for its
    /// primary.
    pub fn shared_conf(&self, instead: &BTreeMap<String, String>) -> Wanted {
        let mut values = self.shared_values()?;
        values.extend(instead.clone());
        let text = rendered(conf::render(&conf::Settings { values }))?;
        Ok(File::public(&self.paths.shared_conf, text))
    }

    /// The settings of this member alone.
    pub fn own_conf(&self) -> Wanted {
        let settings = self.settings;
        let text = standby_conf::render(&standby_conf::Settings {
            host: settings.address(self.member.peer()).to_owned(),
            port: settings.port,
            user: settings.replication_user.clone(),
            passfile: self.paths.passfile.clone(),
            application_name: self.member.word().to_owned(),
            sslmode: settings.sslmode().to_owned(),
            sslrootcert: settings.tls_ca.as_ref().map(|_| self.paths.tls_ca.clone()),
            primary_slot_name: settings.slot_name.clone(),
            recovery_target_timeline: "latest".to_owned(),
            synchronous_peer: settings.sync_wanted().then(|| self.member.peer().word().to_owned()),
        });
        let mut text = rendered(text)?;
        if self.keeps_name {
            let others = text.split_inclusive('\n').filter(|l| !l.starts_with("cluster_name "));
            text = others.collect();
        }
        Ok(File::public(&self.paths.own_conf, text))
    }

    /// Certificate, key and authorities, each with the path that it has where it is wanted. A refresh
    /// has no key.
    pub fn tls(&self) -> [(&String, Option<File>); 3] {
        let tls = self.settings.node(self.member).tls.as_ref();
        let paths = self.paths;
        let public = |path: &String, text: &String| File::public(path, text.clone());
        let key = |tls: &NodeTls| {
            let key = tls.private_key_wo.as_ref().map_or("", |key| key.expose());
            File::private(&paths.tls_key, key).owned_by("postgres")
        };
        [
            (&paths.tls_certificate, tls.map(|t| public(&paths.tls_certificate, &t.certificate))),
            (&paths.tls_key, tls.map(key)),
            (&paths.tls_ca, self.settings.tls_ca.as_ref().map(|ca| public(&paths.tls_ca, ca))),
        ]
    }

    /// Access rules: our block, then Debian's own, and what others wrote if it may stay.
    pub fn hba(&self, host: &Host) -> Wanted {
        let existing = host.files.get(&self.paths.hba).and_then(|f| f.text());
        let existing = existing.filter(|text| !(host.making || self.is_fresh(host, text)));
        let block = rendered(hba::render(&hba::Settings { rules: self.rules() }))?;
        let rest = rendered(hba::without_block(existing.unwrap_or(REST_OF_HBA)))?;
        let stays = |line: &&str| {
            self.settings.other_rules == OtherRules::Keep || is_comment(line) || is_debians(line)
        };
        let rest: String = rest.split_inclusive('\n').filter(stays).collect();
        let text = rendered(hba::merge(&rest, &block))?;
        Ok(File::public(&self.paths.hba, text).owned_by("postgres").mode(0o640))
    }

    /// Whether it is the file that `pg_createcluster` wrote for us and that we have not yet replaced:
    /// an apply that was cut off there must want what the first one wanted.
    fn is_fresh(&self, host: &Host, text: &str) -> bool {
        let rules = |text: &str| -> Vec<String> {
            let lines = text.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" "));
            let rules = lines.filter(|l| !l.is_empty() && !l.starts_with('#'));
            rules.filter(|l| l != "local all postgres peer").collect()
        };
        let ours = host.files.get(&self.paths.marker).is_some_and(FileFact::is_present);
        ours && hba::block(text).is_none() && rules(text) == rules(REST_OF_HBA)
    }

    fn rules(&self) -> Vec<hba::Rule> {
        let peer = self.settings.address(self.member.peer());
        let user = &self.settings.replication_user;
        let (ssl, scram) = (hba::Connection::Hostssl, hba::Method::ScramSha256);
        let mut rules = vec![
            rule(hba::Connection::Local, "all", "postgres", None, hba::Method::Peer),
            rule(ssl, "replication", user, Some(peer), scram),
            rule(ssl, "postgres", REWINDER, Some(peer), scram),
        ];
        rules.extend(self.settings.client_rules.iter().map(client_rule));
        rules
    }

    /// PostgreSQL waits for the mounts of its data.
    pub fn dropin(&self) -> Wanted {
        let mut paths = vec![self.paths.data.clone()];
        paths.extend(self.settings.archive_dir.clone());
        let text = systemd::postgres_dropin::render(&systemd::postgres_dropin::Settings { paths });
        Ok(File::public(&self.paths.dropin, rendered(text)?))
    }

    /// Called by `archive_command`.
    pub fn archive_script(&self) -> Option<Wanted> {
        let directory = self.settings.archive_dir.clone()?;
        let member = self.member.word().to_owned();
        let text = archive_script::render(&archive_script::Settings { directory, member });
        Some(rendered(text).map(|text| File::public(&self.paths.archive_script, text).mode(0o755)))
    }

    /// The password, for both directions and both roles; the same text on both hosts.
    pub fn passfile(&self, password: &Secret) -> Wanted {
        let settings = self.settings;
        let entry = |member, database: &str, user: &str| passfile::Entry {
            host: settings.address(member).to_owned(),
            port: Some(settings.port),
            database: database.to_owned(),
            user: user.to_owned(),
            password: Secret::new(password.expose()),
        };
        let entries = Member::BOTH
            .into_iter()
            .flat_map(|m| {
                [
                    entry(m, "replication", &settings.replication_user),
                    entry(m, "postgres", REWINDER),
                ]
            })
            .collect();
        let text = rendered(passfile::render(&passfile::Settings { entries }))?;
        Ok(File::private(&self.paths.passfile, text).owned_by("postgres"))
    }
}

/// Whether a key is given by its place.
pub fn is_url(key: &str) -> bool {
    key.starts_with("https://") || key.starts_with("http://")
}

/// The password in a password file: of the first line for a role.
pub fn password_in(text: &str, user: &str) -> Option<Secret> {
    text.lines().filter(|l| !l.starts_with('#')).find_map(|line| {
        let fields = fields(line);
        match &fields[..] {
            [_, _, _, role, password] if role == user => Some(Secret::from(password.as_str())),
            _ => None,
        }
    })
}

/// Fields divided by `:`, with `\` taking the next character as it is.
fn fields(line: &str) -> Vec<String> {
    let mut fields = Vec::new();
    let mut field = String::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            ':' => fields.push(std::mem::take(&mut field)),
            '\\' => field.extend(chars.next()),
            c => field.push(c),
        }
    }
    fields.push(field);
    fields
}

/// The `name = value` lines of a configuration file, the last of each name.
pub fn parse_conf(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .map(str::trim)
        .filter(|l| !l.starts_with('#'))
        .filter_map(|l| l.split_once('='))
        .map(|(name, value)| (name.trim().to_lowercase(), unquote(value.trim())))
        .collect()
}

fn unquote(value: &str) -> String {
    match value.strip_prefix('\'').and_then(|v| v.rsplit_once('\'')) {
        Some((inner, _)) => inner.replace("''", "'").replace(r"\\", r"\"),
        None => value.split('#').next().unwrap_or_default().trim().to_owned(),
    }
}

fn rendered<T>(result: Result<T, render::Error>) -> Result<T, String> {
    result.map_err(|e| e.to_string())
}
