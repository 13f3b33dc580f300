//! `ask`: one shell, one round trip, exact output.

use std::time::Duration;

use provider::host::HostError;

use crate::sshd::{LIMIT, Sshd, until};

#[tokio::test]
async fn output_errors_and_status_come_back_exactly() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    for (script, stdout, stderr, status) in [
        ("printf 'no newline'", &b"no newline"[..], "", 0),
        ("printf '\\000\\001\\377\\n\\n'", b"\0\x01\xff\n\n", "", 0),
        ("echo out; echo err >&2; exit 7", b"out\n", "err\n", 7),
        ("", b"", "", 0),
        ("cd /tmp; set -eu; false; echo never", b"", "", 1),
        ("pwd", b"/\n", "", 0),
        ("cat; echo $LC_ALL", b"C\n", "", 0),
        ("echo \"it's\" '\"quoted\"' $((1+1))", b"it's \"quoted\" 2\n", "", 0),
        ("id -un", b"root\n", "", 0),
    ] {
        let output = host.ask(script, LIMIT).await.expect(script);
        assert_eq!(output.stdout_bytes, stdout, "{script}");
        assert_eq!(output.stderr(), stderr, "{script}");
        assert_eq!(output.status, status, "{script}");
    }
}

#[tokio::test]
async fn a_syntax_error_is_an_answer_and_not_the_end_of_the_shell() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    let broken = host.ask("if true; then (", LIMIT).await.expect("answered");
    assert_ne!(broken.status, 0);
    assert!(!broken.stderr().is_empty());
    assert_eq!(host.ask("echo on", LIMIT).await.expect("answered").stdout(), "on\n");
}

#[tokio::test]
async fn a_listing_of_all_processes_is_no_frame_and_shows_no_script() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    let script = ": needle-in-a-script; cat /proc/[0-9]*/cmdline | tr '\\0' ' '; \
                  echo bw-begin-0; echo bw-end-0:0; set; exit 3";
    for output in [host.ask(script, LIMIT).await, host.run(script, None, LIMIT).await] {
        let output = output.expect("answered");
        assert_eq!(output.status, 3);
        assert!(output.stdout().contains("/bin/sh"));
        let (listing, _) = output
            .stdout()
            .split_once("bw-begin-0")
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .expect("listed");
        assert!(!listing.contains("needle-in-a-script"), "{listing}");
    }
}

#[tokio::test]
async fn sixteen_mebibytes_pass_and_more_is_an_error() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    let fits = host.ask("head -c 16777216 /dev/zero", LIMIT).await.expect("fits");
    assert_eq!(fits.stdout_bytes.len(), 16 << 20);
    let error = host.ask("cat /dev/zero", LIMIT).await.expect_err("too long");
    assert!(matches!(error, HostError::TooLong { .. }), "{error}");
    assert_eq!(host.ask("echo on", LIMIT).await.expect("answered").stdout(), "on\n");
}

#[tokio::test]
async fn concurrent_questions_get_their_own_answers() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    let asked = (0..100).map(|n| {
        let host = host.clone();
        tokio::spawn(async move {
            let output = host.ask(&format!("echo {n}; echo e{n} >&2"), LIMIT).await;
            let output = output.expect("answered");
            (n, output.stdout().into_owned(), output.stderr().into_owned())
        })
    });
    for answer in futures::future::join_all(asked).await {
        let (n, stdout, stderr) = answer.expect("no panic");
        assert_eq!((stdout, stderr), (format!("{n}\n"), format!("e{n}\n")));
    }
    assert_eq!(sshd.sessions().len(), 1);
}

#[tokio::test]
async fn a_question_that_kills_the_shell_fails_alone() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    let (killer, next) = tokio::join!(host.ask("kill -9 $$", LIMIT), host.ask("echo next", LIMIT));
    let error = killer.expect_err("its shell is gone");
    assert!(error.is_lost(), "{error}");
    assert_eq!(next.expect("asked again").stdout(), "next\n");
}

#[tokio::test]
async fn a_question_that_takes_too_long_ends_on_the_host_too() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    let mark = sshd.path("alive");
    let script = format!("echo $$ >{}; sleep 1000", mark.display());
    let error = host.ask(&script, Duration::from_secs(2)).await.expect_err("too long");
    assert!(matches!(error, HostError::Timeout { .. }), "{error}");
    let pid = sshd.read("alive").trim().to_owned();
    until("the end of the question", || {
        // A zombie of a process that waits for nobody counts as ended.
        let process = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        process.is_empty() || process.contains(") Z")
    })
    .await;
}

#[tokio::test]
async fn a_slow_question_does_not_use_up_the_time_of_the_next() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    let (slow, quick) = tokio::join!(
        host.ask("sleep 1; echo slow", LIMIT),
        host.ask("echo quick", Duration::from_millis(500)),
    );
    assert_eq!(slow.expect("answered").stdout(), "slow\n");
    assert_eq!(quick.expect("answered").stdout(), "quick\n");
}

#[tokio::test]
async fn a_nul_byte_is_refused_before_anything_is_sent() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    let error = host.ask("echo \0", LIMIT).await.expect_err("refused");
    assert!(matches!(error, HostError::Script { .. }), "{error}");
}

#[tokio::test]
async fn noise_of_login_scripts_does_not_matter() {
    let sshd = Sshd::with(
        "SetEnv BASH_ENV=DIR/noise ENV=DIR/noise\nForceCommand echo noise; echo noise >&2; eval \"$SSH_ORIGINAL_COMMAND\"",
        &["ed25519"],
    );
    let host = sshd.host().await;
    assert_eq!(host.ask("echo clean", LIMIT).await.expect("answered").stdout(), "clean\n");
    assert_eq!(host.run("echo clean", None, LIMIT).await.expect("ran").stdout(), "clean\n");
}

#[tokio::test]
async fn a_login_without_a_shell_says_what_it_said() {
    let sshd = Sshd::with("ForceCommand echo 'log in as ubuntu'; exit 1", &["ed25519"]);
    let host = sshd.host().await;
    for error in [host.ask("true", LIMIT).await, host.run("true", None, LIMIT).await] {
        let error = error.expect_err("no shell");
        assert!(
            matches!(&error, HostError::NoShell { said, .. } if said == "log in as ubuntu"),
            "{error}"
        );
    }
}
