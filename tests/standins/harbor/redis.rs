//! Redis as Harbor's parts use it: a URL with everything in it, and a handful
//! of commands in plain RESP. One connection per call, which cannot go stale.

pub mod server;

use std::fmt::Write as _;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::error::{Doing, Result, failure};

const PATIENCE: Duration = Duration::from_secs(5);

/// An answer of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    Text(String),
    Number(i64),
    Nothing,
    Many(Vec<Reply>),
}

impl Reply {
    /// The text, where it is one.
    pub fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Where a Redis is, from its URL.
#[derive(Clone)]
pub struct Redis {
    /// Addresses: one server, or the Sentinels.
    hosts: Vec<String>,
    /// Sentinel's name of the master.
    master: Option<String>,
    username: String,
    password: String,
    index: String,
}

impl Redis {
    /// Parses `redis://[user]:password@host:port/index` and
    /// `redis+sentinel://:password@host1:p1,host2:p2/master/index`.
    /// A password with a character of URL syntax breaks it, as it does there.
    pub fn parse(url: &str) -> Result<Self> {
        let sentinel = url.strip_prefix("redis+sentinel://");
        let rest = sentinel
            .or_else(|| url.strip_prefix("redis://"))
            .ok_or_else(|| failure("failed to parse the Redis URL: bad redis schema"))?;
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (credentials, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (username, password) = credentials.split_once(':').unwrap_or((credentials, ""));
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        let master = sentinel.and_then(|_| parts.next()).map(str::to_owned);
        let hosts: Vec<String> = hosts.split(',').map(str::to_owned).collect();
        for host in &hosts {
            check_port(host)?;
        }
        Ok(Self {
            hosts,
            master,
            username: unquoted(username)?,
            password: unquoted(password)?,
            index: parts.next().unwrap_or("0").to_owned(),
        })
    }

    /// Sends one command.
    pub async fn call(&self, command: &[&str]) -> Result<Reply> {
        timeout(PATIENCE, self.call_now(command))
            .await
            .unwrap_or_else(|_| Err(failure("redis: i/o timeout")))
    }

    async fn call_now(&self, command: &[&str]) -> Result<Reply> {
        let address = match &self.master {
            Some(master) => self.ask_sentinels(master).await?,
            None => self.hosts.first().cloned().unwrap_or_default(),
        };
        let mut connection = Connection::open(&address).await?;
        if !self.password.is_empty() {
            if self.username.is_empty() {
                connection.call(&["AUTH", &self.password]).await?;
            } else {
                connection.call(&["AUTH", &self.username, &self.password]).await?;
            }
        }
        if self.index != "0" {
            connection.call(&["SELECT", &self.index]).await?;
        }
        connection.call(command).await
    }

    async fn ask_sentinels(&self, master: &str) -> Result<String> {
        for address in &self.hosts {
            let Ok(mut connection) = Connection::open(address).await else {
                continue;
            };
            let question = ["SENTINEL", "get-master-addr-by-name", master];
            if let Ok(Reply::Many(parts)) = connection.call(&question).await {
                let parts: Vec<String> = parts.into_iter().filter_map(Reply::text).collect();
                return Ok(parts.join(":"));
            }
        }
        Err(failure("redis: all sentinels are unreachable"))
    }
}

/// Go's URL parser refuses a port that is no number.
fn check_port(host: &str) -> Result<()> {
    match host.rsplit_once(':') {
        Some((_, port)) if port.parse::<u16>().is_ok() => Ok(()),
        _ => Err(failure(format!("failed to parse the Redis URL: invalid port in {host:?}"))),
    }
}

fn unquoted(text: &str) -> Result<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%' {
            let code = tail
                .get(..2)
                .and_then(|hex| std::str::from_utf8(hex).ok())
                .and_then(|hex| u8::from_str_radix(hex, 16).ok())
                .ok_or_else(|| failure("failed to parse the Redis URL: invalid URL escape"))?;
            bytes.push(code);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).doing("read the Redis password")
}

struct Connection(BufReader<TcpStream>);

impl Connection {
    async fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await.doing(&format!("dial tcp {address}"))?;
        Ok(Self(BufReader::new(stream)))
    }

    async fn call(&mut self, command: &[&str]) -> Result<Reply> {
        let mut text = format!("*{}\r\n", command.len());
        for word in command {
            let _ = write!(text, "${}\r\n{word}\r\n", word.len());
        }
        self.0.write_all(text.as_bytes()).await.doing("write to Redis")?;
        read_reply(&mut self.0).await
    }
}

/// Reads one reply; an error reply is an error.
async fn read_reply(stream: &mut BufReader<TcpStream>) -> Result<Reply> {
    let mut line = String::new();
    stream.read_line(&mut line).await.doing("read from Redis")?;
    let line = line.trim_end();
    let Some(kind) = line.chars().next() else {
        return Err(failure("redis: the connection was closed"));
    };
    let rest = &line[1..];
    match kind {
        '+' => Ok(Reply::Text(rest.to_owned())),
        '-' => Err(failure(rest)),
        ':' => rest.parse().map(Reply::Number).doing("read a number"),
        '$' => read_bulk(stream, rest).await,
        '*' => {
            let count: i64 = rest.parse().doing("read a length")?;
            let mut items = Vec::new();
            for _ in 0..count {
                items.push(Box::pin(read_reply(stream)).await?);
            }
            Ok(if count < 0 { Reply::Nothing } else { Reply::Many(items) })
        }
        other => Err(failure(format!("redis: unexpected reply {other:?}"))),
    }
}

async fn read_bulk(stream: &mut BufReader<TcpStream>, length: &str) -> Result<Reply> {
    let Ok(length) = length.parse::<usize>() else {
        return Ok(Reply::Nothing);
    };
    let mut bytes = vec![0; length + 2];
    stream.read_exact(&mut bytes).await.doing("read from Redis")?;
    bytes.truncate(length);
    String::from_utf8(bytes).map(Reply::Text).doing("read a value")
}

#[cfg(test)]
mod tests {
    use super::Redis;

    #[test]
    fn reads_urls_and_refuses_broken_ones() {
        let plain = Redis::parse("redis://:s3cret@10.0.0.1:6379/2?idle_timeout_seconds=30")
            .expect("a good URL");
        assert_eq!((plain.password.as_str(), plain.index.as_str()), ("s3cret", "2"));
        let sentinel =
            Redis::parse("redis+sentinel://:p@a:26379,b:26379/mymaster/1").expect("a good URL");
        assert_eq!(sentinel.hosts, ["a:26379", "b:26379"]);
        assert_eq!(sentinel.master.as_deref(), Some("mymaster"));
        assert!(Redis::parse("redis://:p@s#/1%:x@10.0.0.1:6379?idle").is_err());
        assert!(Redis::parse("redis://10.0.0.1?idle").is_err());
    }
}
