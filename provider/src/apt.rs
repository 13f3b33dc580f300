//! How a step changes packages on a Debian or Ubuntu host: shell text.

/// How long somebody else's work with packages is waited for, in seconds: the first boot of a machine
/// updates its lists for minutes.
const PATIENCE: u32 = 300;

/// The shell function `apt ARGUMENT...`: `apt-get -y` that asks nothing, restarts nothing, and waits
/// while another process works with packages. And `need PACKAGE...`, which installs what a minimal system
/// may lack, with the package lists read where they are not.
///
/// `DPkg::Lock::Timeout` (apt 1.9.11 and later) waits for dpkg's locks alone; one that is held on the
/// package lists or on what is downloaded ends apt at once, so it is tried again. needrestart(1), which
/// Ubuntu runs after each change, would restart services that no plan announced.
pub fn function() -> String {
    waiting(PATIENCE)
}

/// [`function`], and what is needed for what comes from `url`: over HTTPS the authorities that most
/// systems trust. Where they cannot be had, the download itself says what it lacks.
pub fn function_for(url: &str) -> String {
    let authorities = "[ -e /etc/ssl/certs/ca-certificates.crt ] || need ca-certificates || :\n";
    function() + if url.starts_with("https:") { authorities } else { "" }
}

fn waiting(seconds: u32) -> String {
    format!(
        r#"export DEBIAN_FRONTEND=noninteractive LC_ALL=C NEEDRESTART_MODE=l NEEDRESTART_SUSPEND=1
apt() {{
  apt_end=$(( $(date +%s) + {seconds} ))
  until apt_said=$(apt-get -o DPkg::Lock::Timeout={seconds} -qy "$@" 2>&1); do
    case $apt_said in
      *'Could not get lock'*) ;;
      *) printf '%s\n' "$apt_said" >&2; return 1 ;;
    esac
    if [ "$(date +%s)" -ge "$apt_end" ]; then
      printf '%s\n' "$apt_said" "another process has worked with packages for {seconds} s" >&2
      return 1
    fi
    sleep 1
  done
  printf '%s\n' "$apt_said"
}}
need() {{
  apt --no-install-recommends install "$@" >/dev/null 2>&1 ||
    {{ apt update >/dev/null && apt --no-install-recommends install "$@" >/dev/null; }}
}}
"#
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;
    use std::process::{Command, Output};

    /// `apt install x` where `apt-get` is this program; it finds a folder of its own in `$here`.
    fn installed(apt_get: &str, seconds: u32, folder: &Path) -> Output {
        let program = folder.join("apt-get");
        std::fs::write(&program, format!("#!/bin/sh\nhere={}\n{apt_get}", folder.display()))
            .expect("written");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755))
            .expect("executable");
        let path = format!("{}:{}", folder.display(), std::env::var("PATH").expect("a path"));
        let script = super::waiting(seconds) + "apt install x\necho installed\n";
        Command::new("sh").args(["-euc", &script]).env("PATH", path).output().expect("sh runs")
    }

    const LOCKED: &str = "echo 'E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)' >&2";

    #[test]
    fn a_lock_of_another_is_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let twice = format!(
            "echo x >>$here/tries; [ $(wc -l <$here/tries) -gt 2 ] || {{ {LOCKED}; exit 100; }}\n\
             echo \"$NEEDRESTART_MODE $DEBIAN_FRONTEND $*\""
        );
        let output = installed(&twice, 60, folder.path());
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{output:?}");
        assert!(said.starts_with("l noninteractive "), "{said}");
        assert!(said.ends_with("-qy install x\ninstalled\n"), "{said}");
    }

    #[test]
    fn a_lock_that_stays_and_any_other_failure_end_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let held = installed(&format!("{LOCKED}; exit 100"), 1, folder.path());
        let said = String::from_utf8_lossy(&held.stderr).into_owned();
        assert!(!held.status.success() && held.stdout.is_empty(), "{held:?}");
        assert!(said.contains("process 7") && said.contains("for 1 s"), "{said}");
        let failed = installed(
            "echo x >>$here/once; echo 'E: Unable to locate package x'; exit 100",
            60,
            folder.path(),
        );
        assert!(!failed.status.success());
        assert!(String::from_utf8_lossy(&failed.stderr).contains("Unable to locate package x"));
        let tries = std::fs::read_to_string(folder.path().join("once")).expect("tried");
        assert_eq!(tries, "x\n");
    }
}
