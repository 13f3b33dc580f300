//! `PostgreSQL` through a host: over TCP as any role, or on its socket as the system user
//! `postgres`, without a password.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rustls::pki_types::ServerName;
use tokio_postgres::tls::{ChannelBinding, NoTls, TlsConnect};
use tokio_postgres::{Client, Config, SimpleQueryMessage};
use tokio_rustls::TlsConnector;

use crate::host::channel::Event;
use crate::host::channel::frame::nonce;
use crate::host::channel::stream::Stream;
use crate::host::connection::Host;
use crate::host::error::HostError;
use crate::host::run::sudo::start;
use crate::host::script::{PREAMBLE, check_script};
use crate::host::through::{Through, Watch};
use crate::host::tunnel::tls::{end_point, trusting_anybody};
use crate::secret::Secret;
use crate::shell;

/// For logging in and all statements of one call: creating an index may take its time.
const LIMIT: Duration = Duration::from_secs(600);

/// Bytes that a server may answer in one call: the client keeps them all.
const ANSWERS: usize = 16 << 20;

/// Bytes that may come before a stream is ready.
const BEFORE: usize = 64 << 10;

/// One row: column name to value as text; `None` is NULL.
pub type Row = BTreeMap<String, Option<String>>;

/// A database of a server, as seen from the host, and who logs in.
#[derive(Clone, Debug)]
pub struct Endpoint {
    address: ServerAddress,
    user: String,
    password: Option<Secret>,
    database: String,
}

#[derive(Clone, Debug)]
enum ServerAddress {
    Peer { path: String },
    Tcp { host: String, port: u16, tls: bool },
}

impl Endpoint {
    /// As the system user and role `postgres` on the server's Unix socket
    /// (`/var/run/postgresql/.s.PGSQL.5432`), by peer authentication.
    pub fn socket(path: &str, database: &str) -> Self {
        let address = ServerAddress::Peer { path: path.to_owned() };
        Self { address, user: "postgres".to_owned(), password: None, database: database.to_owned() }
    }

    /// Over TCP. With `sslmode` `disable` in clear; with any other over TLS whose certificate is
    /// not checked, as libpq does for `require`.
    pub fn tcp(
        host: &str,
        port: u16,
        user: &str,
        password: &Secret,
        database: &str,
        sslmode: &str,
    ) -> Self {
        Self {
            address: ServerAddress::Tcp { host: host.to_owned(), port, tls: sslmode != "disable" },
            user: user.to_owned(),
            password: Some(password.clone()),
            database: database.to_owned(),
        }
    }
}

/// Runs statements one by one, each in its own transaction, and gives the rows of the last one.
pub async fn query(
    host: &Host,
    endpoint: &Endpoint,
    statements: &[String],
) -> Result<Vec<Row>, HostError> {
    let doing = format!("run SQL in the database {} as {}", endpoint.database, endpoint.user);
    let work = async {
        let (client, connection) = connect(host, endpoint, &doing).await?;
        let mut rows = Vec::new();
        for statement in statements {
            let messages = client.simple_query(statement).await;
            rows = read_rows(messages.map_err(|error| failed(host, &doing, &error))?);
        }
        drop(client);
        connection.abort();
        Ok(rows)
    };
    match tokio::time::timeout(LIMIT, work).await {
        Ok(done) => done,
        Err(_) => Err(HostError::Timeout {
            host: host.name().to_owned(),
            doing: doing.clone(),
            limit: LIMIT,
        }),
    }
}

async fn connect(
    host: &Host,
    endpoint: &Endpoint,
    doing: &str,
) -> Result<(Client, tokio::task::JoinHandle<()>), HostError> {
    let mut config = Config::new();
    config.user(&endpoint.user).dbname(&endpoint.database).application_name("breakwater");
    config.options(crate::sql::STARTUP);
    if let Some(password) = &endpoint.password {
        config.password(password.expose());
    }
    let error = |error: tokio_postgres::Error| failed(host, doing, &error);
    match &endpoint.address {
        ServerAddress::Peer { path } => {
            let stream = bounded(as_postgres(host, path, doing).await?);
            let (client, connection) = config.connect_raw(stream, NoTls).await.map_err(error)?;
            Ok((client, tokio::spawn(async move { drop(connection.await) })))
        }
        ServerAddress::Tcp { host: server, port, tls: false } => {
            let stream = bounded(host.tcp(server, *port).await?);
            let (client, connection) = config.connect_raw(stream, NoTls).await.map_err(error)?;
            Ok((client, tokio::spawn(async move { drop(connection.await) })))
        }
        ServerAddress::Tcp { host: server, port, tls: true } => {
            let stream = bounded(host.tcp(server, *port).await?);
            config.ssl_mode(tokio_postgres::config::SslMode::Require);
            let tls = Tls { server: server.clone() };
            let (client, connection) = config.connect_raw(stream, tls).await.map_err(error)?;
            Ok((client, tokio::spawn(async move { drop(connection.await) })))
        }
    }
}

fn read_rows(messages: Vec<SimpleQueryMessage>) -> Vec<Row> {
    let rows = messages.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    rows.map(|row| {
        let columns = row.columns().iter().enumerate();
        let value = |i| row.try_get(i).ok().flatten().map(str::to_owned);
        columns.map(|(i, column)| (column.name().to_owned(), value(i))).collect()
    })
    .collect()
}

/// The server's own words, never the statement: it may hold a verifier.
fn failed(host: &Host, doing: &str, error: &tokio_postgres::Error) -> HostError {
    let (code, reason) = if let Some(db) = error.as_db_error() {
        let extra = [db.detail(), db.hint()].into_iter().flatten();
        let reason = extra.fold(db.message().to_owned(), |text, more| format!("{text}; {more}"));
        (Some(db.code().code().to_owned()), reason)
    } else {
        let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
        (None, format!("{error}{}", cause.unwrap_or_default()))
    };
    let (host, doing) = (host.name().to_owned(), doing.to_owned());
    HostError::Sql { host, doing, code, reason }
}

/// A stream to a Unix socket on the host, opened there by the system user `postgres`.
///
/// sshd would open it as the login user, whom the server does not take for `postgres`; and perl is
/// on every Debian and on every host with postgresql-common.
async fn as_postgres(host: &Host, path: &str, doing: &str) -> Result<Stream, HostError> {
    let word = nonce();
    let program = format!(
        "{PREAMBLE}exec runuser -u postgres -- perl -e {} {} {word}\n",
        shell::word(PROXY),
        shell::word(path)
    );
    check_script(host.name(), doing, &program)?;
    let opened = host.lasting_channel(doing).await?;
    let (session, mut channel) = start(opened, doing, &program, &word).await?;
    let ready = format!("bw-begin-{word}\n").into_bytes();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    loop {
        if out.len().max(err.len()) > BEFORE {
            let (host, doing) = (host.name().to_owned(), doing.to_owned());
            return Err(HostError::TooLong { host, doing, limit: BEFORE });
        }
        match channel.next().await {
            Event::Out(data) => {
                out.extend_from_slice(&data);
                if let Some(at) = out.windows(ready.len()).position(|window| window == ready) {
                    let rest = Bytes::from(out.split_off(at + ready.len()));
                    return Ok(Stream::with_rest(channel, rest));
                }
            }
            Event::Err(data) => err.extend_from_slice(&data),
            Event::End(false) => return Err(session.lost_error(doing, channel.end_reason())),
            Event::End(true) | Event::Flood => {
                let reason = String::from_utf8_lossy(&err).trim().to_owned();
                let (host, doing) = (host.name().to_owned(), doing.to_owned());
                return Err(HostError::Sql { host, doing, code: None, reason });
            }
            Event::Status(_) | Event::Eof => {}
        }
    }
}

const PROXY: &str = r#"use strict; use IO::Socket::UNIX; use IO::Select;
my ($path, $word) = @ARGV;
my $s = IO::Socket::UNIX->new(Peer => $path) or die "connect to $path: $!\n";
sub put {
  my ($to, $data) = @_;
  for (my $at = 0; $at < length $data;) {
    my $n = syswrite($to, $data, length($data) - $at, $at);
    exit 1 unless defined $n;
    $at += $n;
  }
}
put(\*STDOUT, "bw-begin-$word\n");
my $r = IO::Select->new($s, \*STDIN);
while (1) {
  for my $from ($r->can_read) {
    my $n = sysread($from, my $data, 65536);
    if (!$n) {
      exit 0 if fileno($from) == fileno($s);
      $r->remove($from);
      shutdown($s, 1);
      next;
    }
    put(fileno($from) == fileno($s) ? \*STDOUT : $s, $data);
  }
}
"#;

/// Ends a stream that gives more than this.
struct SizeLimit(usize);

/// What a server answers, bounded.
type LimitedStream = Through<Stream, SizeLimit>;

fn bounded(stream: Stream) -> LimitedStream {
    Through { stream, watch: SizeLimit(ANSWERS) }
}

impl Watch<Stream> for SizeLimit {
    fn after_read(&mut self, size: usize) -> io::Result<()> {
        let left = self.0.checked_sub(size);
        self.0 = left.unwrap_or_default();
        let why = || io::Error::other(format!("the server answered more than {ANSWERS} bytes"));
        left.map(drop).ok_or_else(why)
    }
}

/// Makes TLS of a stream, for the `PostgreSQL` client.
struct Tls {
    server: String,
}

type Encrypted = Through<tokio_rustls::client::TlsStream<LimitedStream>, ()>;

impl TlsConnect<LimitedStream> for Tls {
    type Stream = Encrypted;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted>> + Send>>;

    fn connect(self, stream: LimitedStream) -> Self::Future {
        Box::pin(async move {
            let config = trusting_anybody().map_err(io::Error::other)?;
            let name = ServerName::try_from(self.server).map_err(io::Error::other)?;
            let connector = TlsConnector::from(Arc::new(config));
            let stream = connector.connect(name, stream).await?;
            Ok(Through { stream, watch: () })
        })
    }
}

impl tokio_postgres::tls::TlsStream for Encrypted {
    /// SCRAM then proves the server's certificate, which nobody verifies otherwise.
    fn channel_binding(&self) -> ChannelBinding {
        let (_, session) = self.stream.get_ref();
        let own = session.peer_certificates().and_then(|chain| chain.first());
        own.and_then(|own| end_point(own))
            .map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
    }
}
