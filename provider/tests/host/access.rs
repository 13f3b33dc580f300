//! Logging in, and whom to trust.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use provider::host::{
    Auth, Credential, Host, HostError, HostKeyPolicy, Patience, Pool, Settings, Target,
};

use crate::sshd::{LIMIT, Sshd, keygen, run};

async fn works(host: Result<Host, HostError>) {
    let host = host.expect("connected");
    assert_eq!(host.ask("echo in", LIMIT).await.expect("answered").stdout(), "in\n");
}

fn authorize(sshd: &Sshd, name: &str) {
    fs::write(sshd.path("authorized_keys"), sshd.read(&format!("{name}.pub"))).expect("written");
}

#[tokio::test]
async fn every_kind_of_key_logs_in() {
    let sshd = Sshd::start();
    for (kind, extra) in [
        ("ed25519", &[][..]),
        ("ecdsa", &[]),
        ("rsa", &["-b", "2048"]),
        ("rsa", &["-b", "2048", "-m", "PEM"]),
        ("ed25519", &["-N", "pass phrase", "-a", "1"]),
    ] {
        let name = format!("user{}", extra.len() + kind.len());
        let args: Vec<&str> = ["-t", kind].iter().chain(extra).copied().collect();
        keygen(sshd.dir.path(), &name, &args);
        authorize(&sshd, &name);
        let passphrase = extra.contains(&"-N").then(|| "pass phrase".into());
        let (pem, path) = (sshd.read(&name).into(), sshd.path(&name));
        let key = Auth::Key { pem, passphrase: passphrase.clone(), certificate: None };
        works(sshd.connect_with(key).await).await;
        let key = Auth::KeyPath { path, passphrase, certificate: None };
        works(sshd.connect_with(key).await).await;
        fs::remove_file(sshd.path(&name)).expect("removed");
    }
}

#[tokio::test]
async fn a_wrong_or_missing_passphrase_is_named() {
    let sshd = Sshd::start();
    keygen(sshd.dir.path(), "locked", &["-t", "ed25519", "-N", "right", "-a", "1"]);
    for passphrase in [None, Some("wrong".into())] {
        let key = Auth::Key { pem: sshd.read("locked").into(), passphrase, certificate: None };
        let error = sshd.connect_with(key).await.expect_err("locked");
        assert!(
            matches!(&error, HostError::BadKey { reason, .. } if reason.contains("passphrase")),
            "{error}"
        );
        assert!(!error.to_string().contains("wrong"), "{error}");
    }
}

#[tokio::test]
async fn a_refused_key_is_named_by_its_fingerprint() {
    let sshd = Sshd::start();
    keygen(sshd.dir.path(), "other", &["-t", "ed25519"]);
    let listing = run("ssh-keygen", &["-lf", &sshd.path("other.pub").display().to_string()]);
    let fingerprint = listing.split(' ').nth(1).expect("a fingerprint").to_owned();
    let error = sshd.connect_with(sshd.key("other")).await.expect_err("refused");
    assert!(matches!(error, HostError::AuthRefused { .. }), "{error}");
    assert!(error.to_string().contains(&fingerprint), "{error}");
    assert!(!error.is_unreachable());
}

#[tokio::test]
async fn the_next_way_is_tried_and_two_are_given_where_two_are_wanted() {
    let sshd = Sshd::start();
    keygen(sshd.dir.path(), "other", &["-t", "ed25519"]);
    let auth = vec![sshd.key("other"), Auth::Password("wrong".into()), sshd.key("id")];
    let default_credential = Credential { auth, ..Credential::default() };
    works(sshd.connect(Settings { default_credential, ..sshd.settings() }).await).await;

    let strict = Sshd::with("AuthenticationMethods publickey,publickey", &["ed25519"]);
    keygen(strict.dir.path(), "second", &["-t", "ed25519"]);
    let both = strict.read("id.pub") + &strict.read("second.pub");
    fs::write(strict.path("authorized_keys"), both).expect("written");
    let auth = vec![strict.key("id"), strict.key("second")];
    let default_credential = Credential { auth, ..Credential::default() };
    works(strict.connect(Settings { default_credential, ..strict.settings() }).await).await;
}

#[tokio::test]
async fn a_certificate_logs_in_where_the_key_alone_does_not() {
    let sshd = Sshd::with("TrustedUserCAKeys DIR/ca.pub", &["ed25519"]);
    keygen(sshd.dir.path(), "ca", &["-t", "ed25519"]);
    let (ca, public) =
        (sshd.path("ca").display().to_string(), sshd.path("id.pub").display().to_string());
    run("ssh-keygen", &["-q", "-s", &ca, "-I", "me", "-n", "root", "-V", "+1h", &public]);
    fs::write(sshd.path("authorized_keys"), "").expect("written");
    let certificate = Some(sshd.read("id-cert.pub"));
    let key = Auth::Key { pem: sshd.read("id").into(), passphrase: None, certificate };
    works(sshd.connect_with(key).await).await;
    let key = Auth::KeyPath { path: sshd.path("id"), passphrase: None, certificate: None };
    works(sshd.connect_with(key).await).await;
    sshd.connect_with(sshd.key("id")).await.expect_err("the key alone");
}

#[tokio::test]
async fn an_agent_signs_with_each_kind_of_key() {
    let sshd = Sshd::start();
    let socket = sshd.path("agent");
    let mut agent = Command::new("ssh-agent")
        .args(["-D", "-a"])
        .arg(&socket)
        .stdout(Stdio::null())
        .spawn()
        .expect("ssh-agent runs");
    crate::sshd::until("the agent's socket", || socket.exists()).await;
    let auth = || Auth::Agent { socket: Some(socket.clone()) };
    let empty = sshd.connect_with(auth()).await.expect_err("no key in it");
    assert!(empty.to_string().contains("holds no key"), "{empty}");
    for kind in ["ed25519", "rsa", "ecdsa"] {
        let name = format!("in_agent_{kind}");
        keygen(sshd.dir.path(), &name, &["-t", kind]);
        let added = Command::new("ssh-add")
            .arg("-q")
            .arg(sshd.path(&name))
            .env("SSH_AUTH_SOCK", &socket)
            .status();
        assert!(added.expect("ssh-add runs").success());
        authorize(&sshd, &name);
        works(sshd.connect_with(auth()).await).await;
    }
    let _ = agent.kill();
    let _ = agent.wait();
    let gone = sshd.connect_with(auth()).await.expect_err("no agent");
    assert!(gone.to_string().contains("the agent ("), "{gone}");
}

#[tokio::test]
async fn a_key_seen_once_is_held_to() {
    let mut sshd = Sshd::start();
    let host = sshd.host().await;
    let seen = host.host_key().to_owned();
    assert!(sshd.read("host_ed25519.pub").starts_with(&seen), "{seen}");
    assert_eq!(host.name(), format!("root@127.0.0.1:{}", sshd.port));
    sshd.restart(true);

    let error = host.ask("true", LIMIT).await.expect_err("another key in the same run");
    assert!(matches!(error, HostError::HostKeyChanged { .. }), "{error}");

    let pool = Pool::new(sshd.settings());
    let error = pool.host(&sshd.target(), Some(&seen), Patience::Once).await.expect_err("changed");
    let HostError::HostKeyChanged { given, presented, .. } = &error else { panic!("{error}") };
    let public = sshd.path("host_ed25519.pub").display().to_string();
    let listing = run("ssh-keygen", &["-lf", &public]);
    assert!(presented.contains(listing.split(' ').nth(1).expect("a fingerprint")), "{error}");
    assert!(given.contains("SHA256:") && given != presented);
    assert!(error.help().contains("ssh.host_key"));

    // The way out: the new key in the configuration comes before the one in state.
    let now = Some(sshd.read("host_ed25519.pub"));
    let target = Target { host_key: now, ..sshd.target() };
    works(Pool::new(sshd.settings()).host(&target, Some(&seen), Patience::Once).await).await;
}

#[tokio::test]
async fn a_live_connection_must_suit_a_later_target_too() {
    let sshd = Sshd::start();
    let pool = Pool::new(sshd.settings());
    let host = pool.host(&sshd.target(), None, Patience::Once).await.expect("connected");
    keygen(sshd.dir.path(), "foreign", &["-t", "ed25519"]);
    let foreign = sshd.read("foreign.pub");
    let error = pool.host(&sshd.target(), Some(&foreign), Patience::Once).await;
    assert!(matches!(error, Err(HostError::HostKeyChanged { .. })));
    let pinned = host.host_key().to_owned();
    works(pool.host(&sshd.target(), Some(&pinned), Patience::Once).await).await;
    assert_eq!(sshd.sessions().len(), 1, "one connection for all");
}

#[tokio::test]
async fn who_says_something_else_of_a_host_is_told_his_own_error() {
    let sshd = Sshd::start();
    keygen(sshd.dir.path(), "foreign", &["-t", "ed25519"]);
    let mut settings = sshd.settings();
    let stranger = Credential { auth: vec![sshd.key("foreign")], ..Credential::default() };
    settings.credentials.insert("stranger".to_owned(), stranger);
    let pool = Pool::new(settings);
    let (right, foreign) = (sshd.read("host_ed25519.pub"), sshd.read("foreign.pub"));
    let with = |key: &str| Target { host_key: Some(key.to_owned()), ..sshd.target() };
    let as_stranger = Target { credential: Some("stranger".to_owned()), ..sshd.target() };
    let (wrong, good, bare) = (with(&foreign), with(&right), sshd.target());

    // All at once, the wrong ones first: nobody waits for an attempt that is not his.
    let once = Patience::Once;
    let (by_key, by_pin, refused, same, plain) = tokio::join!(
        pool.host(&wrong, None, once),
        pool.host(&bare, Some(&foreign), once),
        pool.host(&as_stranger, None, once),
        pool.host(&good, None, once),
        pool.host(&bare, None, once),
    );
    let error = by_key.expect_err("another key in the configuration");
    assert!(error.to_string().contains("ssh.host_key"), "{error}");
    let error = by_pin.expect_err("another key in the state");
    assert!(error.to_string().contains("recorded at first contact"), "{error}");
    let error = refused.expect_err("a key that the host does not know");
    assert!(matches!(error, HostError::AuthRefused { .. }), "{error}");
    works(same).await;
    works(plain).await;

    // And one after the other, when it is reached.
    let error = pool.host(&wrong, None, once).await.expect_err("still another key");
    assert!(error.to_string().contains("ssh.host_key"), "{error}");
    works(pool.host(&good, None, once).await).await;
    let after = || sshd.sessions().len() == 1;
    crate::sshd::until("one connection for all", after).await;
}

#[tokio::test]
async fn a_false_key_that_was_tried_first_does_not_stay() {
    let sshd = Sshd::start();
    keygen(sshd.dir.path(), "foreign", &["-t", "ed25519"]);
    let pool = Pool::new(sshd.settings());
    let wrong = Target { host_key: Some(sshd.read("foreign.pub")), ..sshd.target() };
    pool.host(&wrong, None, Patience::Once).await.expect_err("another key");
    works(pool.host(&sshd.target(), None, Patience::Once).await).await;
}

#[tokio::test]
async fn who_says_something_else_of_a_hop_is_told_so() {
    let (target, hop) = (Sshd::start(), Sshd::start());
    let mut settings = target.settings();
    let auth = vec![hop.key("id")];
    settings.credentials.insert("hop".to_owned(), Credential { auth, ..Credential::default() });
    for (name, key) in [("right", hop.read("host_ed25519.pub")), ("wrong", target.read("id.pub"))] {
        let credential = Some("hop".to_owned());
        let bastion = Target { host_key: Some(key), credential, ..hop.target() };
        let bastions = vec![bastion];
        let auth = vec![target.key("id")];
        let credential = Credential { auth, bastions, ..Credential::default() };
        settings.credentials.insert(name.to_owned(), credential);
    }
    let by = |name: &str| Target { credential: Some(name.to_owned()), ..target.target() };
    let (right, wrong) = (by("right"), by("wrong"));
    let pool = Pool::new(settings);
    for _ in 0..2 {
        let (error, host) = tokio::join!(
            pool.host(&wrong, None, Patience::Once),
            pool.host(&right, None, Patience::Once)
        );
        let error = error.expect_err("another key of the hop");
        assert!(matches!(error, HostError::HostKeyChanged { .. }), "{error}");
        assert!(error.to_string().contains(&hop.port.to_string()), "{error}");
        works(host).await;
    }
}

fn knowing(sshd: &Sshd, lines: &str) -> Settings {
    fs::write(sshd.path("known_hosts"), lines).expect("written");
    Settings {
        known_hosts: vec![sshd.path("known_hosts")],
        host_key_policy: HostKeyPolicy::Strict,
        ..sshd.settings()
    }
}

#[tokio::test]
async fn known_hosts_decides_where_nothing_is_given() {
    let sshd = Sshd::with("", &["ed25519", "rsa", "ecdsa"]);
    let name = format!("[127.0.0.1]:{}", sshd.port);
    let unknown = sshd.connect(knowing(&sshd, "")).await.expect_err("strict");
    assert!(matches!(unknown, HostError::HostKeyUnknown { .. }), "{unknown}");
    // The server prefers ed25519; it shows the one that is known when asked for it first.
    for kind in ["ed25519", "rsa", "ecdsa"] {
        let key = sshd.read(&format!("host_{kind}.pub"));
        let host = sshd.connect(knowing(&sshd, &format!("{name}\t{key}"))).await.expect(kind);
        assert!(key.starts_with(host.host_key()), "{kind}");
        let revoked = format!("{name} {key}@revoked * {key}");
        let error = sshd.connect(knowing(&sshd, &revoked)).await.expect_err("revoked");
        assert!(matches!(error, HostError::HostKeyRevoked { .. }), "{error}");
    }
    keygen(sshd.dir.path(), "foreign", &["-t", "ed25519"]);
    let line = format!("{name} {}", sshd.read("foreign.pub"));
    let error = sshd.connect(knowing(&sshd, &line)).await.expect_err("changed");
    assert!(error.to_string().contains("known_hosts:1"), "{error}");
}

#[tokio::test]
async fn an_authority_vouches_for_a_host_by_name_and_time() {
    let mut sshd = Sshd::with("HostCertificate DIR/host_ed25519-cert.pub", &["ed25519"]);
    keygen(sshd.dir.path(), "ca", &["-t", "ed25519"]);
    let (ca, public) = (
        sshd.path("ca").display().to_string(),
        sshd.path("host_ed25519.pub").display().to_string(),
    );
    let line = format!("@cert-authority [127.0.0.*]:* {}", sshd.read("ca.pub"));
    for (principal, time, trusted) in [
        ("127.0.0.1", "+1h", true),
        ("elsewhere", "+1h", false),
        ("127.0.0.1", "20200101:20200102", false),
    ] {
        let _ = fs::remove_file(sshd.path("host_ed25519-cert.pub"));
        run(
            "ssh-keygen",
            &["-q", "-s", &ca, "-I", "h", "-h", "-n", principal, "-V", time, &public],
        );
        sshd.restart(false);
        let result = sshd.connect(knowing(&sshd, &line)).await;
        assert_eq!(result.is_ok(), trusted, "{principal} {time}: {:?}", result.err());
    }
    let revoked = format!("{line}@revoked * {}", sshd.read("ca.pub"));
    let error = sshd.connect(knowing(&sshd, &revoked)).await.expect_err("revoked authority");
    assert!(
        matches!(error, HostError::HostKeyRevoked { .. } | HostError::HostKeyUnknown { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn hops_are_verified_and_shared() {
    let target = Sshd::start();
    let first = Sshd::start();
    let second = Sshd::start();
    let known = |sshd: &Sshd| Target {
        host_key: Some(sshd.read("host_ed25519.pub")),
        credential: Some(format!("hop{}", sshd.port)),
        ..sshd.target()
    };
    let mut settings = target.settings();
    for hop in [&first, &second] {
        let auth = vec![hop.key("id")];
        let credential = Credential { auth, ..Credential::default() };
        settings.credentials.insert(format!("hop{}", hop.port), credential);
    }
    settings.default_credential.bastions = vec![known(&first), known(&second)];
    works(target.connect(settings.clone()).await).await;

    let trusting = vec![known(&first), Target { host_key: None, ..known(&second) }];
    settings.default_credential.bastions = trusting;
    let error = target.connect(settings.clone()).await.expect_err("an unknown hop");
    assert!(matches!(error, HostError::HostKeyUnknown { .. }), "{error}");
    assert!(error.to_string().contains(&second.port.to_string()), "{error}");

    let wrong = Target { host_key: Some(target.read("host_ed25519.pub")), ..known(&first) };
    settings.default_credential.bastions = vec![wrong];
    let error = target.connect(settings).await.expect_err("a false hop");
    assert!(matches!(error, HostError::HostKeyChanged { bastion: true, .. }), "{error}");
    assert!(error.to_string().contains(&first.port.to_string()), "{error}");
    assert!(error.to_string().contains("its host_key in bastions says"), "{error}");
    assert!(error.help().contains("bastions") && !error.help().contains("ssh.host_key"));
}

#[tokio::test]
async fn nobody_there_is_unreachable_and_a_booting_machine_is_awaited() {
    let mut sshd = Sshd::start();
    sshd.stop();
    let error = sshd.connect(sshd.settings()).await.expect_err("nobody listens");
    assert!(error.is_unreachable(), "{error}");
    let pool = Pool::new(sshd.settings());
    let target = sshd.target();
    let boot = Patience::Boot(Duration::from_secs(20));
    let waiting = tokio::spawn(async move { pool.host(&target, None, boot).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    sshd.restart(false);
    works(waiting.await.expect("no panic")).await;
}

#[tokio::test]
async fn something_else_than_ssh_does_not_hang() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let port = listener.local_addr().expect("an address").port();
    let accepting = tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            open.push(stream);
        }
    });
    let sshd = Sshd::start();
    let settings = Settings { connect_timeout: Duration::from_millis(500), ..sshd.settings() };
    let target = Target { port, ..sshd.target() };
    let error = Pool::new(settings).host(&target, None, Patience::Once).await.expect_err("mute");
    assert!(error.is_unreachable(), "{error}");
    accepting.abort();
}
