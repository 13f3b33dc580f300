//! Every wait has an end, and says so.

use std::time::{Duration, Instant};

use provider::host::{Host, HostError, Output};

use crate::raw;
use crate::server::{Hostile, PATIENCE};

/// For a question or a script.
const LIMIT: Duration = Duration::from_secs(2);

/// Beside what is waited for: a busy machine.
const SLACK: Duration = Duration::from_secs(8);

/// Whether it ended within this time.
fn ends<T>(what: &str, within: Duration, work: impl Future<Output = T>) -> impl Future<Output = T> {
    let work = Box::pin(work);
    async move {
        let begun = Instant::now();
        let Ok(done) = tokio::time::timeout(within + SLACK, work).await else {
            panic!("{what} did not end within {:?}", begun.elapsed());
        };
        done
    }
}

#[tokio::test]
async fn no_greeting_keeps_anybody_waiting() {
    for mode in raw::MODES.into_iter().chain(["auth_hang", "auth_close"]) {
        let server = Hostile::start(mode).await;
        let error = ends(mode, PATIENCE * 2, server.connect()).await.expect_err(mode);
        let told = matches!(
            error,
            HostError::Unreachable { .. }
                | HostError::Protocol { .. }
                | HostError::AuthRefused { .. }
        );
        assert!(told, "{mode}: {error}");
    }
}

#[tokio::test]
async fn a_banner_of_any_length_hinders_nobody() {
    let server = Hostile::start("auth_banner").await;
    let host = ends("the login", PATIENCE * 2, server.connect()).await.expect("logged in");
    assert!(host.ask("true", LIMIT).await.expect("answered").success());
}

async fn ask(host: &Host) -> Result<Output, HostError> {
    host.ask("true", LIMIT).await
}

async fn run(host: &Host) -> Result<Output, HostError> {
    host.run("true", None, Duration::from_millis(100)).await
}

#[tokio::test]
async fn a_channel_that_is_not_opened_is_given_up() {
    // sshd refuses while the one before is closing; that is waited for.
    for (mode, limit) in [("chan_hang", PATIENCE * 4), ("chan_refuse", Duration::from_secs(11))] {
        let server = Hostile::start(mode).await;
        let host = server.host().await;
        let (asked, ran) =
            tokio::join!(ends(mode, limit, ask(&host)), ends(mode, limit, run(&host)),);
        for error in [asked.expect_err(mode), ran.expect_err(mode)] {
            let told = matches!(error, HostError::Lost { .. } | HostError::Refused { .. });
            assert!(told, "{mode}: {error}");
        }
        let stream = ends(mode, PATIENCE * 4, host.tcp("127.0.0.1", 1)).await;
        assert!(stream.is_err(), "{mode}");
    }
}

#[tokio::test]
async fn what_is_asked_has_an_end_whatever_comes() {
    for mode in [
        "exec_hang",
        "exec_close",
        "exec_exit1_esc",
        "disc",
        "silent_inside",
        "mid_close",
        "flood_out",
        "flood_err",
        "flood_inside",
        "flood_inside_err",
        "end_noeol",
        "end_noeol_err",
        "out_done_flood",
        "small_events",
    ] {
        let server = Hostile::start(mode).await;
        let host = server.host().await;
        let error = ends(mode, LIMIT * 2 + PATIENCE * 4, ask(&host)).await.expect_err(mode);
        assert!(!error.to_string().is_empty());
    }
}

#[tokio::test]
async fn answers_that_make_no_sense_are_still_answers() {
    let of = async |mode| Hostile::start(mode).await.host_and_answer().await;
    assert_eq!(of("status_huge").await.status, 255);
    assert_eq!(of("binary").await.stdout_bytes.len(), 1 << 20);
    assert_eq!(of("esc_fail").await.status, 1);
}

impl Hostile {
    async fn host_and_answer(&self) -> Output {
        let host = self.host().await;
        ends("the answer", LIMIT, ask(&host)).await.expect("answered")
    }
}

#[tokio::test]
async fn sudo_that_never_asks_or_asks_for_ever_is_given_up() {
    for mode in ["sudo_never", "sudo_loop", "sudo_flood_out", "sudo_flood_err"] {
        let server = Hostile::start(mode).await;
        let host = server.host().await;
        let error = ends(mode, PATIENCE * 5, run(&host)).await.expect_err(mode);
        assert!(error.to_string().contains("become root"), "{mode}: {error}");
    }
}

#[tokio::test]
async fn who_comes_after_others_that_do_not_end_is_told_so() {
    let server = Hostile::start("exec_hang").await;
    let host = server.host().await;
    let others: Vec<_> = (0..4)
        .map(|_| {
            let host = host.clone();
            tokio::spawn(async move { host.run("true", None, Duration::from_secs(600)).await })
        })
        .collect();
    // Each of them has its channel before the next comes.
    tokio::time::sleep(PATIENCE).await;
    let error = ends("the fifth", PATIENCE * 8, run(&host)).await.expect_err("no place is free");
    assert!(matches!(error, HostError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("other commands still run"), "{error}");
    assert!(others.iter().all(|other| !other.is_finished()), "they were not ended for it");
    for other in others {
        other.abort();
    }
}

#[tokio::test]
async fn a_lock_that_is_neither_given_nor_refused_is_given_up() {
    let server = Hostile::start("lock_hang").await;
    let host = server.host().await;
    let own = Duration::from_secs(12) + PATIENCE;
    let error = ends("the lock", own, host.lock("a test")).await.expect_err("no answer");
    assert!(matches!(error, HostError::Timeout { .. }), "{error}");
    assert!(error.to_string().contains("lock the host"), "{error}");
}
