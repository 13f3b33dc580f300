//! Logins through a host: whether a server is reached from there and lets somebody in.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, BufStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::host::channel::stream::Stream;
use crate::host::connection::Host;
use crate::host::error::HostError;
use crate::host::tunnel::resp::{Reply, call};
use crate::host::tunnel::sql::{Endpoint, query};
use crate::host::tunnel::tls::{install_ring, trusting, trusting_anybody};
use crate::question::{Login, Redis, Verdict};
use crate::step::Server;

/// For the connection alone. sshd's own attempt goes on for minutes where nobody answers, and a session
/// that waits for that is given up.
const CONNECT: Duration = Duration::from_secs(5);
/// For all of a login.
const LIMIT: Duration = Duration::from_secs(10);

/// Log in from the host, and leave.
pub async fn attempt(host: &Host, login: &Login) -> Verdict {
    match login {
        Login::Postgres { server, database } => postgres(host, server, database).await,
        Login::Redis(redis) => any_redis(host, redis).await,
    }
}

/// The verdict, or that there was none in time.
async fn in_time(verdict: impl Future<Output = Verdict>) -> Verdict {
    let late = || Verdict::Unreachable(format!("it did not answer within {} s", LIMIT.as_secs()));
    timeout(LIMIT, verdict).await.unwrap_or_else(|_| late())
}

async fn postgres(host: &Host, server: &Server, database: &str) -> Verdict {
    let Server::Tcp { host: name, port, user, password, sslmode } = server else {
        return Verdict::Unknown("it is a socket".to_owned());
    };
    // As libpq: what is tried first, and what then.
    let modes: &[&str] = match sslmode.as_str() {
        "disable" => &["disable"],
        "allow" => &["disable", "require"],
        "prefer" => &["require", "disable"],
        _ => &["require"],
    };
    // A server that is not reached is not waited for by the session: see `CONNECT`.
    if let Err(verdict) = open(host, name, *port).await {
        return verdict;
    }
    let mut verdict = Verdict::Unknown(String::new());
    for mode in modes {
        let endpoint = Endpoint::tcp(name, *port, user, password, database, mode);
        let statements = ["SELECT 1".to_owned()];
        let asked = Box::pin(query(host, &endpoint, &statements));
        let asked = async { asked.await.map_or_else(|e| of_postgres(&e), |_| Verdict::Accepted) };
        verdict = in_time(asked).await;
        if verdict == Verdict::Accepted {
            break;
        }
    }
    verdict
}

/// Only what is certain: a pooler, for one, refuses what a server takes.
fn of_postgres(error: &HostError) -> Verdict {
    match error {
        // A rule that lets in the containers' networks need not let in the host.
        HostError::Sql { code: Some(_), reason, .. } if reason.contains("pg_hba.conf") => {
            Verdict::Unknown(reason.clone())
        }
        HostError::Sql { code: Some(code), reason, .. } if code.starts_with("28") => {
            Verdict::Refused(reason.clone())
        }
        HostError::Sql { code: Some(code), reason, .. } if code == "3D000" => {
            Verdict::NotThere(reason.clone())
        }
        HostError::Sql { code: None, reason, .. } if reason.contains("does not support TLS") => {
            Verdict::NoTls("the server does not support TLS".to_owned())
        }
        error => of_connection(error),
    }
}

fn of_connection(error: &HostError) -> Verdict {
    match error {
        // Whether the server is there sshd alone knows, and it may be told not to look.
        HostError::Refused { reason, .. } if reason.contains("ConnectFailed") => {
            Verdict::Unreachable(
                "the connection was refused, or its name is not known there".to_owned(),
            )
        }
        error => Verdict::Unknown(error.to_string()),
    }
}

async fn open(host: &Host, server: &str, port: u16) -> Result<Stream, Verdict> {
    match timeout(CONNECT, host.tcp(server, port)).await {
        Ok(opened) => opened.map_err(|error| of_connection(&error)),
        Err(_) => Err(Verdict::Unreachable(format!("no answer within {} s", CONNECT.as_secs()))),
    }
}

async fn any_redis(host: &Host, redis: &Redis) -> Verdict {
    let Some(master) = &redis.master else {
        let Some((server, port)) = redis.servers.first() else {
            return Verdict::Unknown("there is no server".to_owned());
        };
        return in_time(Box::pin(one_redis(host, redis, server, *port))).await;
    };
    let mut last = Verdict::Unknown("there are no sentinels".to_owned());
    for (sentinel, port) in &redis.servers {
        let asked = timeout(LIMIT, Box::pin(ask_sentinel(host, redis, (sentinel, *port), master)));
        match asked.await {
            Ok(Ok((server, port))) => {
                return in_time(Box::pin(one_redis(host, redis, &server, port))).await;
            }
            Ok(Err(verdict)) => last = verdict,
            Err(_) => last = Verdict::Unreachable(format!("{sentinel} did not answer")),
        }
    }
    last
}

async fn one_redis(host: &Host, redis: &Redis, server: &str, port: u16) -> Verdict {
    let stream = match open(host, server, port).await {
        Ok(stream) => stream,
        Err(verdict) => return verdict,
    };
    if !redis.tls {
        return logged_in(BufStream::new(stream), redis).await;
    }
    match encrypted(stream, server, redis).await {
        Err(verdict) => verdict,
        Ok(_) if redis.trust.is_none() => Verdict::Accepted,
        Ok(stream) => logged_in(BufStream::new(stream), redis).await,
    }
}

async fn encrypted(
    stream: Stream,
    server: &str,
    redis: &Redis,
) -> Result<tokio_rustls::client::TlsStream<Stream>, Verdict> {
    install_ring();
    let config = redis.trust.as_deref().map_or_else(trusting_anybody, trusting);
    let config = config.map_err(Verdict::NoTls)?;
    let name = ServerName::try_from(server.to_owned());
    let name = name.map_err(|error| Verdict::Unknown(error.to_string()))?;
    let connector = TlsConnector::from(Arc::new(config));
    let connected = connector.connect(name, stream).await;
    connected.map_err(|error| Verdict::NoTls(error.to_string()))
}

/// `AUTH` and `PING`, as every client of Harbor's begins.
async fn logged_in<S>(mut stream: BufStream<S>, redis: &Redis) -> Verdict
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if let Some(password) = &redis.password {
        let words = ["AUTH"].into_iter().chain(redis.username.as_deref());
        let words: Vec<&str> = words.chain([password.expose()]).collect();
        match call(&mut stream, &words).await {
            Ok(Reply::Error(why)) => return refused(why),
            Ok(_) => {}
            Err(why) => return Verdict::Unknown(why),
        }
    }
    match call(&mut stream, &["PING"]).await {
        Ok(Reply::Error(why)) if why.starts_with("NOAUTH") => Verdict::Refused(why),
        Ok(Reply::Error(why)) if is_of_the_server(&why) => refused(why),
        // It may not be allowed to this user, or the server still loads: it is let in.
        Ok(_) => Verdict::Accepted,
        Err(why) => Verdict::Unknown(why),
    }
}

/// Said to every client alike, whatever its password.
fn is_of_the_server(why: &str) -> bool {
    why.starts_with("DENIED") || why.starts_with("ERR max number of clients")
}

fn refused(why: String) -> Verdict {
    if why.starts_with("DENIED") {
        Verdict::Unreachable(
            "it is in protected mode, and takes connections of its own host alone".to_owned(),
        )
    } else if is_of_the_server(&why) {
        Verdict::Unknown(why)
    } else {
        Verdict::Refused(why)
    }
}

async fn ask_sentinel(
    host: &Host,
    redis: &Redis,
    (sentinel, port): (&str, u16),
    master: &str,
) -> Result<(String, u16), Verdict> {
    let stream = open(host, sentinel, port).await?;
    if redis.tls {
        let stream = encrypted(stream, sentinel, redis).await?;
        return master_of(BufStream::new(stream), master).await;
    }
    master_of(BufStream::new(stream), master).await
}

async fn master_of<S>(mut stream: BufStream<S>, master: &str) -> Result<(String, u16), Verdict>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let question = ["SENTINEL", "get-master-addr-by-name", master];
    let reply = call(&mut stream, &question).await.map_err(Verdict::Unknown)?;
    let parts = match reply {
        Reply::Nothing => {
            let why = format!("the sentinels watch no master named {master}");
            return Err(Verdict::NotThere(why));
        }
        Reply::Many(parts) => parts,
        other => return Err(Verdict::Unknown(format!("the sentinel answers {other:?}"))),
    };
    match &parts[..] {
        [Reply::Text(server), Reply::Text(port)] => {
            let port = port.parse().map_err(|_| Verdict::Unknown("no port".to_owned()))?;
            Ok((server.clone(), port))
        }
        _ => Err(Verdict::Unknown("the sentinel names no address".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::secret::Secret;

    /// A server that waits for each of these commands and answers; then it closes the connection.
    fn server(script: Vec<(&'static str, &'static str)>) -> BufStream<tokio::io::DuplexStream> {
        let (ours, mut theirs) = tokio::io::duplex(1 << 16);
        tokio::spawn(async move {
            for (wanted, answer) in script {
                let mut seen = vec![0; wanted.len()];
                theirs.read_exact(&mut seen).await.expect("a command");
                assert_eq!(String::from_utf8_lossy(&seen), wanted);
                theirs.write_all(answer.as_bytes()).await.expect("answered");
            }
        });
        BufStream::new(ours)
    }

    fn redis(username: Option<&str>, password: Option<&str>) -> Redis {
        Redis {
            servers: vec![("redis.example.com".to_owned(), 6379)],
            master: None,
            username: username.map(str::to_owned),
            password: password.map(Secret::from),
            tls: false,
            trust: None,
        }
    }

    const PING: &str = "*1\r\n$4\r\nPING\r\n";
    const AUTH: &str = "*2\r\n$4\r\nAUTH\r\n$5\r\ns3cr-\r\n";

    #[tokio::test]
    async fn a_password_is_accepted_refused_needed_or_too_much() {
        let with = |password: Option<&'static str>, script| async move {
            logged_in(server(script), &redis(None, password)).await
        };
        let refused = |why: &str| Verdict::Refused(why.to_owned());
        let good = vec![(AUTH, "+OK\r\n"), (PING, "+PONG\r\n")];
        assert_eq!(with(Some("s3cr-"), good).await, Verdict::Accepted);
        let wrong = vec![(AUTH, "-WRONGPASS invalid\r\n")];
        assert_eq!(with(Some("s3cr-"), wrong).await, refused("WRONGPASS invalid"));
        let none = "-ERR Client sent AUTH, but no password is set\r\n";
        let superfluous = with(Some("s3cr-"), vec![(AUTH, none)]).await;
        assert_eq!(superfluous, refused("ERR Client sent AUTH, but no password is set"));
        let needed = with(None, vec![(PING, "-NOAUTH Authentication required.\r\n")]).await;
        assert_eq!(needed, refused("NOAUTH Authentication required."));
        assert_eq!(with(None, vec![(PING, "+PONG\r\n")]).await, Verdict::Accepted);
    }

    #[tokio::test]
    async fn a_user_is_named_and_what_it_may_do_is_another_matter() {
        let auth = "*3\r\n$4\r\nAUTH\r\n$6\r\nharbor\r\n$5\r\ns3cr-\r\n";
        let script = vec![(auth, "+OK\r\n"), (PING, "-NOPERM this user has no permissions\r\n")];
        let verdict = logged_in(server(script), &redis(Some("harbor"), Some("s3cr-"))).await;
        assert_eq!(verdict, Verdict::Accepted);
    }

    #[tokio::test]
    async fn what_says_nothing_of_the_password_is_no_refusal() {
        let say = |answer: &'static str| async move {
            logged_in(server(vec![(AUTH, answer)]), &redis(None, Some("s3cr-"))).await
        };
        let denied = say("-DENIED Redis is running in protected mode\r\n").await;
        assert!(matches!(denied, Verdict::Unreachable(_)), "{denied:?}");
        for answer in ["-ERR max number of clients reached\r\n", "HTTP/1.1 400 Bad Request\r\n", ""]
        {
            let verdict = say(answer).await;
            assert!(matches!(verdict, Verdict::Unknown(_)), "{answer}: {verdict:?}");
        }
    }

    #[tokio::test]
    async fn a_sentinel_names_the_master_or_knows_none() {
        let question = "*3\r\n$8\r\nSENTINEL\r\n$23\r\nget-master-addr-by-name\r\n$2\r\nm1\r\n";
        let ask = |answer: &'static str| master_of(server(vec![(question, answer)]), "m1");
        let there = ask("*2\r\n$8\r\n10.0.4.7\r\n$4\r\n6380\r\n").await;
        assert_eq!(there, Ok(("10.0.4.7".to_owned(), 6380)));
        assert!(matches!(ask("*-1\r\n").await, Err(Verdict::NotThere(_))));
        for odd in [
            "*1\r\n$1\r\nx\r\n",
            "-NOAUTH\r\n",
            "*99999999999\r\n",
            "$99999999\r\n",
            "*1\r\n*1\r\n",
        ] {
            assert!(matches!(ask(odd).await, Err(Verdict::Unknown(_))), "{odd}");
        }
    }

    /// A Redis of this machine's own, where there is one: its very words.
    #[tokio::test]
    async fn a_real_redis_says_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("s");
        let serve = |more: &str| {
            let mut command = std::process::Command::new("redis-server");
            command.args(["--port", "0", "--save", "", "--unixsocket"]).arg(&socket);
            command.args(more.split_whitespace()).stdout(std::process::Stdio::null()).spawn()
        };
        let connected = async || loop {
            if let Ok(stream) = tokio::net::UnixStream::connect(&socket).await {
                break stream;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let attempt = async |username: Option<&str>, password: Option<&str>| {
            let stream = timeout(Duration::from_secs(60), connected()).await.expect("it starts");
            logged_in(BufStream::new(stream), &redis(username, password)).await
        };
        let Ok(mut open) = serve("") else { return };
        let verdicts = [attempt(None, None).await, attempt(None, Some("s3cr-")).await];
        drop((open.kill(), open.wait(), std::fs::remove_file(&socket)));
        let mut closed = serve("--requirepass s3cr-").expect("started");
        let more = [
            attempt(None, Some("s3cr-")).await,
            attempt(None, Some("other")).await,
            attempt(None, None).await,
            attempt(Some("nobody"), Some("s3cr-")).await,
        ];
        drop((closed.kill(), closed.wait()));
        let accepted: Vec<bool> =
            verdicts.iter().chain(&more).map(|v| *v == Verdict::Accepted).collect();
        assert_eq!(accepted, [true, false, true, false, false, false], "{verdicts:?} {more:?}");
        let refused = |v: &&Verdict| matches!(v, Verdict::Refused(_));
        assert_eq!(verdicts.iter().chain(&more).filter(refused).count(), 4);
    }

    #[test]
    fn a_database_s_refusal_is_told_from_what_a_pooler_says() {
        let error = |code: Option<&str>, reason: &str| HostError::Sql {
            host: "a".into(),
            doing: "x".into(),
            code: code.map(str::to_owned),
            reason: reason.into(),
        };
        let of = |code, reason| of_postgres(&error(code, reason));
        assert!(matches!(of(Some("28P01"), "no"), Verdict::Refused(_)));
        assert!(matches!(
            of(Some("28000"), "role is not permitted to log in"),
            Verdict::Refused(_)
        ));
        assert!(matches!(of(Some("28000"), "no pg_hba.conf entry for host"), Verdict::Unknown(_)));
        assert!(matches!(of(Some("3D000"), "no"), Verdict::NotThere(_)));
        let tls = "error performing TLS handshake: server does not support TLS";
        assert!(matches!(of(None, tls), Verdict::NoTls(_)));
        for code in [Some("08P01"), Some("57P03"), Some("53300"), None] {
            assert!(matches!(of(code, "unsupported startup parameter"), Verdict::Unknown(_)));
        }
        let refused = |reason: &str| HostError::Refused {
            host: "a".into(),
            doing: "x".into(),
            reason: reason.into(),
        };
        assert!(matches!(of_connection(&refused("ConnectFailed")), Verdict::Unreachable(_)));
        let forbidden = of_connection(&refused("AdministrativelyProhibited"));
        assert!(matches!(forbidden, Verdict::Unknown(_)));
    }
}
