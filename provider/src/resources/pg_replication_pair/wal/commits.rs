//! What each of two servers committed since their WAL parted.
//!
//! A timeline's history says where another timeline began. Of two servers that both wrote on one
//! timeline nothing says where they parted: what they committed is compared instead. A commit stands
//! at the same place with the same time in both only where one is a copy of the other.

use std::collections::BTreeSet;

use super::super::facts::{AfterFork, Facts, Host};
use super::super::names::Paths;
use super::super::settings::Member;
use super::end::segment;
use super::lineage::{Fork, Position};
use crate::resource::{Answers, Question};
use crate::shell::{OWN, word};
use crate::wal::Lsn;

/// Key of the answer with what was committed after the point where they parted.
const AFTER: &str = "wal-after-fork";
/// Key of the answer with what was committed last.
const LAST: &str = "wal-last-commits";

/// WAL that is read for the last commits: what `pg_waldump` reads in a second or two.
const WINDOW: u64 = 256 << 20;
/// Commits that are compared; a line has 50 bytes.
const MOST: usize = 5000;

/// Commits in what `pg_waldump` prints, as `LSN time`.
const COMMITS: &str = r"sed -n 's/^rmgr: Transaction.* lsn: \([0-9A-F/]*\),.*desc: COMMIT[A-Z_ ]* \([0-9-]* [0-9:.]* [A-Za-z0-9+-]*\).*/\1 \2/p'";

/// What to ask a host, if the two have parted.
pub fn question(
    facts: &Facts,
    member: Member,
    paths: &Paths,
    own: &Position,
    fork: Fork,
) -> Option<Question> {
    let host = facts.of(member);
    match fork {
        Fork::At(at) => Some(Question::script(member.word(), AFTER, after(host, paths, own, at))),
        Fork::Nowhere if facts.a.wrote() && facts.b.wrote() => {
            Some(Question::script(member.word(), LAST, last(host, paths, own)))
        }
        Fork::Nowhere | Fork::Unknown => None,
    }
}

/// Number, first and last of the commits behind a position.
fn after(host: &Host, paths: &Paths, own: &Position, at: u64) -> String {
    let (first, _) = segment(own.timeline, at.saturating_add(1), host.control.segment);
    let start = format!("-s {} ", Lsn(at));
    let dump = dump(host, paths, own, &start);
    format!(
        "{OWN}first={first}\n{dump} | {COMMITS} | cut -d' ' -f2- | \
         awk 'NR==1 {{f=$0}} {{l=$0}} END {{print NR; print f; print l}}'\n"
    )
}

/// The last commits, from a segment on that is there.
fn last(host: &Host, paths: &Paths, own: &Position) -> String {
    let size = host.control.segment;
    let (from, _) = segment(own.timeline, own.end.saturating_sub(WINDOW).max(1), size);
    format!(
        "{OWN}first=$({} | awk '$0 \"\" >= \"{from}\"' | head -n 1)\n{} | {COMMITS} | tail -n {MOST}\n",
        segments(host, own),
        dump(host, paths, own, ""),
    )
}

/// What is there from the segment `$first` on. Both ends are named, as [`super::end::WAL_END`] says.
fn dump(host: &Host, paths: &Paths, own: &Position, start: &str) -> String {
    let (bin, wal, segments) = (word(&paths.bin), wal(host), segments(host, own));
    format!(
        "as postgres timeout 60 {bin}/pg_waldump 2>/dev/null {start}{wal}/\"$first\" \"$({segments} | tail -n 1)\""
    )
}

/// Names of a timeline's segments, the oldest first.
fn segments(host: &Host, own: &Position) -> String {
    format!("ls {} | grep -E '^{:08X}[0-9A-F]{{16}}$' | sort", wal(host), own.timeline)
}

fn wal(host: &Host) -> String {
    word(&format!("{}/pg_wal", host.data))
}

/// Add the answers to what was seen.
pub fn read(facts: &mut Facts, answers: &Answers) {
    let text = |member: Member, key| answers.stdout(member.word(), key);
    let [a, b] = Member::BOTH.map(|member| text(member, LAST).unwrap_or_default());
    facts.a.after_fork = text(Member::A, AFTER).map(counted).or_else(|| since_common(a, b));
    facts.b.after_fork = text(Member::B, AFTER).map(counted).or_else(|| since_common(b, a));
}

fn counted(text: &str) -> AfterFork {
    let mut lines = text.lines().map(str::to_owned);
    AfterFork {
        commits: lines.next().and_then(|l| l.parse().ok()).unwrap_or_default(),
        first: lines.next().unwrap_or_default(),
        last: lines.next().unwrap_or_default(),
    }
}

/// What stands behind the last commit that both have; none where there is no such commit: what
/// they have in common may be older than what was read.
fn since_common(own: &str, other: &str) -> Option<AfterFork> {
    let own: Vec<&str> = own.lines().collect();
    let other: BTreeSet<&str> = other.lines().collect();
    let common = own.iter().rposition(|commit| other.contains(commit))?;
    let since: Vec<&str> = own.iter().skip(common).skip(1).copied().collect();
    let time = |commit: Option<&&str>| {
        let (_, time) = commit?.split_once(' ')?;
        Some(time.to_owned())
    };
    Some(AfterFork {
        commits: since.len() as u64,
        first: time(since.first()).unwrap_or_default(),
        last: time(since.last()).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_the_last_common_commit_is_a_servers_own() {
        let (a, b) =
            ("0/10 t1 UTC\n0/20 t2 UTC\n0/30 t3 UTC\n0/40 t4 UTC\n", "0/20 t2 UTC\n0/30 t9 UTC\n");
        let own = since_common(a, b).expect("one in common");
        assert_eq!((own.commits, own.first.as_str(), own.last.as_str()), (2, "t3 UTC", "t4 UTC"));
        assert_eq!(since_common(b, a).expect("one in common").commits, 1);
        assert_eq!(since_common(a, a).expect("all in common"), AfterFork::default());
    }

    #[test]
    fn without_a_common_commit_nothing_is_counted() {
        assert_eq!(since_common("0/30 t3 UTC\n", "0/40 t4 UTC\n"), None);
        assert_eq!(since_common("", ""), None);
    }
}
