//! What is asked of the WAL of both servers, and the answers.

use super::super::facts::{Facts, Host, Receiver};
use super::super::names::Paths;
use super::super::scripts::Scripts;
use super::super::settings::{Member, Pair};
use super::commits;
use super::end::segment;
use super::lineage::{compare, position};
use crate::resource::{Answers, Question};
use crate::shell::word;

/// Key of the answer that says what the WAL up to a position hashes to.
const PREFIX: &str = "wal-prefix";

/// Key of the answer that says whether the stream came back.
const STREAM: &str = "wal-stream";

/// Key of the answer that says how much WAL a primary has made by now.
const MADE: &str = "wal-made";

/// A standby that lost its primary looks for it every 5 s; one that has just restarted is no reason to
/// refuse.
const RECONNECT: u32 = 10;

/// What has to be asked after the first answers: only where the two are not simply a primary and
/// its standby. Physical copies are equal to the byte, so an equal hash is proof.
pub fn questions(settings: &Pair, facts: &Facts) -> Vec<Question> {
    let (a, b) = (position(&facts.a), position(&facts.b));
    let (Some(a), Some(b)) = (a, b) else { return Vec::new() };
    if facts.settled() || facts.a.control.system_identifier != facts.b.control.system_identifier {
        return Vec::new();
    }
    let fork = compare(&a, &b);
    let mut questions: Vec<Question> = stream(settings, facts).into_iter().collect();
    for member in Member::BOTH {
        let (host, paths) = (facts.of(member), Paths::new(settings, member));
        if host.control.segment == 0 {
            return Vec::new();
        }
        let name = member.word();
        if let Some((timeline, at)) = fork.common(&a, &b) {
            let text = prefix(host, timeline, &[a.timeline, b.timeline], at);
            questions.push(Question::script(name, PREFIX, text));
        }
        let own = if member == Member::A { &a } else { &b };
        if host.takes_writes() {
            // A server that was copied or rewound to it has what it made meanwhile: its position from
            // before would make that server seem ahead.
            let scripts = Scripts { settings, member, paths: &paths };
            questions.push(Question::script(name, MADE, scripts.made()));
        }
        questions.extend(commits::question(facts, member, &paths, own, fork));
    }
    questions
}

/// Where the standby is to take over from a primary that runs, and does not receive at this moment.
fn stream(settings: &Pair, facts: &Facts) -> Option<Question> {
    let wanted = settings.primary;
    let recovers = facts.of(wanted).sql.as_ref().is_some_and(|sql| sql.recovery && !sql.paused);
    if !recovers || !facts.of(wanted.peer()).takes_writes() {
        return None;
    }
    let paths = Paths::new(settings, wanted);
    let text = Scripts { settings, member: wanted, paths: &paths }.stream(RECONNECT);
    Some(Question::script(wanted.word(), STREAM, text))
}

fn prefix(host: &Host, timeline: i64, names: &[i64], at: u64) -> String {
    let (first, bytes) = segment(timeline, at, host.control.segment);
    let others = names.iter().map(|t| segment(*t, at, host.control.segment).0);
    let files: Vec<String> = [first.clone(), format!("{first}.partial")]
        .into_iter()
        .chain(others)
        .map(|name| word(&format!("{}/pg_wal/{name}", host.data)))
        .collect();
    format!(
        "for f in {}; do\n  if [ -f \"$f\" ]; then head -c {bytes} \"$f\" | sha256sum | cut -d' ' -f1; break; fi\ndone\n",
        files.join(" ")
    )
}

/// Add the answers to what was seen.
pub fn read(facts: &mut Facts, answers: &Answers) {
    for member in Member::BOTH {
        let name = member.word();
        let host = match member {
            Member::A => &mut facts.a,
            Member::B => &mut facts.b,
        };
        if let (Some(sql), Some(stream)) = (&mut host.sql, answers.stdout(name, STREAM))
            && let [status, slot, from] = stream.trim().split('|').collect::<Vec<_>>()[..]
        {
            let text = |text: &str| Some(text.to_owned());
            sql.receiver =
                Some(Receiver { status: text(status), slot: text(slot), host: text(from) });
        }
        if let (Some(sql), Some(made)) = (&mut host.sql, answers.stdout(name, MADE)) {
            sql.made = made.trim().parse().ok();
        }
        let hash = answers.stdout(name, PREFIX).map(str::trim).filter(|h| h.len() == 64);
        host.prefix = hash.map(str::to_owned);
    }
    commits::read(facts, answers);
}

impl Scripts<'_> {
    /// Print the standby's stream when it has one.
    fn stream(&self, seconds: u32) -> String {
        self.with(&format!(
            r#"end=$(( $(seconds) + {seconds} ))
while :; do
  stream=$(sql -c "SELECT status, slot_name, sender_host FROM pg_stat_wal_receiver WHERE status = 'streaming'")
  if [ -n "$stream" ] || [ "$(seconds)" -ge "$end" ]; then break; fi
  sleep 0.2
done
printf '%s\n' "$stream"
"#
        ))
    }

    /// Print the end of the WAL that a primary has made, in bytes.
    fn made(&self) -> String {
        self.with("sql -c \"SELECT pg_current_wal_insert_lsn() - '0/0'\"\n")
    }
}
