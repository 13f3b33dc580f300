//! Import: the settings of a pair that is there.

use render::postgres::hba;

use super::facts::{Facts, Host};
use super::files::{Files, is_debians, parse_conf};
use super::names::{OWNED, Paths, REWINDER};
use super::parse;
use super::questions;
use super::role_check;
use super::settings::{ClientRule, Connection, Member, Method, Pair};
use crate::diag::{Diag, Diags, Path};
use crate::resource::{Answers, ImportRequest};
use crate::settings::{Field, Settings};
use crate::value::{Object, Value};

/// What Debian's packages and `initdb` write into every `postgresql.conf`.
const PACKAGED: [&str; 17] = [
    "datestyle",
    "default_text_search_config",
    "dynamic_shared_memory_type",
    "include_dir",
    "lc_messages",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "listen_addresses",
    "log_line_prefix",
    "log_timezone",
    "ssl",
    "ssl_cert_file",
    "ssl_key_file",
    "stats_temp_directory",
    "synchronous_standby_names",
    "timezone",
];

/// What `initdb` writes with the values that it finds to work.
const BY_INITDB: [(&str, &str); 4] = [
    ("max_connections", "100"),
    ("max_wal_size", "1GB"),
    ("min_wal_size", "80MB"),
    ("shared_buffers", "128MB"),
];

fn invalid(id: &str) -> Diag {
    Diag::error(
        "Invalid import ID",
        format!(
            "{id:?} is not of the form root@10.0.1.11:22,root@10.0.1.12:22/15/main (user and port \
             may be left out; [address]:port for IPv6)."
        ),
    )
}

/// The hosts to ask.
pub fn request(id: &str) -> Result<ImportRequest, Diag> {
    let settings = skeleton(id)?;
    Ok(ImportRequest { targets: settings.targets(), questions: questions::questions(&settings) })
}

/// Settings as far as the ID has them, all else by default.
pub fn skeleton(id: &str) -> Result<Pair, Diag> {
    let object = object_of(id).ok_or_else(|| invalid(id))?;
    Pair::from_object(&object, &Path::root()).map_err(|_| invalid(id))
}

fn object_of(id: &str) -> Option<Object> {
    let mut parts = id.rsplitn(3, '/');
    let (cluster, version, hosts) = (parts.next()?, parts.next()?, parts.next()?);
    let (a, b) = hosts.split_once(',')?;
    let nodes = Object::from([("a".into(), node(a)?), ("b".into(), node(b)?)]);
    Some(Object::from([
        ("version".into(), Value::Int(version.parse().ok()?)),
        ("cluster".into(), cluster.into()),
        ("nodes".into(), nodes.into()),
    ]))
}

/// `user@host:port`, user and port optional, `[address]:port` for IPv6.
fn node(text: &str) -> Option<Value> {
    let (user, rest) = text.rsplit_once('@').map_or((None, text), |(u, r)| (Some(u), r));
    let (host, port) = match rest.strip_prefix('[') {
        Some(inner) => {
            let (host, tail) = inner.split_once(']')?;
            (host, tail.strip_prefix(':').unwrap_or("22"))
        }
        None => rest.rsplit_once(':').unwrap_or((rest, "22")),
    };
    let port: u16 = port.parse().ok()?;
    if host.is_empty() || host.contains([':', '/', ',']) && !rest.starts_with('[') {
        return None;
    }
    let mut ssh =
        Object::from([("host".into(), host.into()), ("port".into(), Value::Int(i64::from(port)))]);
    if let Some(user) = user {
        ssh.insert("user".into(), user.into());
    }
    Some(Object::from([("ssh".into(), ssh.into())]).into())
}

/// The settings of what is there.
pub fn import(id: &str, answers: &Answers) -> Result<Object, Diags> {
    let mut settings = skeleton(id).map_err(|d| vec![d])?;
    let facts = parse::read(&settings, answers)?;
    managed(&settings, &facts)?;
    settings.primary = primary(&settings, &facts).map_err(|d| vec![d])?;
    data_dirs(&mut settings, &facts);
    let host = facts.of(settings.primary);
    if let Some(port) = host.pid_port {
        settings.port = port;
    }
    replication(&mut settings, &facts);
    our_files(&mut settings, host);
    settings.settings = values(&settings, host);
    Ok(settings.to_object())
}

/// A pair whose roles another program changes is none of ours.
fn managed(settings: &Pair, facts: &Facts) -> Result<(), Diags> {
    let of = |member: Member| {
        let (place, unit) = (settings.place(member), Paths::new(settings, member).unit);
        facts.of(member).others.in_charge(Path::root(), &place, &unit)
    };
    let refusals: Diags = Member::BOTH.into_iter().flat_map(of).collect();
    if refusals.is_empty() { Ok(()) } else { Err(refusals) }
}

/// Roles are found, never given.
fn primary(settings: &Pair, facts: &Facts) -> Result<Member, Diag> {
    let recovery = |m: Member| facts.of(m).sql.as_ref().map(|s| s.recovery);
    let same = {
        let of = |m: Member| &facts.of(m).control.system_identifier;
        of(Member::A) == of(Member::B)
    };
    match (recovery(Member::A), recovery(Member::B)) {
        (Some(false), Some(true)) if same => Ok(Member::A),
        (Some(true), Some(false)) if same => Ok(Member::B),
        (a, b) => {
            let words = |m: Member, r: Option<bool>| {
                let what = match r {
                    Some(true) => "a standby",
                    Some(false) => "a primary",
                    None => "not running",
                };
                let id = &facts.of(m).control.system_identifier;
                format!("{} is {what} (system identifier {id:?})", settings.place(m))
            };
            let detail = format!("{}; {}.", words(Member::A, a), words(Member::B, b));
            Err(Diag::error("This is no pair of a primary and its standby", detail))
        }
    }
}

fn data_dirs(settings: &mut Pair, facts: &Facts) {
    let usual = settings.data_dir(Member::A);
    let dir = |host: &Host| (host.data != usual).then(|| host.data.clone());
    settings.nodes.a.data_dir = dir(&facts.a);
    settings.nodes.b.data_dir = dir(&facts.b);
}

fn replication(settings: &mut Pair, facts: &Facts) {
    let primary = facts.of(settings.primary).sql.as_ref();
    let standby = facts.of(settings.standby()).sql.as_ref();
    let user = primary.and_then(|s| s.replication.first()).and_then(|r| r.user.clone());
    if let Some(user) = user {
        settings.replication_user = user;
    }
    let slot = standby.and_then(|s| s.receiver.as_ref()).and_then(|r| r.slot.clone());
    if let Some(slot) = slot.filter(|s| !s.is_empty()) {
        settings.slot_name = slot;
    }
}

/// What only files that we wrote before can say.
fn our_files(settings: &mut Pair, host: &Host) {
    let paths = Paths::new(settings, settings.primary);
    let text = |path: &str| host.files.get(path).and_then(|f| f.text()).unwrap_or_default();
    let block = hba::block(text(&paths.hba)).unwrap_or_default();
    settings.client_rules = block.lines().filter_map(client_rule).collect();
    if block.is_empty() {
        // Clients that come in today come in tomorrow. What is unsafe of that, a plan says.
        let rules = text(&paths.hba).lines().filter(|line| !is_debians(line));
        settings.client_rules = rules.filter_map(client_rule).collect();
    }
    settings.role_check_port = role_check::port(host, &paths);
    let line = text(&paths.archive_script).lines().find_map(|l| l.strip_prefix("directory="));
    settings.archive_dir = line.map(|dir| dir.trim_matches('\'').to_owned());
    let conf = parse_conf(text(&paths.shared_conf));
    let cap = conf.get("max_slot_wal_keep_size").and_then(|v| v.strip_suffix("MB")?.parse().ok());
    settings.slot_keep_mib = cap.unwrap_or(settings.slot_keep_mib);
}

/// A rule of our block that is not the pair's own.
fn client_rule(line: &str) -> Option<ClientRule> {
    let words: Vec<&str> = line.split_whitespace().map(|w| w.trim_matches('"')).collect();
    let [connection, database, user, address, method] = words[..] else { return None };
    if connection == "local" || database == "replication" || user == REWINDER {
        return None;
    }
    let [connection, method] = [connection, method].map(Value::from);
    Some(ClientRule {
        connection: Connection::from_value(&connection, &Path::root()).ok()?,
        database: database.to_owned(),
        user: user.to_owned(),
        address: address.to_owned(),
        method: Method::from_value(&method, &Path::root()).ok()?,
    })
}

/// What somebody set: the lines of our file where there is one, else of any file, without what the
/// packages write and what the resource sets by itself.
fn values(settings: &Pair, host: &Host) -> std::collections::BTreeMap<String, String> {
    let paths = Paths::new(settings, settings.primary);
    let files = Files { settings, member: settings.primary, paths: &paths, keeps_name: true };
    let ours = files.shared_values().unwrap_or_default();
    let own_file = host.files.get(&paths.shared_conf).and_then(|f| f.text());
    let main_file = host.files.get(&paths.main_conf).and_then(|f| f.text());
    parse_conf(own_file.or(main_file).unwrap_or_default())
        .into_iter()
        .filter(|(name, value)| ours.get(name) != Some(value))
        .filter(|(name, _)| !OWNED.iter().any(|(owned, _)| owned == name))
        .filter(|(name, _)| !PACKAGED.contains(&name.as_str()))
        .filter(|(name, value)| !BY_INITDB.contains(&(name.as_str(), value.as_str())))
        .chain(only_by_restart(host, &ours))
        .collect()
}

/// What the server runs with and only a restart would change stays: an adoption needs none.
fn only_by_restart<'a>(
    host: &'a Host,
    ours: &'a std::collections::BTreeMap<String, String>,
) -> impl Iterator<Item = (String, String)> + 'a {
    let running = host.sql.iter().flat_map(|s| &s.settings);
    running.filter(|s| s.context == "postmaster").filter_map(|s| {
        let value = s.value.as_ref()?;
        let differs = s.name != "port" && ours.get(&s.name).is_some_and(|wanted| wanted != value);
        differs.then(|| (s.name.clone(), value.clone()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Answer;

    #[test]
    fn an_id_leads_to_both_hosts() {
        let request = request("root@198.51.100.11:2222,198.51.100.12/13/main").unwrap();
        let [(a, ssh_a), (b, ssh_b)] = &request.targets[..] else { panic!("two hosts") };
        assert_eq!((a.as_str(), b.as_str()), ("a", "b"));
        assert_eq!((ssh_a.host.as_str(), ssh_a.port), ("198.51.100.11", 2222));
        assert_eq!(ssh_a.user.as_deref(), Some("root"));
        assert_eq!((ssh_b.host.as_str(), ssh_b.port, &ssh_b.user), ("198.51.100.12", 22, &None));
    }

    #[test]
    fn a_pair_whose_roles_another_program_changes_is_not_imported() {
        let mut answers = Answers::default();
        for (member, said) in [("a", "data=/x\n"), ("b", "manager=patroni.service is active\n")] {
            let said = said.to_owned();
            let answer = Answer::Output { status: 0, stdout: said, stderr: String::new() };
            answers.insert(member, questions::KEY, answer);
        }
        let refused = import("198.51.100.11,198.51.100.12/15/main", &answers).unwrap_err();
        let [refusal] = &refused[..] else { panic!("{refused:?}") };
        assert_eq!(refusal.summary, "Patroni is in charge of this host's PostgreSQL");
        assert!(refusal.detail.starts_with("On b (198.51.100.12), patroni.service is active"));
        assert!(refusal.detail.contains("postgresql@15-main.service"), "{}", refusal.detail);
    }

    #[test]
    fn the_rules_of_the_pair_itself_are_no_client_rules() {
        assert!(
            client_rule("hostssl replication \"replicator\" 10.0.0.2/32 scram-sha-256").is_none()
        );
        assert!(client_rule("local all \"postgres\" peer").is_none());
        let rule = client_rule("host all \"harbor\" 10.0.0.0/24 md5").unwrap();
        assert_eq!((rule.connection, rule.method), (Connection::Host, Method::Md5));
        assert_eq!((rule.user.as_str(), rule.address.as_str()), ("harbor", "10.0.0.0/24"));
    }

    #[test]
    fn what_is_no_id_is_refused_with_the_form() {
        for bad in ["", "a/15/main", "a,b/main", "a,b/x/main", "a:b:c,d/15/main"] {
            let error = request(bad).err().map(|d| d.detail).unwrap_or_default();
            assert!(error.contains("root@10.0.1.11:22"), "{bad}: {error}");
        }
    }
}
