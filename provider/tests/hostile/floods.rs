//! Memory for what a host sends is bounded, before, during and after a command.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use provider::host::HostError;
use tokio::sync::Mutex;

use crate::server::Hostile;

/// One at a time, as the memory is that of the whole process.
static TURN: Mutex<()> = Mutex::const_new(());

/// What a flood may take, the server's part included.
const BOUND: usize = 96 << 20;

/// What a flood has to send before it proves anything.
const ENOUGH: usize = 160 << 20;

/// On a machine that is too busy to send so much.
const LONGEST: Duration = Duration::from_secs(30);

/// Memory of this process, in bytes.
fn memory() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").expect("readable");
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok());
    pages.expect("a number") * 4096
}

/// Waits until the server has sent enough, or can send no more; memory must stay within bounds.
async fn holds(server: &Hostile, mode: &str, before: usize) {
    let (mut sent, mut still) = (0, 0);
    let begun = Instant::now();
    while sent < ENOUGH && still < 20 && begun.elapsed() < LONGEST {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let now = server.sent.load(Ordering::Relaxed);
        still = if now == sent { still + 1 } else { 0 };
        sent = now;
        let grown = memory().saturating_sub(before);
        assert!(grown < BOUND, "{mode}: {grown} bytes more after {sent} were sent");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_takes_little_memory_in_every_state_of_a_connection() {
    let _turn = TURN.lock().await;
    for mode in [
        "flood_out",
        "flood_err",
        "flood_inside",
        "flood_inside_err",
        "end_noeol",
        "end_noeol_err",
        "out_done_flood",
        "done_then_flood",
        "sudo_flood_out",
        "sudo_flood_err",
        "sudo_loop",
        "small_events",
    ] {
        let server = Hostile::start(mode).await;
        let host = server.host().await;
        let before = memory();
        let limit = Duration::from_secs(15);
        let asked = tokio::spawn({
            let host = host.clone();
            async move { host.ask("true", limit).await }
        });
        holds(&server, mode, before).await;
        let answer = asked.await.expect("no panic");
        assert_eq!(answer.is_ok(), mode == "done_then_flood", "{mode}: {:?}", answer.err());
    }
}

/// Two that say the same, and one that floods: the others' answers come all the same.
#[tokio::test]
async fn a_shell_that_floods_when_nothing_is_asked_is_replaced() {
    let server = Hostile::start("done_then_flood").await;
    let host = server.host().await;
    for _ in 0..3 {
        let answer = host.ask("true", Duration::from_secs(10)).await.expect("answered");
        assert!(answer.success());
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

#[tokio::test]
async fn a_server_opens_no_channel_and_is_left_when_it_goes_on_trying() {
    let server = Hostile::start("srv_chan").await;
    let host = server.host().await;
    let error = host.ask("true", Duration::from_secs(10)).await.expect_err("left");
    assert!(matches!(error, HostError::Lost { .. }), "{error}");
    assert!(error.to_string().contains("channels that nobody asked for"), "{error}");
    assert!(server.sent.load(Ordering::Relaxed) < 1000, "it was left");
    assert_eq!(server.opened.load(Ordering::Relaxed), 0);
}
