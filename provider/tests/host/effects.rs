//! `run`, `write`, `upload`, `job`, `lock`.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use provider::host::{HostError, Patience, Pool, Settings, Upload};
use provider::secret::Secret;
use provider::step::File;
use sha2::{Digest, Sha256};

use crate::sshd::{LIMIT, Sshd, signal_all, until};

#[tokio::test]
async fn a_script_gets_its_input_and_gives_its_status() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    let secret = Secret::from("päss\n\u{1}'\"$x".repeat(20_000));
    let output = host.run("wc -c; echo e >&2; exit 9", Some(&secret), LIMIT).await.expect("ran");
    assert_eq!(output.stdout().trim(), secret.expose().len().to_string());
    assert_eq!((&*output.stderr(), output.status), ("e\n", 9));
    let output = host.run("cat; id -u; umask; pwd", None, LIMIT).await.expect("ran");
    assert_eq!(output.stdout(), "0\n0022\n/\n");
    let long = format!(": {}\necho end", "x".repeat(300_000));
    assert_eq!(host.run(&long, None, LIMIT).await.expect("ran").stdout(), "end\n");
}

#[tokio::test]
async fn neither_script_nor_input_is_in_any_process() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    let secret = Secret::from("hidden-input");
    let script = "x=hidden-script; for f in /proc/[0-9]*; do \
                  cat $f/cmdline $f/environ 2>/dev/null; done | tr '\\0' '\\n'; cat >/dev/null";
    let output = host.run(script, Some(&secret), LIMIT).await.expect("ran");
    assert!(output.stdout().contains("LC_ALL=C"), "the listing works");
    assert!(!output.stdout().contains("hidden-"));
}

#[tokio::test]
async fn the_host_ends_a_script_that_takes_too_long() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    let script = format!("echo $$ >{}; sleep 1000", sshd.path("pid").display());
    let error = host.run(&script, None, Duration::from_millis(300)).await.expect_err("too long");
    assert!(matches!(error, HostError::Timeout { .. }), "{error}");
    let pid = sshd.read("pid").trim().to_owned();
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists(), "it is gone");
    let quick = host.run("exit 124", None, LIMIT).await.expect("a status like any other");
    assert_eq!(quick.status, 124);
}

#[tokio::test]
async fn a_background_child_keeps_nobody_waiting() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    let output = host.run("sleep 60 & echo done", None, LIMIT).await.expect("within the limit");
    assert_eq!(output.stdout(), "done\n");
}

#[tokio::test]
async fn more_commands_than_sshd_allows_at_once_all_run() {
    let sshd = Sshd::with("MaxSessions 3", &["ed25519"]);
    let host = sshd.host().await;
    host.ask("true", LIMIT).await.expect("the shell has one of them");
    let running = (0..24).map(|n| {
        let host = host.clone();
        tokio::spawn(async move { host.run(&format!("echo {n}"), None, LIMIT).await })
    });
    for (n, output) in futures::future::join_all(running).await.into_iter().enumerate() {
        let output = output.expect("no panic").expect("ran");
        assert_eq!(output.stdout(), format!("{n}\n"));
    }
}

fn file(path: &std::path::Path, content: &str) -> File {
    File {
        path: path.display().to_string(),
        content: content.into(),
        owner: "root".into(),
        group: "0".into(),
        mode: 0o640,
    }
}

#[tokio::test]
async fn a_file_is_written_whole_with_owner_and_mode() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    let path = sshd.path("a dir/it's a \"file\"");
    let wanted = file(&path, "first");
    host.write(&wanted).await.expect("written");
    let parent = std::fs::metadata(path.parent().expect("a parent")).expect("made");
    assert_eq!(parent.permissions().mode() & 0o7777, 0o755);
    for content in ["", "no newline", &"x\n".repeat(600_000)] {
        host.write(&file(&path, content)).await.expect("written");
        assert_eq!(std::fs::read_to_string(&path).expect("there"), content);
    }
    let meta = std::fs::metadata(&path).expect("there");
    assert_eq!(meta.permissions().mode() & 0o7777, 0o640);
    let names = std::fs::read_dir(path.parent().expect("a parent")).expect("listed").count();
    assert_eq!(names, 1, "nothing is left beside it");
    let nobody = File { owner: "no-such-user".into(), ..wanted };
    let error = host.write(&nobody).await.expect_err("no such owner");
    assert!(error.to_string().contains("no-such-user"), "{error}");
    assert_eq!(std::fs::metadata(&path).expect("there").len(), 1_200_000, "untouched");
}

#[tokio::test]
async fn a_write_that_is_cut_in_the_middle_leaves_the_old_file() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    let path = sshd.path("precious");
    host.write(&file(&path, "old")).await.expect("written");
    for _ in 0..5 {
        let big = file(&path, &"new".repeat(2_000_000));
        let writing = tokio::spawn({
            let host = host.clone();
            async move { host.write(&big).await }
        });
        let beside = || {
            let names = std::fs::read_dir(sshd.dir.path()).expect("listed").flatten();
            let mut sizes = names
                .filter(|name| name.file_name().to_string_lossy().starts_with(".precious."))
                .filter_map(|name| std::fs::metadata(name.path().join("new")).ok());
            sizes.any(|meta| meta.len() > 0)
        };
        until("the transfer", beside).await;
        sshd.kill_sessions();
        if let Err(error) = writing.await.expect("no panic") {
            assert!(error.is_lost(), "{error}");
            assert_eq!(std::fs::read_to_string(&path).expect("there"), "old");
        } else {
            host.write(&file(&path, "old")).await.expect("written");
        }
        for name in std::fs::read_dir(sshd.dir.path()).expect("listed").flatten() {
            if name.file_name().to_string_lossy().starts_with(".precious.") {
                let _ = std::fs::remove_dir_all(name.path());
            }
        }
    }
}

fn sum(data: &[u8]) -> String {
    Sha256::digest(data).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn an_upload_skips_what_is_there_and_goes_on_where_it_stopped() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    let data: Vec<u8> = (0..5_000_000u32).flat_map(u32::to_le_bytes).collect();
    let (local, remote) = (sshd.path("local"), sshd.path("remote"));
    std::fs::write(&local, &data).expect("written");
    let to = remote.display().to_string();
    let done = host.transfer(&local, &to, 0o755, &sum(&data)).await.expect("sent");
    assert_eq!(done, Upload::Sent { from: 0 });
    assert_eq!(std::fs::read(&remote).expect("there"), data);
    assert_eq!(std::fs::metadata(&remote).expect("there").permissions().mode() & 0o777, 0o755);
    let again = host.transfer(&local, &to, 0o755, &sum(&data)).await.expect("looked");
    assert_eq!(again, Upload::Present);

    std::fs::remove_file(&remote).expect("removed");
    let arrived = |data: &[u8]| {
        let room = sshd.path(".remote.breakwater-upload");
        std::fs::create_dir(&room).expect("made");
        std::fs::set_permissions(&room, PermissionsExt::from_mode(0o700)).expect("closed");
        std::fs::write(room.join("part"), data).expect("written");
    };
    arrived(&data[..7_000_000]);
    let done = host.transfer(&local, &to, 0o755, &sum(&data)).await.expect("sent");
    assert_eq!(done, Upload::Sent { from: 7_000_000 });
    assert_eq!(std::fs::read(&remote).expect("there"), data);

    std::fs::remove_file(&remote).expect("removed");
    arrived(b"something else");
    let done = host.transfer(&local, &to, 0o755, &sum(&data)).await.expect("sent");
    assert_eq!(done, Upload::Sent { from: 0 });

    std::fs::remove_file(&remote).expect("removed");
    let error = host.upload(&local, &to, 0o755, &sum(b"other")).await.expect_err("not that file");
    assert!(error.to_string().contains("SHA-256"), "{error}");
    assert!(!remote.exists());

    // Another user's directory of that name is none of ours.
    let room = sshd.path(".remote.breakwater-upload");
    let _ = std::fs::remove_dir_all(&room);
    std::fs::create_dir(&room).expect("made");
    std::os::unix::fs::symlink(sshd.path("precious"), room.join("part")).expect("linked");
    std::os::unix::fs::chown(&room, Some(65534), Some(65534)).expect("given");
    host.upload(&local, &to, 0o755, &sum(&data)).await.expect("sent");
    assert!(!sshd.path("precious").exists() && !room.exists());
}

#[tokio::test]
async fn a_job_survives_the_connection_and_its_result_is_picked_up() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    let (began, go) = (sshd.path("began"), sshd.path("go"));
    let script = format!(
        "echo x >>{}; until [ -e {} ]; do sleep 0.05; done; echo out; echo err >&2; exit 5",
        began.display(),
        go.display()
    );
    let job = || {
        let (host, script) = (host.clone(), script.clone());
        tokio::spawn(async move { host.job("a-job", &script, LIMIT).await })
    };
    let first = job();
    until("the job", || began.exists()).await;
    let second = job();
    let other = host.job("a-job", "true", LIMIT).await.expect_err("another script");
    assert!(matches!(other, HostError::JobBusy { .. }), "{other}");
    let tokens = sshd.path("run/jobs/a-job/tokens");
    let waiters = || std::fs::read_to_string(&tokens).unwrap_or_default().lines().count();
    until("the second one's attaching", || waiters() == 2).await;
    sshd.kill_sessions();
    host.ask("true", LIMIT).await.expect("connected again");
    std::fs::write(&go, "").expect("written");
    for waiter in [first, second] {
        let output = waiter.await.expect("no panic").expect("collected");
        assert_eq!((&*output.stdout(), &*output.stderr()), ("out\n", "err\n"));
        assert_eq!(output.status, 5);
    }
    assert_eq!(sshd.read("began"), "x\n", "it ran once");
    assert!(!sshd.path("run/jobs/a-job/script").exists(), "its text is gone");
    job().await.expect("no panic").expect("ran again");
    assert_eq!(sshd.read("began"), "x\nx\n");
}

#[tokio::test]
async fn a_success_that_nobody_collected_is_collected_and_a_failure_runs_again() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    for (name, status, runs) in [("good", 0, 1), ("bad", 3, 2)] {
        let count = sshd.path(name);
        let script = format!("echo x >>{}; exit {status}", count.display());
        let task = tokio::spawn({
            let (host, script, name) = (host.clone(), script.clone(), name.to_owned());
            async move { host.job(&name, &script, LIMIT).await }
        });
        until("the job's end", || {
            sshd.path(&format!("run/jobs/{name}/status")).exists() || task.is_finished()
        })
        .await;
        task.abort();
        let _ = task.await;
        let _ = std::fs::rename(
            sshd.path(&format!("run/jobs/{name}/collected")),
            sshd.path(&format!("run/jobs/{name}/status")),
        );
        let output = host.job(name, &script, LIMIT).await.expect("done");
        assert_eq!(output.status, status);
        assert_eq!(std::fs::read_to_string(&count).expect("ran").lines().count(), runs, "{name}");
    }
}

#[tokio::test]
async fn a_success_from_before_the_host_was_looked_at_is_not_collected() {
    let sshd = Sshd::start();
    let count = sshd.path("count");
    let script = format!("echo x >>{}", count.display());
    sshd.host().await.job("again", &script, LIMIT).await.expect("ran");
    let (collected, status) = ("run/jobs/again/collected", "run/jobs/again/status");
    std::fs::rename(sshd.path(collected), sshd.path(status)).expect("as if nobody had");
    // A process that began later: whole seconds are compared.
    let ended: u64 = sshd.read("run/jobs/again/ended").trim().parse().expect("seconds");
    let earlier = ended.checked_sub(5).expect("the machine runs longer than that");
    std::fs::write(sshd.path("run/jobs/again/ended"), earlier.to_string()).expect("written");
    sshd.host().await.job("again", &script, LIMIT).await.expect("ran again");
    assert_eq!(sshd.read("count"), "x\nx\n");
}

#[tokio::test]
async fn a_job_ends_at_the_first_command_that_fails() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    let output = host.job("stops", "echo before; false; echo after", LIMIT).await.expect("ended");
    assert_eq!((output.status, &*output.stdout()), (1, "before\n"));
}

#[tokio::test]
async fn a_job_ends_at_its_limit_and_a_killed_one_is_not_started_again() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    let error = host.job("slow", "sleep 100", Duration::from_secs(1)).await.expect_err("slow");
    assert!(matches!(error, HostError::Timeout { .. }), "{error}");
    let count = sshd.path("count");
    let script = format!(
        "echo x >>{}; kill -9 $PPID $(cut -d ' ' -f 4 /proc/$PPID/stat); sleep 100",
        count.display()
    );
    let error = host.job("killed", &script, LIMIT).await.expect_err("killed");
    assert!(error.to_string().contains("ended from outside"), "{error}");
    assert_eq!(sshd.read("count"), "x\n");
}

#[tokio::test]
async fn a_lock_is_refused_to_others_and_names_its_holder() {
    let sshd = Sshd::start();
    let (mine, theirs) = (sshd.host().await, sshd.host().await);
    let lock = mine.lock("alice, run 7").await.expect("free");
    assert!(lock.is_held());
    let error = theirs.lock("bob").await.expect_err("held");
    let HostError::LockHeld { holder, .. } = &error else { panic!("{error}") };
    assert!(holder.contains("alice, run 7, since 20") && holder.contains("127.0.0.1"), "{holder}");
    lock.release().await;
    let lock = theirs.lock("bob").await.expect("free again");
    drop(lock);
    let lock = mine.lock("alice").await.expect("a dropped lock falls soon");
    // In one process the second one waits.
    let waiting = tokio::spawn({
        let mine = mine.clone();
        async move { mine.lock("alice's other half").await.map(drop) }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    lock.release().await;
    waiting.await.expect("no panic").expect("its turn");
}

#[tokio::test]
async fn a_lock_falls_with_its_holder_and_is_taken_again_on_a_new_connection() {
    let sshd = Sshd::start();
    let (mine, theirs) = (sshd.host().await, sshd.host().await);
    let lock = mine.lock("alice").await.expect("free");
    sshd.kill_sessions();
    until("the loss", || !lock.is_held()).await;
    mine.ask("true", LIMIT).await.expect("connected again");
    assert!(lock.is_held(), "taken again before the question");
    let error = theirs.lock("bob").await.expect_err("still held");
    assert!(matches!(error, HostError::LockHeld { .. }), "{error}");

    sshd.kill_sessions();
    until("the loss", || !lock.is_held()).await;
    let stolen = theirs.lock("bob").await.expect("it fell with the connection");
    let error = mine.ask("true", LIMIT).await.expect_err("somebody else has it now");
    assert!(matches!(error, HostError::LockHeld { .. }), "{error}");
    drop(stolen);
    drop(lock);
    mine.ask("true", LIMIT).await.expect("without a lock there is nothing to take again");
}

#[tokio::test]
async fn a_lock_whose_old_connection_still_hangs_on_the_host_is_taken_over() {
    let sshd = Sshd::start();
    let pool = Pool::new(Settings { ..sshd.settings() });
    let host = pool.host(&sshd.target(), None, Patience::Once).await.expect("connected");
    let lock = host.lock("alice").await.expect("free");
    let old = sshd.sessions();
    signal_all("STOP", &old);
    until("the loss", || !lock.is_held()).await;
    host.ask("true", LIMIT).await.expect("connected again");
    assert!(lock.is_held());
    signal_all("KILL", &old);
}
