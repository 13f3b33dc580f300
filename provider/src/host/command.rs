//! Commands as values: words are quoted here and nowhere else.

use super::error::HostError;

/// A word that no shell can take, because it holds a NUL byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text holds a NUL byte, which no shell command can carry")]
pub struct NulByte;

/// Quotes one word for a POSIX shell. Nothing inside single quotes is special but their end.
pub fn shell_quote(word: &str) -> Result<String, NulByte> {
    if word.contains('\0') {
        return Err(NulByte);
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return Ok(word.to_owned());
    }
    Ok(format!("'{}'", word.replace('\'', r"'\''")))
}

/// A program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argv(Vec<String>);

impl Argv {
    /// A command without arguments yet.
    pub fn new(program: impl Into<String>) -> Self {
        Self(vec![program.into()])
    }

    /// With one more argument.
    #[must_use]
    pub fn arg(mut self, word: impl Into<String>) -> Self {
        self.0.push(word.into());
        self
    }

    /// With more arguments.
    #[must_use]
    pub fn args<S: Into<String>>(mut self, words: impl IntoIterator<Item = S>) -> Self {
        self.0.extend(words.into_iter().map(Into::into));
        self
    }

    /// The words, unquoted.
    pub fn words(&self) -> &[String] {
        &self.0
    }

    /// As text for a script. Fails on NUL bytes alone.
    pub fn script(&self) -> Result<String, NulByte> {
        let words: Result<Vec<_>, _> = self.0.iter().map(|word| shell_quote(word)).collect();
        Ok(words?.join(" "))
    }
}

/// Shell text that makes `apt-get` wait up to `seconds` for the locks of apt and dpkg.
///
/// Put it at the head of a script, then call `apt_get install -y ...`.
/// `DPkg::Lock::Timeout` (apt 1.9.11) covers dpkg's lock alone: the lock on the package lists,
/// which a machine's first unattended `apt-get update` holds, fails at once and is tried again.
pub fn apt_prelude(seconds: u32) -> String {
    APT_PRELUDE.replace("@SECONDS@", &seconds.to_string())
}

const APT_PRELUDE: &str = r#"export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l
apt_get() {
  bw_until=$(($(date +%s) + @SECONDS@))
  bw_log=$(mktemp) || return 1
  while :; do
    bw_rc=0
    apt-get -o DPkg::Lock::Timeout=@SECONDS@ -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 "$@" \
      2>"$bw_log" || bw_rc=$?
    cat "$bw_log" >&2
    [ "$bw_rc" -ne 0 ] && grep -qE 'Could not get lock|Unable to (acquire|lock)' "$bw_log" \
      && [ "$(date +%s)" -lt "$bw_until" ] || break
    sleep 2
  done
  rm -f "$bw_log"
  return "$bw_rc"
}
"#;

/// Refuses scripts that a shell could not receive whole.
pub(super) fn check_script(host: &str, doing: &str, script: &str) -> Result<(), HostError> {
    if script.contains('\0') {
        return Err(HostError::Script {
            host: host.to_owned(),
            doing: doing.to_owned(),
            source: NulByte,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    fn through_sh(words: &[String]) -> Vec<u8> {
        let argv = Argv::new("printf").arg("%s\\0").args(words.iter().cloned());
        let script = argv.script().expect("no NUL in the test's words");
        let output = Command::new("sh").arg("-c").arg(script).output().expect("sh runs");
        assert!(output.status.success());
        output.stdout
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_real_shell_gives_every_word_back(words in prop::collection::vec("[^\0]{0,12}", 1..20)) {
            let expected: Vec<u8> = words.iter().flat_map(|w| [w.as_bytes(), b"\0"].concat()).collect();
            prop_assert_eq!(through_sh(&words), expected);
        }
    }

    #[test]
    fn words_that_break_naive_quoting_come_back() {
        let hard =
            ["", "'", "''", "a'b", "$(id)", "`id`", "a\nb", "-n", "~", "*", "\\", "!x", "é\u{1}"];
        let hard: Vec<String> = hard.iter().map(|&w| w.to_owned()).collect();
        let expected: Vec<u8> = hard.iter().flat_map(|w| [w.as_bytes(), b"\0"].concat()).collect();
        assert_eq!(through_sh(&hard), expected);
    }

    #[test]
    fn a_nul_byte_is_refused() {
        assert_eq!(shell_quote("a\0b"), Err(NulByte));
        assert_eq!(Argv::new("x").arg("\0").script(), Err(NulByte));
    }

    #[test]
    fn apt_is_tried_again_while_its_lock_is_held_and_fails_otherwise() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let apt = "#!/bin/sh\ncount=$(wc -l <calls)\necho \"$*\" >>calls\n\
                   case \"$*:$count\" in *update:0) echo 'E: Could not get lock /x' >&2; exit 100;;\n\
                   *broken:*) echo 'E: Unable to locate package' >&2; exit 100;; esac\n";
        let path = dir.path().join("apt-get");
        std::fs::write(&path, apt).expect("written");
        std::fs::write(dir.path().join("calls"), "").expect("written");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&path, mode).expect("set");
        let script = format!(
            "set -eu\nPATH=.:$PATH\n{}apt_get update\nif apt_get install broken; then exit 9; \
             else exit $?; fi\n",
            apt_prelude(30)
        );
        let sh = Command::new("sh").arg("-c").arg(script).current_dir(dir.path()).output();
        assert_eq!(sh.expect("sh runs").status.code(), Some(100));
        let calls = std::fs::read_to_string(dir.path().join("calls")).expect("read");
        assert_eq!(calls.matches("update").count(), 2, "{calls}");
        assert_eq!(calls.matches("broken").count(), 1, "{calls}");
    }
}
