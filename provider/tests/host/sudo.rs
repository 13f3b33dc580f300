//! Logins that are not root. They make a user and a sudoers file on the machine for a moment, so
//! they run only when asked for: `cargo test -p breakwater-provider --test host -- --ignored`.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use provider::host::{Auth, Credential, Host, HostError, Patience, Pool, Settings, Target};
use provider::secret::Secret;
use provider::step::File;

use crate::sshd::{LIMIT, Sshd, run};

struct User {
    name: String,
    sudoers: PathBuf,
}

impl User {
    fn new(name: &str, rule: &str) -> Self {
        let name = format!("{name}{}", std::process::id());
        run("useradd", &["-m", "-s", "/bin/bash", &name]);
        let mut chpasswd = Command::new("chpasswd").stdin(Stdio::piped()).spawn().expect("runs");
        let mut stdin = chpasswd.stdin.take().expect("piped");
        writeln!(stdin, "{name}:correct horse").expect("written");
        drop(stdin);
        assert!(chpasswd.wait().expect("ended").success());
        let sudoers = PathBuf::from(format!("/etc/sudoers.d/{name}"));
        std::fs::write(&sudoers, rule.replace("USER", &name)).expect("written");
        Self { name, sudoers }
    }

    async fn host(
        &self,
        sshd: &Sshd,
        auth: Auth,
        password: Option<&str>,
    ) -> Result<Host, HostError> {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(sshd.dir.path(), mode).expect("sshd reads the keys as the user");
        let default_credential = Credential {
            auth: vec![auth],
            sudo_password: password.map(Secret::from),
            ..Credential::default()
        };
        let settings = Settings { default_credential, ..sshd.settings() };
        let target = Target { user: self.name.clone(), ..sshd.target() };
        Pool::new(settings).host(&target, None, Patience::Once).await
    }
}

impl Drop for User {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.sudoers);
        let _ = Command::new("userdel").args(["-r", "-f", &self.name]).output();
    }
}

async fn is_root(host: &Host, dir: &std::path::Path) {
    let asked = host.ask("id -un; cat", LIMIT).await.expect("asked");
    assert_eq!(asked.stdout(), "root\n");
    let input = Secret::from("the input and nothing else");
    let ran = host.run("id -un; cat", Some(&input), LIMIT).await.expect("ran");
    assert_eq!(ran.stdout(), "root\nthe input and nothing else");
    let path = dir.join("written").display().to_string();
    let (owner, group) = ("root".to_owned(), "root".to_owned());
    let file = File { path: path.clone(), content: "text".into(), owner, group, mode: 0o600 };
    host.write(&file).await.expect("written");
    assert_eq!(std::fs::read_to_string(&path).expect("there"), "text");
    assert_eq!(host.job("sudo", "id -un", LIMIT).await.expect("done").stdout(), "root\n");
    let lock = host.lock("me").await.expect("locked");
    assert!(lock.is_held());
    lock.release().await;
}

#[tokio::test]
#[ignore = "makes a user"]
async fn sudo_without_a_password_and_one_that_is_not_asked_for() {
    let sshd = Sshd::start();
    let user = User::new("bwfree", "USER ALL=(ALL) NOPASSWD: ALL\n");
    for password in [None, Some("never asked for")] {
        let host = user.host(&sshd, sshd.key("id"), password).await.expect("connected");
        is_root(&host, sshd.dir.path()).await;
    }
}

#[tokio::test]
#[ignore = "makes a user"]
async fn sudo_with_a_password() {
    let sshd = Sshd::start();
    let rules = ["USER ALL=(ALL) ALL\n", "Defaults:USER use_pty\nUSER ALL=(ALL) ALL\n"];
    for (n, rule) in rules.into_iter().enumerate() {
        let user = User::new(&format!("bwasks{n}"), rule);
        let right = Some("correct horse");
        let host = user.host(&sshd, sshd.key("id"), right).await.expect("connected");
        is_root(&host, sshd.dir.path()).await;
        let host = user.host(&sshd, sshd.key("id"), Some("wrong")).await.expect("connected");
        for error in [host.ask("true", LIMIT).await, host.run("true", None, LIMIT).await] {
            let error = error.expect_err("a wrong password");
            assert!(matches!(error, HostError::SudoPassword { .. }), "{error}");
        }
        let host = user.host(&sshd, sshd.key("id"), None).await.expect("connected");
        let error = host.ask("true", LIMIT).await.expect_err("it wants a password");
        assert!(matches!(error, HostError::NoSudo { .. }), "{error}");
    }
}

#[tokio::test]
#[ignore = "makes a user"]
async fn a_user_without_sudo_is_told_so() {
    let sshd = Sshd::start();
    let user = User::new("bwnone", "");
    for password in [None, Some("correct horse")] {
        let host = user.host(&sshd, sshd.key("id"), password).await.expect("connected");
        for error in [host.ask("true", LIMIT).await, host.run("true", None, LIMIT).await] {
            let error = error.expect_err("no sudo");
            assert!(matches!(error, HostError::NoSudo { .. }), "{error}");
        }
    }
}

#[tokio::test]
#[ignore = "makes a user"]
async fn a_password_logs_in_and_a_wrong_one_does_not() {
    for config in [
        "PasswordAuthentication yes",
        "UsePAM yes\nPasswordAuthentication no\nKbdInteractiveAuthentication yes",
    ] {
        let sshd = Sshd::with(config, &["ed25519"]);
        let user = User::new("bwpass", "USER ALL=(ALL) NOPASSWD: ALL\n");
        let right = Auth::Password("correct horse".into());
        let host = user.host(&sshd, right, None).await.expect("connected");
        assert!(host.ask("true", LIMIT).await.expect("asked").success());
        let wrong = Auth::Password("wrong".into());
        let error = user.host(&sshd, wrong, None).await.expect_err("a wrong password");
        assert!(matches!(error, HostError::AuthRefused { .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains("wrong"), "{error}");
    }
}
