//! Ask hosts: all scripts for one host in one round trip, all hosts at once.

use std::collections::BTreeMap;
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
        Ask::Login(login) => Ok(Answer::Login(crate::host::login::attempt(host, login).await)),
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
    let texts: Vec<&str> = with_scripts.iter().map(|(_, script)| *script).collect();
    let outputs = host.ask_each(&texts, LIMIT).await?;
    let mut answers = Answers::default();
    for ((question, _), output) in with_scripts.iter().zip(outputs) {
        let (status, stdout) = (output.status, output.stdout().into_owned());
        let stderr = if status == 0 { String::new() } else { output.stderr().into_owned() };
        let answer = Answer::Output { status, stdout, stderr };
        answers.insert(&question.host, &question.key, answer);
    }
    Ok(answers)
}
