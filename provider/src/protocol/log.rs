//! The log: one JSON object per line on stderr, in the form that Terraform's own log reads, with
//! every registered secret masked.

use std::fmt;
use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value as Json};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_log::NormalizeEvent;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Scope};

use super::mask;

/// These log what they carry, which is other people's secrets. They never say more than warnings.
const QUIET: [&str; 13] = [
    "tokio_postgres",
    "postgres_protocol",
    "russh",
    "handlebars",
    "hyper",
    "hyper_util",
    "h2",
    "reqwest",
    "rustls",
    "tokio_rustls",
    "tonic",
    "tower",
    "ssh_key",
];

/// Send all events and panics of the provider `name` to stderr. A second call changes nothing.
pub fn init(name: &'static str) {
    // The first that is set says the level.
    let own = format!("TF_LOG_PROVIDER_{}", name.to_uppercase());
    let variables = [own.as_str(), "TF_LOG_PROVIDER", "TF_LOG"];
    let asked = variables.iter().find_map(|name| std::env::var(name).ok());
    let level = level(asked.as_deref());
    let subscriber =
        tracing_subscriber::registry().with(HcLog { name, out: stderr }.with_filter(filter(level)));
    if tracing::subscriber::set_global_default(subscriber).is_ok() {
        // Fails only where another logger is set, which then has the events.
        let _ = tracing_log::LogTracer::builder().with_max_level(log_level(level)).init();
        std::panic::set_hook(Box::new(|info| tracing::error!("{info}")));
    }
}

/// One line of plain text on stderr, masked. A closed stderr is no reason to fail.
pub fn line(text: &str) {
    stderr(&mask::masked(text));
}

fn stderr(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Terraform shows a provider's errors in any case; the rest is on request.
fn level(asked: Option<&str>) -> LevelFilter {
    match asked.map(str::to_ascii_uppercase).as_deref() {
        Some("TRACE" | "JSON") => LevelFilter::TRACE,
        Some("DEBUG") => LevelFilter::DEBUG,
        Some("INFO") => LevelFilter::INFO,
        Some("WARN") => LevelFilter::WARN,
        Some("OFF") => LevelFilter::OFF,
        _ => LevelFilter::ERROR,
    }
}

fn filter(level: LevelFilter) -> Targets {
    let quiet = level.min(LevelFilter::WARN);
    Targets::new().with_default(level).with_targets(QUIET.map(|target| (target, quiet)))
}

fn log_level(level: LevelFilter) -> tracing_log::log::LevelFilter {
    use tracing_log::log::LevelFilter as Log;
    match level {
        LevelFilter::TRACE => Log::Trace,
        LevelFilter::DEBUG => Log::Debug,
        LevelFilter::INFO => Log::Info,
        LevelFilter::WARN => Log::Warn,
        LevelFilter::ERROR => Log::Error,
        _ => Log::Off,
    }
}

/// Writes hclog lines.
struct HcLog<W> {
    name: &'static str,
    out: W,
}

/// The fields of a span, already masked.
struct Fields(Map<String, Json>);

impl<S, W> Layer<S> for HcLog<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Fn(&str) + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields(Map::new());
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let normal = event.normalized_metadata();
        let metadata = normal.as_ref().unwrap_or_else(|| event.metadata());
        let mut fields = Fields(Map::new());
        for span in context.event_scope(event).into_iter().flat_map(Scope::from_root) {
            if let Some(of_span) = span.extensions().get::<Fields>() {
                fields.0.extend(of_span.0.clone());
            }
        }
        event.record(&mut fields);
        fields.0.retain(|name, _| !name.starts_with("log."));
        let message = fields.0.remove("message").unwrap_or_else(|| Json::from(""));
        let mut line = Map::new();
        line.insert("@level".to_owned(), level_name(*metadata.level()).into());
        line.insert("@message".to_owned(), message);
        line.insert("@module".to_owned(), format!("{}.{}", self.name, metadata.target()).into());
        line.insert("@timestamp".to_owned(), timestamp(SystemTime::now()).into());
        line.extend(fields.0);
        (self.out)(&Json::Object(line).to_string());
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    /// Masked before it is JSON, where a secret of several lines would not be found.
    fn record_str(&mut self, field: &Field, value: &str) {
        let masked = mask::masked(value).into_owned();
        self.0.insert(field.name().to_owned(), masked.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::TRACE => "trace",
        Level::DEBUG => "debug",
        Level::INFO => "info",
        Level::WARN => "warn",
        Level::ERROR => "error",
    }
}

/// UTC with microseconds: `2026-11-23T00:05:27.000000Z`.
fn timestamp(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / 86400, since.as_secs() % 86400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let micros = since.subsec_micros();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
}

/// Year, month and day of a number of days after 1970-01-01. Counted in years that begin in
/// March, so that the leap day is their last.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use super::*;

    fn lines(level: LevelFilter, log: impl FnOnce()) -> Vec<Map<String, Json>> {
        let written = Arc::new(Mutex::new(Vec::new()));
        let to = Arc::clone(&written);
        let out = move |line: &str| to.lock().unwrap().push(line.to_owned());
        let subscriber = tracing_subscriber::registry()
            .with(HcLog { name: "harbor", out }.with_filter(filter(level)));
        tracing::subscriber::with_default(subscriber, log);
        let lines = written.lock().unwrap();
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_line_has_what_terraform_reads_and_no_secret() {
        mask::register("first line\nsecond line of it");
        let lines = lines(LevelFilter::DEBUG, || {
            let _span = tracing::info_span!("step", host = "10.0.1.11").entered();
            tracing::debug!(attempt = 2, "sent \"first line\nsecond line of it\"");
        });
        let [line] = &lines[..] else { panic!("{lines:?}") };
        assert_eq!(line["@level"], "debug");
        assert_eq!(line["@message"], "sent \"[REDACTED]\"");
        assert_eq!((&line["host"], &line["attempt"]), (&"10.0.1.11".into(), &2.into()));
        assert!(line["@module"].as_str().unwrap().starts_with("harbor."));
        assert!(line.contains_key("@timestamp"));
    }

    #[test]
    fn no_line_acts_on_a_terminal_once_it_is_read() {
        let lines = lines(LevelFilter::DEBUG, || {
            let _span = tracing::info_span!("step", host = "\x1b[2J").entered();
            tracing::debug!(why = ?"\u{9b}31m", step = %"\u{202e}x", "said \x07");
        });
        let text = format!("{:?}", lines[0].values().map(Json::as_str).collect::<Vec<_>>());
        assert!(text.contains("said \\\\u{7}"), "{text}");
        for line in &lines {
            let texts = line.values().filter_map(Json::as_str);
            assert!(texts.clone().all(|t| crate::value::shown(t) == t), "{line:?}");
        }
    }

    #[test]
    fn libraries_that_see_secrets_stay_quiet_at_any_level() {
        let lines = lines(LevelFilter::TRACE, || {
            tracing::debug!(target: "tokio_postgres::query", "password");
            tracing::info!(target: "h2::frame", "authorization");
            tracing::warn!(target: "russh::client", "disconnected");
            tracing::trace!("ours");
        });
        let messages: Vec<_> = lines.iter().map(|l| l["@message"].as_str().unwrap()).collect();
        assert_eq!(messages, ["disconnected", "ours"]);
    }

    #[test]
    fn timestamps_are_utc_with_microseconds() {
        let at = |secs, micros: u32| timestamp(UNIX_EPOCH + Duration::new(secs, micros * 1000));
        assert_eq!(at(0, 0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(at(951_782_399, 1), "2000-02-28T23:59:59.000001Z");
        assert_eq!(at(951_868_799, 0), "2000-02-29T23:59:59.000000Z");
        assert_eq!(at(1_795_392_327, 250), "2026-11-23T00:05:27.000250Z");
    }
}
