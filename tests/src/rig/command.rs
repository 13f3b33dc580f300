//! Running programs: argument lists, never a shell line made of parts.

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::error::{Result, RigError};

/// How much of a failed program's output an error shows, in bytes.
const TAIL: usize = 4000;
/// Pause between two looks at something that has no event to wait for.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A command with these arguments, its standard input closed.
pub fn command<S: AsRef<std::ffi::OsStr>>(argv: impl IntoIterator<Item = S>) -> Command {
    let mut words = argv.into_iter();
    let mut command = match words.next() {
        Some(program) => Command::new(program),
        None => Command::new("true"),
    };
    command.args(words).stdin(Stdio::null());
    command
}

/// Runs to the end and returns what came out, whatever the exit status.
pub fn output(command: &mut Command) -> Result<Output> {
    command.output().map_err(|source| RigError::Spawn {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
    })
}

/// Runs to the end; an exit status other than 0 is an error. Returns standard output.
pub fn check(command: &mut Command) -> Result<String> {
    let out = output(command)?;
    if out.status.success() {
        return Ok(String::from_utf8_lossy(&out.stdout).into_owned());
    }
    let said = if out.stderr.trim_ascii().is_empty() { &out.stdout } else { &out.stderr };
    Err(RigError::Command { command: shown(command), status: out.status, tail: tail(said) })
}

/// [`check`] of an argument list.
pub fn run<S: AsRef<std::ffi::OsStr>>(argv: impl IntoIterator<Item = S>) -> Result<String> {
    check(&mut command(argv))
}

/// The end of some output, as text.
pub fn tail(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(TAIL)..]);
    text.trim().to_owned()
}

/// Looks at something until it is so, or an error after `limit`; `why` says what is known then.
pub fn wait_until(
    what: &str,
    limit: Duration,
    mut so: impl FnMut() -> Result<bool>,
    why: impl FnOnce() -> String,
) -> Result<()> {
    let start = Instant::now();
    while !so()? {
        if start.elapsed() > limit {
            let seconds = limit.as_secs();
            return Err(RigError::Timeout { what: what.to_owned(), seconds, tail: why() });
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}

/// Program and arguments for an error message; a script is cut to its first line.
fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words
        .map(|word| word.to_string_lossy().lines().next().unwrap_or_default().to_owned())
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_shows_command_and_reason() {
        let error = run(["sh", "-c", "echo why >&2; exit 3"]).unwrap_err().to_string();
        assert!(error.contains("sh -c echo why"), "{error}");
        assert!(error.ends_with("why"), "{error}");
    }
}
