//! Streams, HTTP and TLS through the host.

use std::sync::Arc;
use std::time::Duration;

use provider::host::{HostError, http};
use provider::step::Http;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener};
use tokio_rustls::TlsAcceptor;

use crate::sshd::{LIMIT, Sshd};

#[tokio::test]
async fn bytes_pass_both_ways_over_tcp_and_unix_sockets() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    let tcp = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let port = tcp.local_addr().expect("an address").port();
    let path = sshd.path("socket");
    let unix = UnixListener::bind(&path).expect("bound");
    tokio::spawn(async move { echo(tcp.accept().await.expect("accepted").0).await });
    tokio::spawn(async move { echo(unix.accept().await.expect("accepted").0).await });
    let streams = [
        host.tcp("127.0.0.1", port).await.expect("open"),
        host.unix(&path.display().to_string()).await.expect("open"),
    ];
    for mut stream in streams {
        let data: Vec<u8> = (0..3_000_000u32).map(|n| n.to_le_bytes()[0]).collect();
        let (mut read, mut write) = tokio::io::split(&mut stream);
        let mut back = Vec::new();
        let sending = async {
            write.write_all(&data).await.expect("sent");
            write.shutdown().await.expect("shut down");
        };
        let ((), result) = tokio::join!(sending, read.read_to_end(&mut back));
        result.expect("a clean end");
        assert!(back == data);
    }
}

async fn echo(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let (mut read, mut write) = tokio::io::split(&mut stream);
    tokio::io::copy(&mut read, &mut write).await.expect("copied");
    write.shutdown().await.expect("shut down");
}

#[tokio::test]
async fn nobody_listening_is_a_refusal_and_the_connection_lives() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    let error = host.tcp("127.0.0.1", 1).await.expect_err("nobody listens");
    assert!(matches!(error, HostError::Refused { .. }), "{error}");
    let error = host.unix("/nonexistent").await.expect_err("no socket");
    assert!(matches!(error, HostError::Refused { .. }), "{error}");
    host.ask("true", LIMIT).await.expect("alive");
    assert_eq!(sshd.sessions().len(), 1);
}

/// Answers each request with its own text, after reading all of it.
async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>) {
    while let Ok((stream, _)) = listener.accept().await {
        let tls = tls.clone();
        tokio::spawn(async move {
            match tls {
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        answer(stream).await;
                    }
                }
                None => answer(stream).await,
            }
        });
    }
}

async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") && !request.ends_with(b"}") {
        if stream.read_buf(&mut request).await.expect("read") == 0 {
            return;
        }
    }
    let status = if request.starts_with(b"GET /moved") {
        "302 Found\r\nLocation: /x"
    } else {
        "201 Created"
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nSet-Cookie: sid=1\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        request.len()
    );
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&request).await;
    let _ = stream.shutdown().await;
}

fn get(url: String) -> Http {
    Http {
        method: "GET".into(),
        url,
        connect: "127.0.0.1".into(),
        trust: None,
        basic: None,
        bearer: None,
        body: None,
    }
}

#[tokio::test]
async fn requests_carry_credentials_and_bodies_and_no_cookies() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(serve(listener, None));
    let url = format!("http://harbor.example.com:{port}/api?x=1");
    let put = Http {
        method: "PUT".into(),
        basic: Some(("admin".into(), "pass".into())),
        body: Some("{\"a\": 1}".into()),
        ..get(url.clone())
    };
    let (status, seen) = http::send(&host, &put, LIMIT).await.expect("answered");
    let seen = seen.to_lowercase();
    assert_eq!(status, 201);
    assert!(seen.starts_with("put /api?x=1 http/1.1"), "{seen}");
    assert!(seen.contains(&format!("host: harbor.example.com:{port}")), "{seen}");
    assert!(seen.contains("authorization: basic ywrtaw46cgfzcw=="), "{seen}");
    assert!(
        seen.contains("content-type: application/json") && seen.ends_with("{\"a\": 1}"),
        "{seen}"
    );
    let bearer = Http { bearer: Some("token".into()), ..get(url) };
    let (_, seen) = http::send(&host, &bearer, LIMIT).await.expect("answered");
    assert!(seen.to_lowercase().contains("authorization: bearer token"), "{seen}");
    assert!(!seen.to_lowercase().contains("cookie"), "{seen}");
    let moved = get(format!("http://harbor.example.com:{port}/moved"));
    assert_eq!(http::send(&host, &moved, LIMIT).await.expect("answered").0, 302);
}

#[tokio::test]
async fn tls_is_checked_against_the_servers_real_name() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca =
        CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a CA");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["harbor.example.com".into()]).expect("parameters");
    let certificate = params.signed_by(&key, &ca).expect("signed");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let chain = vec![CertificateDer::from(certificate.der().to_vec())];
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key);
    let acceptor = TlsAcceptor::from(Arc::new(config.expect("a configuration")));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(serve(listener, Some(acceptor)));
    let other = KeyPair::generate().expect("a key");
    let other = CertificateParams::new(vec!["harbor.example.com".into()])
        .expect("parameters")
        .self_signed(&other)
        .expect("signed");
    for (name, trust, trusted) in [
        ("harbor.example.com", ca.pem(), true),
        ("other.example.com", ca.pem(), false),
        ("other.example.com", certificate.pem(), true),
        ("harbor.example.com", other.pem(), false),
    ] {
        let request = Http { trust: Some(trust), ..get(format!("https://{name}:{port}/")) };
        let result = http::send(&host, &request, LIMIT).await;
        assert_eq!(result.is_ok(), trusted, "{name}: {:?}", result.err());
    }
    let request = Http { trust: Some("rubbish".into()), ..get(format!("https://x:{port}/")) };
    http::send(&host, &request, LIMIT).await.expect_err("no certificate in it");
}

#[tokio::test]
async fn a_server_that_never_answers_is_a_timeout() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let port = listener.local_addr().expect("an address").port();
    let request = get(format!("http://h:{port}/"));
    let error = http::send(&host, &request, Duration::from_millis(300)).await.expect_err("mute");
    assert!(matches!(error, HostError::Timeout { .. }), "{error}");
}

#[tokio::test]
async fn a_server_that_accepts_and_shows_no_certificate_is_given_up_soon() {
    let sshd = Sshd::start();
    let host = sshd.host().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let port = listener.local_addr().expect("an address").port();
    let request = get(format!("https://h:{port}/"));
    let begun = std::time::Instant::now();
    let error = http::send(&host, &request, Duration::from_secs(60)).await.expect_err("mute");
    assert!(matches!(error, HostError::Timeout { .. }), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(15), "after {:?}", begun.elapsed());
}
