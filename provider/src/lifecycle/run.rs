//! Carry out one step on a host.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::host::{self, Host};
use crate::resource::Answer;
use crate::secret::Secret;
use crate::shell::{WAYS, word};
use crate::step::{Action, Http, Server, Sql, Step};

/// One request to an API takes no longer.
const REQUEST: Duration = Duration::from_secs(30);
/// Time between two looks at something that is not ready yet.
const INTERVAL: Duration = Duration::from_secs(2);
/// Lines of what a script says of a failure.
const EXPLAINED: usize = 40;
/// Fetching an installer of 600 MB over a slow line.
const FETCH: Duration = Duration::from_secs(3600);

/// Rows of a query: column name to value.
pub type Rows = Vec<BTreeMap<String, Option<String>>>;

/// Do it on the host that the step names among these; the error says why it failed, with the
/// bounded tail of what the host said.
pub async fn run(hosts: &BTreeMap<String, Host>, step: &Step) -> Result<(), String> {
    let host = one_of(hosts, &step.host)?;
    match &step.action {
        Action::Write(file) => host.write(file).await.map_err(say),
        Action::Remove(path) => script(host, &remove(path), None, REQUEST).await,
        Action::Run { script: text, stdin, limit } => {
            script(host, text, stdin.as_ref(), *limit).await
        }
        Action::Job { name, script, limit } => {
            let output = host.job(name, script, *limit).await.map_err(say)?;
            succeeded(&output)
        }
        Action::Upload { source, sha256, to, mode } => {
            upload(host, source, sha256, to, *mode).await
        }
        Action::Relay { from, read, message, write, limit } => {
            let (from, pass) = (one_of(hosts, from)?, |said: &[u8]| message.pass(said));
            host.relay(from, read, pass, write, *limit).await.map_err(say)
        }
        Action::Transfer { from, list, directory, to, owner, limit } => {
            let (limit, takes) = (*limit, crate::wal::is_file);
            let what = host::Transfer { list, from: directory, takes, to, owner, limit };
            host.copy_from(one_of(hosts, from)?, &what).await.map(drop).map_err(say)
        }
        Action::Sql(statements) => sql(host, statements).await.map(|_| ()),
        Action::Http { request, status, healthy, patience, explain } => {
            match until(host, request, *status, *healthy, *patience).await {
                Ok(()) => Ok(()),
                Err(why) => Err(why + &explained(host, explain).await),
            }
        }
    }
}

fn one_of<'a>(hosts: &'a BTreeMap<String, Host>, name: &str) -> Result<&'a Host, String> {
    hosts.get(name).ok_or_else(|| format!("the host {name} is not among those that answered"))
}

/// A host's error in words.
#[expect(clippy::needless_pass_by_value, reason = "the form that map_err takes")]
pub fn say(error: host::HostError) -> String {
    let why = error.to_string();
    let mut text = why.clone();
    let mut source = std::error::Error::source(&error);
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    format!("{text}. {}", error.help())
}

async fn script(
    host: &Host,
    text: &str,
    stdin: Option<&Secret>,
    limit: Duration,
) -> Result<(), String> {
    let output = host.run(&format!("set -eu\n{text}"), stdin, limit).await.map_err(say)?;
    succeeded(&output)
}

fn succeeded(output: &host::Output) -> Result<(), String> {
    if output.success() {
        return Ok(());
    }
    Err(format!("exit status {}: {}", output.status, tail(output)))
}

/// The end of what a script said: its errors, or its output where it wrote no errors.
fn tail(output: &host::Output) -> String {
    let stderr = output.stderr();
    let text =
        if stderr.trim().is_empty() { output.stdout().to_string() } else { stderr.to_string() };
    last_lines(text.trim(), 15)
}

fn last_lines(text: &str, most: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(most)..].join("\n")
}

async fn upload(
    host: &Host,
    source: &str,
    sha256: &str,
    to: &str,
    mode: u32,
) -> Result<(), String> {
    if source.contains("://") {
        return script(host, &fetch(source, sha256, to, mode), None, FETCH).await;
    }
    host.upload(Path::new(source), to, mode, sha256).await.map_err(say)
}

fn remove(path: &str) -> String {
    format!(
        "{WAYS}path={}\n[ ! -d \"${{path%/*}}/\" ] || {{ enter \"${{path%/*}}\"; rm -f \"./${{path##*/}}\"; }}\n",
        word(path)
    )
}

/// The host fetches by itself, proves the checksum, and only then puts the file in place.
fn fetch(url: &str, sha256: &str, to: &str, mode: u32) -> String {
    let apt = crate::apt::function_for(url);
    let [url, sum, to] = [url, sha256, to].map(word);
    format!(
        "{apt}{WAYS}to={to}; sum={sum}; name=${{to##*/}}\n\
         if [ -f \"$to\" ] && echo \"$sum  $to\" | sha256sum -c --status; then exit 0; fi\n\
         command -v curl >/dev/null || command -v wget >/dev/null || \
         need curl\n\
         missing=make; enter \"${{to%/*}}\"; room \".$name.breakwater-fetch\"\n\
         if command -v curl >/dev/null; then curl -fsSL --retry 3 -o part {url}\n\
         else wget -q -O part {url}; fi\n\
         have=$(sha256sum < part | cut -d' ' -f1)\n\
         if [ \"$have\" != \"$sum\" ]; then rm -f part; \
         echo \"its SHA-256 is $have, and not $sum as configured\" >&2; exit 1; fi\n\
         chmod {mode:o} part; sync part; mv -fT ./part \"../$name\"; cd ..; \
         rmdir \".$name.breakwater-fetch\" || :; sync .\n"
    )
}

/// Run SQL statements; the rows of the last one.
pub async fn sql(host: &Host, sql: &Sql) -> Result<Rows, String> {
    let endpoint = match &sql.server {
        Server::Socket(path) => host::sql::Endpoint::socket(path, &sql.database),
        Server::Tcp { host, port, user, password, sslmode } => {
            host::sql::Endpoint::tcp(host, *port, user, password, &sql.database, sslmode)
        }
    };
    host::sql::query(host, &endpoint, &sql.statements).await.map_err(say)
}

/// One request.
pub async fn http(host: &Host, request: &Http) -> Result<Answer, String> {
    let response = host::http::send(host, request, REQUEST).await.map_err(say)?;
    Ok(Answer::Response { status: response.0, body: response.1 })
}

/// A token from one node, shown to another.
pub async fn token(host: &Host, issue: &Http, accept: &Http) -> Result<Answer, String> {
    let Answer::Response { status, body } = http(host, issue).await? else {
        return Err("the token service gave no answer".into());
    };
    let json: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
    let Some(token) = json.get("token").and_then(|t| t.as_str()) else {
        return Err(format!("the token service answered {status} without a token"));
    };
    let accept = Http { bearer: Some(Secret::from(token)), ..accept.clone() };
    http(host, &accept).await
}

async fn until(
    host: &Host,
    request: &Http,
    status: u16,
    healthy: bool,
    patience: Duration,
) -> Result<(), String> {
    let deadline = Instant::now() + patience;
    let what = format!("{} {}", request.method, request.url);
    loop {
        let why = match http(host, request).await {
            Ok(Answer::Response { status: got, body }) => {
                match judged(got, &body, status, healthy) {
                    Verdict::Wanted => return Ok(()),
                    Verdict::Refused(why) => return Err(format!("{what}: {why}")),
                    Verdict::NotYet(why) => why,
                }
            }
            Ok(_) => "no answer".to_owned(),
            Err(why) => why,
        };
        if Instant::now() >= deadline {
            return Err(format!("{what} after {} s: {why}", patience.as_secs()));
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// What a script says of a failure, on lines of its own.
async fn explained(host: &Host, text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let said = host.run(text, None, REQUEST).await.map(|output| output.stdout().trim().to_owned());
    match said {
        Ok(said) if !said.is_empty() => format!("\n\n{}", last_lines(&said, EXPLAINED)),
        _ => String::new(),
    }
}

/// What an answer says.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Wanted,
    /// Another may follow.
    NotYet(String),
    /// The request is wrong, and stays so.
    Refused(String),
}

fn judged(got: u16, body: &str, status: u16, healthy: bool) -> Verdict {
    if got != status {
        let start: String = body.chars().take(500).collect();
        let why = format!("status {got}, wanted {status}: {start}");
        return if [400, 422].contains(&got) {
            Verdict::Refused(why)
        } else {
            Verdict::NotYet(why)
        };
    }
    if !healthy {
        return Verdict::Wanted;
    }
    let json: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    if json.get("status").and_then(|s| s.as_str()) == Some("healthy") {
        return Verdict::Wanted;
    }
    let components = json.get("components").and_then(|c| c.as_array()).cloned().unwrap_or_default();
    let sick: Vec<String> = components
        .iter()
        .filter(|c| c.get("status").and_then(|s| s.as_str()) != Some("healthy"))
        .map(|c| {
            let word = |k: &str| c.get(k).and_then(|v| v.as_str()).unwrap_or("?").to_owned();
            format!("{} ({})", word("name"), word("error"))
        })
        .collect();
    Verdict::NotYet(format!("unhealthy: {}", sick.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_names_the_sick_components() {
        let body = r#"{"status":"unhealthy","components":[{"name":"core","status":"healthy"},
            {"name":"redis","status":"unhealthy","error":"dial tcp: refused"}]}"#;
        let why = "unhealthy: redis (dial tcp: refused)".to_owned();
        assert_eq!(judged(200, body, 200, true), Verdict::NotYet(why));
        assert_eq!(judged(200, r#"{"status":"healthy"}"#, 200, true), Verdict::Wanted);
    }

    #[test]
    fn a_request_that_is_wrong_is_not_made_again() {
        for (got, refused) in [(400, true), (422, true), (401, false), (500, false), (502, false)] {
            let verdict = judged(got, "why", 200, false);
            assert_eq!(matches!(verdict, Verdict::Refused(_)), refused, "{got}");
            assert!(format!("{verdict:?}").contains("why"));
        }
        assert_eq!(judged(200, "", 200, false), Verdict::Wanted);
    }

    #[test]
    fn a_fetched_file_with_another_checksum_is_not_put_in_place() {
        let dir = tempfile::tempdir().expect("a directory");
        let (to, source) = (dir.path().join("to"), dir.path().join("source"));
        std::fs::write(&source, "data").expect("written");
        let script = |sum: &str| {
            let script = fetch(
                &format!("file://{}", source.display()),
                sum,
                &to.display().to_string(),
                0o600,
            );
            std::process::Command::new("sh").arg("-ec").arg(script).output().expect("sh runs")
        };
        let wrong = script(&"0".repeat(64));
        assert!(!wrong.status.success() && !to.exists());
        assert!(String::from_utf8_lossy(&wrong.stderr).contains("and not 000"));
        let right = "3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7";
        assert!(script(right).status.success());
        assert_eq!(std::fs::read_to_string(&to).expect("in place"), "data");
    }
}
