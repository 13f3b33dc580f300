//! What happens when the connection goes away, and when it only looks alive.

use std::time::Duration;

use provider::host::HostError;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::sshd::{LIMIT, Sshd, signal_all, until};

#[tokio::test]
async fn a_session_killed_while_something_runs_is_seen_at_once_and_the_next_call_works() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    let mark = sshd.path("began");
    let script = format!("echo >{}; sleep 300", mark.display());
    for question in [true, false] {
        let _ = std::fs::remove_file(&mark);
        let (host, script) = (host.clone(), script.clone());
        let waiting = tokio::spawn({
            let host = host.clone();
            async move {
                if question {
                    host.ask(&script, LIMIT).await
                } else {
                    host.run(&script, None, LIMIT).await
                }
            }
        });
        until("the script", || mark.exists()).await;
        sshd.kill_sessions();
        // Not the end of the script, and not the limit.
        let error = waiting.await.expect("no panic").expect_err("lost");
        assert!(error.is_lost(), "{error}");
        assert_eq!(host.ask("echo back", LIMIT).await.expect("back").stdout(), "back\n");
    }
}

#[tokio::test]
async fn a_connection_lost_while_idle_is_made_again_unnoticed() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    for _ in 0..3 {
        assert_eq!(host.ask("echo q", LIMIT).await.expect("asked").stdout(), "q\n");
        sshd.kill_sessions();
        assert_eq!(host.run("echo r", None, LIMIT).await.expect("ran").stdout(), "r\n");
        sshd.kill_sessions();
    }
}

#[tokio::test]
async fn a_black_hole_is_seen_by_whoever_waits() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    host.ask("true", LIMIT).await.expect("the shell is there");
    let stopped = sshd.sessions();
    signal_all("STOP", &stopped);
    let (asked, ran) = tokio::join!(host.ask("echo", LIMIT), host.run("echo", None, LIMIT));
    // The question had not begun, and nothing was started for the script: both go on elsewhere.
    asked.expect("asked on a new connection");
    ran.expect("run on a new connection");
    signal_all("KILL", &stopped);
}

#[tokio::test]
async fn an_upload_into_a_black_hole_ends() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    let secret = "x".repeat(64 << 20).into();
    let mark = sshd.path("began");
    let script = format!("echo >{}; sleep 0.2; cat >/dev/null", mark.display());
    let sending = tokio::spawn(async move { host.run(&script, Some(&secret), LIMIT).await });
    until("the script", || mark.exists()).await;
    let stopped = sshd.sessions();
    signal_all("STOP", &stopped);
    let error = sending.await.expect("no panic").expect_err("lost");
    assert!(error.is_lost(), "{error}");
    signal_all("KILL", &stopped);
}

#[tokio::test]
async fn a_stream_that_nobody_reads_stops_nobody_else() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let port = listener.local_addr().expect("an address").port();
    let flooding = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("accepted");
        let flood = vec![7u8; 1 << 20];
        while stream.write_all(&flood).await.is_ok() {}
    });
    let mut unread = host.tcp("127.0.0.1", port).await.expect("open");
    while !flooding.is_finished() {
        host.ask("head -c 100000 /dev/zero", Duration::from_secs(5)).await.expect("not blocked");
    }
    let mut piece = vec![0; 1 << 20];
    let error = loop {
        match unread.read(&mut piece).await {
            Ok(0) => panic!("a clean end"),
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("not read in time"), "{error}");
}

#[tokio::test]
async fn a_stream_tells_a_clean_end_from_a_lost_connection() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        let (mut first, _) = listener.accept().await.expect("accepted");
        first.write_all(b"bye").await.expect("written");
        drop(first);
        let (mut second, _) = listener.accept().await.expect("accepted");
        second.write_all(b"hello").await.expect("written");
        let _ = second.read(&mut [0; 1]).await;
    });
    let mut text = String::new();
    let mut clean = host.tcp("127.0.0.1", port).await.expect("open");
    clean.read_to_string(&mut text).await.expect("a clean end");
    assert_eq!(text, "bye");
    let mut lost = host.tcp("127.0.0.1", port).await.expect("open");
    let mut hello = [0; 5];
    lost.read_exact(&mut hello).await.expect("read");
    sshd.kill_sessions();
    let error = lost.read(&mut hello).await.expect_err("not an end of file");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_host_that_went_away_is_unreachable() {
    let mut sshd = Sshd::start();
    let host = sshd.host().await;
    sshd.stop();
    let error = host.run("true", None, LIMIT).await.expect_err("gone");
    assert!(error.is_unreachable(), "{error}");
    let error = host.ask("true", LIMIT).await.expect_err("gone");
    assert!(matches!(error, HostError::Unreachable { .. }), "{error}");
}
