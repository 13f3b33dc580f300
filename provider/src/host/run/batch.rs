//! Several questions in one.

use std::time::Duration;

use crate::host::channel::frame::{framed, nonce, unframe};
use crate::host::connection::Host;
use crate::host::error::HostError;
use crate::host::run::output::Output;

impl Host {
    /// As [`Host::ask`], several scripts in one round trip, each in a subshell. Their outputs, in
    /// order; of standard error only what the end of all of it still holds.
    pub async fn ask_each(
        &self,
        scripts: &[&str],
        limit: Duration,
    ) -> Result<Vec<Output>, HostError> {
        if scripts.is_empty() {
            return Ok(Vec::new());
        }
        let words: Vec<String> = scripts.iter().map(|_| nonce()).collect();
        let output = self.ask(&batch(&words, scripts), limit).await?;
        apart(&words, &output).ok_or_else(|| HostError::Lost {
            host: self.name().to_owned(),
            doing: "read its state".to_owned(),
            reason: "its answer is not whole".to_owned(),
        })
    }
}

fn batch(words: &[String], scripts: &[&str]) -> String {
    let each = words.iter().zip(scripts);
    each.map(|(word, script)| framed(word, &format!("(\n{script}\n) </dev/null"))).collect()
}

fn apart(words: &[String], output: &Output) -> Option<Vec<Output>> {
    let (mut out, mut err) = (&output.stdout_bytes[..], &output.stderr_bytes[..]);
    let each = words.iter().map(|word| {
        let (status, stdout) = unframe(&mut out, word)?;
        let stderr = unframe(&mut err, word).map(|(_, stderr)| stderr.to_vec());
        let (stdout_bytes, stderr_bytes) = (stdout.to_vec(), stderr.unwrap_or_default());
        Some(Output { status, stdout_bytes, stderr_bytes })
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn through_sh(scripts: &[&str]) -> Vec<(i32, String, String)> {
        let words: Vec<String> = scripts.iter().map(|_| nonce()).collect();
        let script = batch(&words, scripts);
        let output = Command::new("sh").arg("-c").arg(script).output().expect("sh runs");
        let (stdout_bytes, stderr_bytes) = (output.stdout, output.stderr);
        let outputs = apart(&words, &Output { status: 0, stdout_bytes, stderr_bytes });
        let outputs = outputs.expect("whole").into_iter();
        outputs.map(|o| (o.status, o.stdout().into_owned(), o.stderr().into_owned())).collect()
    }

    #[test]
    fn each_script_has_its_own_output_and_status() {
        let found = through_sh(&[
            "echo one",
            "printf 'no newline'; echo why >&2; exit 3",
            "true",
            "cat",
            "printf '\\n\\n'",
            "x=1\ncat <<E\nhere $x\nE",
        ]);
        let want = [
            (0, "one\n", ""),
            (3, "no newline", "why\n"),
            (0, "", ""),
            (0, "", ""),
            (0, "\n\n", ""),
            (0, "here 1\n", ""),
        ];
        let want = want.map(|(status, out, err)| (status, out.to_owned(), err.to_owned()));
        assert_eq!(found, want);
    }

    #[test]
    fn a_script_cannot_change_the_next_one() {
        let found = through_sh(&["set -e; cd /; x=1; false", "echo ${x:-unset}"]);
        assert_eq!(found[0].0, 1);
        assert_eq!(found[1].1, "unset\n");
    }

    #[test]
    fn an_answer_that_lacks_a_part_is_none_at_all() {
        let words = [nonce(), nonce()];
        let script = batch(&words[..1], &["echo"]);
        let output = Command::new("sh").arg("-c").arg(script).output().expect("sh runs");
        let (stdout_bytes, stderr_bytes) = (output.stdout, output.stderr);
        assert_eq!(apart(&words, &Output { status: 0, stdout_bytes, stderr_bytes }), None);
    }
}
