//! Values of PostgreSQL's settings: what replication needs of them, and what the server would not
//! take.
//!
//! A server with a value that it does not take does not start, and the one before is put back: so
//! much work for a typing error.

use std::net::IpAddr;

use render::postgres::conf;

use super::super::names::OWNED;
use super::super::settings::{Member, Pair};
use crate::diag::Path;
use crate::rule::Findings;

/// Settings that are the same in all versions that are managed: name, type, unit, least, most,
/// words, divided by tabs. A test compares them with a server.
pub const KNOWN: &str = include_str!("known.tsv");

/// The first and the last version that has a setting, where it is not all.
const LIVES: &[(&str, u16, u16)] = &[
    ("autovacuum_vacuum_max_threshold", 18, u16::MAX),
    ("autovacuum_worker_slots", 18, u16::MAX),
    ("client_connection_check_interval", 14, u16::MAX),
    ("compute_query_id", 14, u16::MAX),
    ("db_user_namespace", 0, 16),
    ("default_toast_compression", 14, u16::MAX),
    ("enable_memoize", 14, u16::MAX),
    ("force_parallel_mode", 0, 15),
    ("huge_page_size", 14, u16::MAX),
    ("idle_replication_slot_timeout", 18, u16::MAX),
    ("idle_session_timeout", 14, u16::MAX),
    ("io_method", 18, u16::MAX),
    ("io_workers", 18, u16::MAX),
    ("log_recovery_conflict_waits", 14, u16::MAX),
    ("log_startup_progress_interval", 15, u16::MAX),
    ("min_dynamic_shared_memory", 14, u16::MAX),
    ("old_snapshot_threshold", 0, 16),
    ("operator_precedence_warning", 0, 13),
    ("recovery_prefetch", 15, u16::MAX),
    ("reserved_connections", 16, u16::MAX),
    ("scram_iterations", 16, u16::MAX),
    ("stats_fetch_consistency", 15, u16::MAX),
    ("stats_temp_directory", 0, 14),
    ("summarize_wal", 17, u16::MAX),
    ("trace_recovery_messages", 0, 16),
    ("track_wal_io_timing", 14, u16::MAX),
    ("transaction_timeout", 17, u16::MAX),
    ("vacuum_buffer_usage_limit", 16, u16::MAX),
    ("vacuum_cleanup_index_scale_factor", 0, 13),
    ("vacuum_defer_cleanup_age", 0, 15),
    ("vacuum_failsafe_age", 14, u16::MAX),
    ("wal_decode_buffer_size", 15, u16::MAX),
    ("wal_keep_segments", 0, 12),
];

/// What the server computes and shows.
const READ_ONLY: &[&str] = &[
    "block_size",
    "data_checksums",
    "data_directory_mode",
    "in_hot_standby",
    "integer_datetimes",
    "lc_collate",
    "lc_ctype",
    "max_function_args",
    "max_identifier_length",
    "max_index_keys",
    "segment_size",
    "server_encoding",
    "server_version",
    "server_version_num",
    "shared_memory_size",
    "ssl_library",
    "wal_block_size",
    "wal_segment_size",
];

/// Switches that replication needs on, and why.
const ON: &[(&str, &str)] = &[
    ("hot_standby", "the standby must take connections, by which its state is seen"),
    ("full_page_writes", "pg_rewind and base backups need whole pages in the WAL"),
    ("fsync", "without it a crash loses what a client was told is safe, and harms the data"),
];

/// The least that replication needs, and for what.
const LEAST: &[(&str, f64, &str)] = &[
    ("max_wal_senders", 3.0, "one for the standby, and two to copy it anew meanwhile"),
    ("max_replication_slots", 1.0, "the standby's"),
    ("max_worker_processes", 1.0, "the server's own"),
];

/// Each value of `settings`.
pub fn values(settings: &Pair, found: &mut Findings) {
    for (name, value) in &settings.settings {
        let at = Path::of("settings").key(name);
        let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'.';
        if name.is_empty() || !name.bytes().all(word) {
            let detail = format!("{name:?} is no name of a PostgreSQL setting, in lower case.");
            found.error(at, "Invalid setting", detail);
        } else if let Some((_, why)) = OWNED.iter().find(|(owned, _)| owned == name) {
            let detail = format!("{name} cannot be set here: {why}.");
            found.error(at, "This setting is the resource's own", detail);
        } else if value.contains(['\n', '\r', '\0']) {
            let detail = format!("The value of {name} has a line break or a NUL byte.");
            found.error(at, "Invalid setting", detail);
        } else if let Some(why) = refused(settings, name, value) {
            found.error(at, format!("Invalid {name}"), why);
        }
    }
}

fn refused(settings: &Pair, name: &str, value: &str) -> Option<String> {
    let version = settings.version;
    let values = [(name.to_owned(), value.to_owned())].into();
    if let Err(why) = conf::render(&conf::Settings { values }) {
        return Some(format!("It is not written: {why}."));
    }
    if READ_ONLY.contains(&name) {
        return Some(format!("{name} is computed by the server and cannot be set."));
    }
    if let Some((_, from, to)) = LIVES.iter().find(|(n, ..)| *n == name)
        && !(*from..=*to).contains(&version)
    {
        let when = if version < *from { format!("from {from} on") } else { format!("up to {to}") };
        return Some(format!("PostgreSQL {version} has no setting {name}; it is there {when}."));
    }
    Known::named(name)
        .and_then(|known| known.refuses(value).err())
        .or_else(|| replication(settings, name, value))
}

/// What a value that the server takes would do to the pair.
fn replication(settings: &Pair, name: &str, value: &str) -> Option<String> {
    let word = value.trim().to_ascii_lowercase();
    if let Some((_, why)) = ON.iter().find(|(n, _)| *n == name)
        && boolean(&word) != Some(true)
    {
        return Some(format!("It must be on: {why}."));
    }
    if let Some((_, least, why)) = LEAST.iter().find(|(n, ..)| *n == name)
        && number(&word).is_some_and(|n| n < *least)
    {
        return Some(format!("It must be at least {least}: {why}."));
    }
    match name {
        "wal_level" if word == "minimal" => {
            Some("It must be replica or logical: a standby cannot follow minimal.".to_owned())
        }
        "synchronous_commit" if settings.sync_wanted() && ["off", "local"].contains(&&*word) => {
            Some(format!("sync is \"on\": with {word} no commit waits for the standby."))
        }
        "synchronous_commit" if settings.sync_wanted() && boolean(&word) == Some(false) => {
            Some("sync is \"on\": without it no commit waits for the standby.".to_owned())
        }
        "listen_addresses" => listens(settings, value),
        "default_transaction_read_only" if boolean(&word) == Some(true) => {
            Some("The primary would take no writes.".to_owned())
        }
        _ => None,
    }
}

/// Both servers have the same text, and each must be reached by the other.
fn listens(settings: &Pair, value: &str) -> Option<String> {
    let all: Vec<&str> = value.split(',').map(str::trim).collect();
    if all.contains(&"*") {
        return None;
    }
    let covered = |member: Member| {
        let Ok(own) = settings.address(member).parse::<IpAddr>() else { return true };
        let any = if own.is_ipv4() { "0.0.0.0" } else { "::" };
        all.contains(&any) || all.iter().any(|a| a.parse() == Ok(own))
    };
    let unheard = Member::BOTH.into_iter().find(|m| !covered(*m))?;
    Some(format!(
        "It must hold {}, by which the other server reaches {}; or be left out, for all addresses.",
        settings.address(unheard),
        unheard.word()
    ))
}

/// A line of the table.
struct Known {
    kind: &'static str,
    unit: &'static str,
    least: f64,
    most: f64,
    words: &'static str,
}

impl Known {
    fn named(name: &str) -> Option<Self> {
        let line = KNOWN.lines().find(|l| l.split('\t').next() == Some(name))?;
        let mut fields = line.split('\t').skip(1);
        let (kind, unit) = (fields.next()?, fields.next()?);
        let mut bound = || fields.next().map(|f| f.parse().ok());
        let (least, most) = (bound()?, bound()?);
        Some(Self {
            kind,
            unit,
            least: least.unwrap_or(f64::MIN),
            most: most.unwrap_or(f64::MAX),
            words: fields.next()?,
        })
    }

    /// As the server reads a value.
    fn refuses(&self, value: &str) -> Result<(), String> {
        let value = value.trim();
        match self.kind {
            "bool" => boolean(&value.to_ascii_lowercase())
                .map(|_| ())
                .ok_or_else(|| format!("\"{value}\" is not on or off.")),
            "enum" => self.word(value),
            _ => self.quantity(value),
        }
    }

    fn word(&self, value: &str) -> Result<(), String> {
        let value = value.to_ascii_lowercase();
        let mut words = self.words.split(',');
        // Where on and off are words, their other spellings are; others have old names too.
        let spelled = words.clone().any(|w| w == "on") && boolean(&value).is_some();
        let old = matches!(
            (self.words, value.as_str()),
            ("minimal,replica,logical", "archive" | "hot_standby")
        ) || (value == "debug" && self.words.contains("debug1"))
            || (["info", "fatal", "panic"].contains(&&*value) && self.words.contains("debug1"));
        if spelled || old || words.any(|w| w.eq_ignore_ascii_case(&value)) {
            return Ok(());
        }
        Err(format!("\"{value}\" is not one of: {}.", self.words.replace(',', ", ")))
    }

    fn quantity(&self, value: &str) -> Result<(), String> {
        let digits = |c: char| c.is_ascii_digit() || ".+-xX".contains(c);
        let end = if value.starts_with("0x") || value.starts_with("0X") {
            value.len()
        } else {
            exponent_end(value, digits)
        };
        let (text, unit) = (&value[..end], value[end..].trim());
        let Some(n) = number(text) else {
            return Err(format!("\"{value}\" is no number{}.", self.example()));
        };
        let Some(factor) = factor(unit, self.unit) else {
            return Err(format!("\"{unit}\" is no unit of it{}.", self.example()));
        };
        let n = if self.kind == "integer" { (n * factor).round() } else { n * factor };
        if n < self.least || n > self.most {
            let (least, most) = (self.least, self.most);
            let unit =
                if self.unit == "-" { String::new() } else { format!(" (in {})", self.unit) };
            return Err(format!("\"{value}\" is not from {least} to {most}{unit}."));
        }
        Ok(())
    }

    fn example(&self) -> &'static str {
        match self.unit {
            "-" => ", which has no unit",
            "ms" | "s" | "min" => ": write for example 30s, 10min or 500ms",
            _ => ": write for example 64MB or 1GB; the case of letters counts",
        }
    }
}

/// Where a number ends: `1e3` is one, `1ms` is a number with its unit.
fn exponent_end(value: &str, digits: impl Fn(char) -> bool) -> usize {
    let end = value.find(|c| !digits(c)).unwrap_or(value.len());
    let rest = &value[end..];
    let Some(after) = rest.strip_prefix(['e', 'E']) else { return end };
    let signed = after.strip_prefix(['+', '-']).unwrap_or(after);
    let power = signed.find(|c: char| !c.is_ascii_digit()).unwrap_or(signed.len());
    if power == 0 { end } else { value.len().saturating_sub(signed.len()).saturating_add(power) }
}

/// A decimal, octal or hexadecimal number, as the server reads them.
fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let radix = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().map(f64::from);
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return radix(hex, 16);
    }
    match text.strip_prefix('0') {
        Some(octal) if !octal.is_empty() && octal.bytes().all(|b| (b'0'..=b'7').contains(&b)) => {
            radix(octal, 8)
        }
        _ if text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) => {
            text.parse().ok()
        }
        _ => None,
    }
}

/// How many of a setting's own unit one of the value's is.
fn factor(given: &str, own: &str) -> Option<f64> {
    if given.is_empty() {
        return Some(1.0);
    }
    let bytes = |unit: &str| {
        let of = [
            ("B", 1.0),
            ("kB", 1024.0),
            ("8kB", 8192.0),
            ("MB", 1_048_576.0),
            ("GB", 1_073_741_824.0),
            ("TB", 1_099_511_627_776.0),
        ];
        of.iter().find(|(u, _)| *u == unit).map(|(_, n)| *n)
    };
    let microseconds = |unit: &str| {
        let of = [("us", 1.0), ("ms", 1e3), ("s", 1e6), ("min", 6e7), ("h", 3.6e9), ("d", 8.64e10)];
        of.iter().find(|(u, _)| *u == unit).map(|(_, n)| *n)
    };
    let written = |unit: &str| unit != "8kB";
    match (bytes(given), bytes(own), microseconds(given), microseconds(own)) {
        (Some(given_in), Some(own_in), ..) if written(given) => Some(given_in / own_in),
        (_, _, Some(given_in), Some(own_in)) => Some(given_in / own_in),
        _ => None,
    }
}

/// A truth value as the server reads it: a word or what it begins with, where that is one alone.
fn boolean(word: &str) -> Option<bool> {
    match word {
        "1" => Some(true),
        "0" => Some(false),
        "" | "o" => None,
        _ if "true".starts_with(word) || "yes".starts_with(word) || word == "on" => Some(true),
        _ if "false".starts_with(word) || "no".starts_with(word) || "off".starts_with(word) => {
            Some(false)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::real_postgres::Postgres;
    use crate::step::{Server, Sql};

    fn verdict(name: &str, value: &str) -> bool {
        Known::named(name).expect(name).refuses(value).is_ok()
    }

    /// Values by setting: those that a server takes, and those that it does not.
    const VALUES: &[(&str, &[&str], &[&str])] = &[
        ("autovacuum", &["on", "OFF", "tru", "y", "1", "f"], &["o", "maybe", "", "2", "enabled"]),
        ("max_connections", &["100", " 200 ", "0x64", "1e2", "99.6"], &["0", "-1", "1MB", "ten"]),
        ("work_mem", &["64", "4MB", "1 GB", "1.5GB", "65536B"], &["4mb", "4M", "63", "1s", "8kB8"]),
        ("shared_buffers", &["16", "128MB", "1TB"], &["8kB", "15", "128mb"]),
        ("wal_keep_size", &["1GB", "0"], &["-1", "1gb"]),
        ("lock_timeout", &["5s", "1h", "0", "500us", "2min"], &["5sec", "-1", "1d2h"]),
        ("random_page_cost", &["1.1", "4", "1e0"], &["-1", "x"]),
        ("autovacuum_vacuum_cost_delay", &["-1", "2ms", "20"], &["101", "1s"]),
        ("checkpoint_timeout", &["30", "15min", "1d"], &["29", "2d"]),
        ("log_statement", &["none", "ALL", "ddl"], &["yes", "everything"]),
        ("synchronous_commit", &["on", "remote_apply", "true", "0"], &["async"]),
        ("log_min_messages", &["warning", "debug", "DEBUG3"], &["warn"]),
        ("wal_level", &["replica", "logical", "minimal", "hot_standby"], &["physical"]),
        ("track_activity_query_size", &["4096", "4kB"], &["99"]),
    ];

    #[test]
    fn values_are_read_as_the_server_reads_them() {
        for (name, taken, refused) in VALUES {
            for value in *taken {
                assert!(verdict(name, value), "{name} = {value}");
            }
            for value in *refused {
                assert!(!verdict(name, value), "{name} = {value}");
            }
        }
    }

    /// The first column of a statement's rows.
    async fn ask(server: &Postgres, statement: &str) -> Result<Vec<String>, String> {
        let socket = Server::Socket(String::new());
        let statements = vec![statement.to_owned()];
        let sql = Sql { server: socket, database: "postgres".to_owned(), statements };
        let rows = server.query(&sql).await?;
        Ok(rows.into_iter().filter_map(|row| row.into_values().next()?).collect())
    }

    /// The server is asked about the same values.
    #[tokio::test]
    async fn a_server_agrees() {
        let Some(server) = Postgres::start() else { return };
        for (name, taken, refused) in VALUES {
            for value in taken.iter().chain(*refused) {
                // Takes what would take effect at a restart too, and says what is wrong with it.
                let statement = format!("ALTER SYSTEM SET {name} = '{value}'");
                let real = ask(&server, &statement).await;
                assert_eq!(real.is_ok(), verdict(name, value), "{name} = {value}: {real:?}");
            }
        }
    }

    #[tokio::test]
    async fn the_table_is_that_of_a_server() {
        let Some(server) = Postgres::start() else { return };
        let query = "SELECT concat_ws(E'\\t', name, vartype, coalesce(unit, '-'), \
                     coalesce(min_val, '-'), coalesce(max_val, '-'), \
                     coalesce(array_to_string(enumvals, ','), '-')) FROM pg_settings";
        let real = ask(&server, query).await.expect("rows");
        // Newer servers take less.
        let same = |line: &str| real.iter().any(|r| r == line);
        let wrong: Vec<&str> = KNOWN
            .lines()
            .filter(|line| !line.starts_with("maintenance_work_mem\t") && !same(line))
            .collect();
        assert_eq!(wrong, Vec::<&str>::new());
        let version = ask(&server, "SHOW server_version_num").await.expect("a version");
        let major: u16 = version[0][..2].parse().expect("major");
        let names = ask(&server, "SELECT name FROM pg_settings").await.expect("rows");
        for (name, from, to) in LIVES {
            let there = names.iter().any(|n| n == name);
            assert_eq!(there, (*from..=*to).contains(&major), "{name}");
        }
    }
}
