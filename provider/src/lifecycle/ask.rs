//! Ask hosts: all scripts for one host in one round trip, all hosts at once.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use futures::future::join_all;

use super::run;
use crate::host::{Host, HostError};
use crate::question::{Answer, Answers, Ask, Question};

/// A refresh that takes longer than this is stuck.
const LIMIT: Duration = Duration::from_secs(120);

/// Ask every host its questions; the error names the host that failed.
pub async fn ask_all(
    hosts: &BTreeMap<String, Host>,
    questions: &[Question],
) -> Result<Answers, (String, HostError)> {
    let asked = hosts.iter().map(|(name, host)| async move {
        let of_host: Vec<&Question> = questions.iter().filter(|q| &q.host == name).collect();
        ask(host, &of_host).await.map_err(|error| (name.clone(), error))
    });
    let mut answers = Answers::default();
    for result in join_all(asked).await {
        answers.0.extend(result?.0);
    }
    Ok(answers)
}

async fn ask(host: &Host, questions: &[&Question]) -> Result<Answers, HostError> {
    let mut answers = scripts(host, questions).await?;
    let others = questions.iter().filter(|q| !matches!(q.ask, Ask::Script(_)));
    let replies = join_all(others.map(|q| async move { (q, reply(host, &q.ask).await) }));
    for (question, answer) in replies.await {
        answers.insert(&question.host, &question.key, answer);
    }
    Ok(answers)
}

async fn reply(host: &Host, ask: &Ask) -> Answer {
    let result = match ask {
        Ask::Script(_) => return Answer::Failed("a script is not asked alone".into()),
        Ask::Sql(sql) => run::sql(host, sql).await.map(Answer::Rows),
        Ask::Http(http) => run::http(host, http).await,
        Ask::Token { issue, accept } => run::token(host, issue, accept).await,
    };
    result.unwrap_or_else(Answer::Failed)
}

async fn scripts(host: &Host, questions: &[&Question]) -> Result<Answers, HostError> {
    let with_scripts: Vec<(&Question, &str)> = questions
        .iter()
        .filter_map(|q| match &q.ask {
            Ask::Script(script) => Some((*q, script.as_str())),
            _ => None,
        })
        .collect();
    if with_scripts.is_empty() {
        return Ok(Answers::default());
    }
    let nonce = nonce();
    let script = batch(&nonce, with_scripts.iter().map(|(_, s)| *s));
    let output = host.ask(&script, LIMIT).await?;
    let mut answers = Answers::default();
    for (i, (status, stdout)) in split(&nonce, &output.stdout()) {
        if let Some((question, _)) = with_scripts.get(i) {
            let stderr = if status == 0 { String::new() } else { output.stderr().to_string() };
            answers.insert(
                &question.host,
                &question.key,
                Answer::Output { status, stdout, stderr },
            );
        }
    }
    Ok(answers)
}

/// A word that no output holds by chance.
fn nonce() -> String {
    use ring::rand::SecureRandom as _;
    let mut bytes = [0_u8; 12];
    // Only uniqueness is needed: without randomness all zeros still frames honest output.
    let _ = ring::rand::SystemRandom::new().fill(&mut bytes);
    bytes.iter().fold(String::from("bw"), |hex, b| hex + &format!("{b:02x}"))
}

/// One script that runs all of them, each in a subshell that cannot read the others as input.
fn batch<'a>(nonce: &str, scripts: impl Iterator<Item = &'a str>) -> String {
    let mut batch = String::new();
    for (i, script) in scripts.enumerate() {
        let _ = write!(
            batch,
            "printf '{nonce} {i}\\n'\n(\n{script}\n) </dev/null\nprintf '\\n{nonce} end %s\\n' $?\n"
        );
    }
    batch
}

/// The outputs of a batch: position, exit status, text.
fn split(nonce: &str, output: &str) -> Vec<(usize, (i32, String))> {
    let begin = format!("{nonce} ");
    let end = format!("\n{nonce} end ");
    let mut found = Vec::new();
    let mut rest = output;
    while let Some(at) = rest.find(&begin) {
        let after = &rest[at + begin.len()..];
        let Some((position, body)) = after.split_once('\n') else { break };
        // An empty output leaves the newline of the begin line as the one before the end mark.
        let (text, tail) = match body.find(&end) {
            Some(stop) => (&body[..stop], &body[stop + end.len()..]),
            None => break,
        };
        let (status, tail) = tail.split_once('\n').unwrap_or((tail, ""));
        if let Ok(position) = position.trim().parse() {
            found.push((position, (status.trim().parse().unwrap_or(-1), text.to_owned())));
        }
        rest = tail;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn through_sh(scripts: &[&str]) -> Vec<(usize, (i32, String))> {
        let batch = batch("bw0", scripts.iter().copied());
        let output = Command::new("sh").arg("-c").arg(batch).output().expect("sh runs");
        split("bw0", &String::from_utf8_lossy(&output.stdout))
    }

    #[test]
    fn each_script_has_its_own_output_and_status() {
        let found = through_sh(&[
            "echo one",
            "printf 'no newline'; exit 3",
            "true",
            "cat",
            "printf '\\n\\n'",
            "x=1\ncat <<E\nhere $x\nE",
        ]);
        let want =
            [(0, "one\n"), (3, "no newline"), (0, ""), (0, ""), (0, "\n\n"), (0, "here 1\n")];
        let want: Vec<_> =
            want.iter().enumerate().map(|(i, (s, t))| (i, (*s, (*t).to_owned()))).collect();
        assert_eq!(found, want);
    }

    #[test]
    fn a_script_cannot_change_the_next_one() {
        let found = through_sh(&["set -e; cd /; x=1; false", "echo ${x:-unset}"]);
        assert_eq!(found[0].1.0, 1);
        assert_eq!(found[1].1.1, "unset\n");
    }
}
