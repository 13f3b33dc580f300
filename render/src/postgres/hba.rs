//! `pg_hba.conf`: a marked block of ours at the top, where the first match wins. All else stays
//! byte for byte.

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde::Deserialize;

use crate::{Error, quote};

const FILE: &str = "pg_hba.conf";
/// First line of our block.
pub const BEGIN: &str = "# BEGIN breakwater";
/// Last line of our block.
pub const END: &str = "# END breakwater";

/// The rules of our block, in the order in which they are tried.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The rules.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// How the client comes.
    pub connection: Connection,
    /// Databases; `all`, `replication`, `sameuser` and `samerole` keep their meaning. `all` does not
    /// cover replication.
    pub databases: Vec<String>,
    /// Roles; `all` keeps its meaning.
    pub users: Vec<String>,
    /// Address, network, host name, `all`, `samehost` or `samenet`; absent for `local`.
    pub address: Option<String>,
    /// How the client proves who it is.
    pub method: Method,
    /// Options of the method, for example `map`.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
}

/// How the client comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Connection {
    /// Through the Unix socket.
    Local,
    /// TCP, with TLS or without.
    Host,
    /// TCP with TLS.
    Hostssl,
    /// TCP without TLS.
    Hostnossl,
}

/// How the client proves who it is. `trust` can be named so that it can be refused with its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Password, by challenge.
    #[serde(rename = "scram-sha-256")]
    ScramSha256,
    /// Password, by a broken hash; for clients that know no better.
    Md5,
    /// The user of the operating system, on the socket.
    Peer,
    /// Client certificate.
    Cert,
    /// Never.
    Reject,
    /// Anybody: refused.
    Trust,
}

impl Method {
    fn word(self) -> &'static str {
        match self {
            Self::ScramSha256 => "scram-sha-256",
            Self::Md5 => "md5",
            Self::Peer => "peer",
            Self::Cert => "cert",
            Self::Reject => "reject",
            Self::Trust => "trust",
        }
    }
}

impl Connection {
    fn word(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Host => "host",
            Self::Hostssl => "hostssl",
            Self::Hostnossl => "hostnossl",
        }
    }
}

/// Renders our block, with its two marks.
pub fn render(settings: &Settings) -> Result<String, Error> {
    let mut text = format!("{BEGIN}\n");
    for (i, rule) in settings.rules.iter().enumerate() {
        text.push_str(&line(&format!("rules[{i}]"), rule)?);
        text.push('\n');
    }
    text.push_str(END);
    text.push('\n');
    Ok(text)
}

/// Puts a rendered block at the top of the existing text, in place of an older one, and keeps the
/// rest byte for byte.
pub fn merge(existing: &str, block: &str) -> Result<String, Error> {
    Ok(format!("{block}{}", without_block(existing)?))
}

/// The existing text without our block.
pub fn without_block(existing: &str) -> Result<String, Error> {
    let mut rest = String::with_capacity(existing.len());
    let mut inside = false;
    for line in existing.split_inclusive('\n') {
        match (line.trim_end(), inside) {
            (BEGIN, false) => inside = true,
            (END, true) => inside = false,
            (BEGIN, true) | (END, false) => return Err(torn()),
            (_, true) => {}
            (_, false) => rest.push_str(line),
        }
    }
    if inside { Err(torn()) } else { Ok(rest) }
}

/// Our block as it stands in the text, if there is one.
pub fn block(existing: &str) -> Option<&str> {
    let mut at = 0;
    let mut start = None;
    for line in existing.split_inclusive('\n') {
        let begin = at;
        at += line.len();
        match (line.trim_end(), start) {
            (BEGIN, None) => start = Some(begin),
            (END, Some(start)) => return existing.get(start..at),
            _ => {}
        }
    }
    None
}

fn torn() -> Error {
    let reason = format!("the marks {BEGIN:?} and {END:?} do not come in pairs; repair it by hand");
    Error::Existing { file: FILE, reason }
}

fn line(at: &str, rule: &Rule) -> Result<String, Error> {
    check(at, rule)?;
    let keywords = ["all", "replication", "sameuser", "samerole"];
    let mut words = vec![
        rule.connection.word().to_owned(),
        names(&format!("{at}.databases"), &rule.databases, &keywords)?,
        names(&format!("{at}.users"), &rule.users, &["all"])?,
    ];
    if let Some(address) = &rule.address {
        words.push(self::address(&format!("{at}.address"), address)?);
    }
    words.push(rule.method.word().to_owned());
    for (name, value) in &rule.options {
        let key = format!("{at}.options.{name}");
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if name.is_empty() || !name.bytes().all(word) {
            return Err(Error::invalid(key, "must be a name of letters, digits and _"));
        }
        words.push(format!("{name}={}", quote::pg_hba(value).map_err(|e| e.at(&key))?));
    }
    Ok(words.join(" "))
}

fn check(at: &str, rule: &Rule) -> Result<(), Error> {
    let local = rule.connection == Connection::Local;
    let error = |name: &str, reason: &str| Err(Error::invalid(format!("{at}.{name}"), reason));
    match rule.method {
        Method::Trust => {
            error("method", "must not be trust: anybody who reaches the port could read all data")
        }
        Method::Peer if !local => error("method", "peer works on local connections only"),
        Method::Cert if rule.connection != Connection::Hostssl => {
            error("method", "cert works on hostssl connections only")
        }
        _ if local && rule.address.is_some() => error("address", "must be absent for local"),
        _ if !local && rule.address.is_none() => error("address", "must be set"),
        _ => Ok(()),
    }
}

/// Keywords stay bare, because quotes take their meaning away; every other name is quoted.
fn names(key: &str, names: &[String], keywords: &[&str]) -> Result<String, Error> {
    if names.is_empty() {
        return Err(Error::invalid(key, "must name at least one"));
    }
    let words =
        names
            .iter()
            .map(|name| {
                if keywords.contains(&name.as_str()) {
                    Ok(name.clone())
                } else {
                    quote::pg_hba(name)
                }
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| e.at(key))?;
    Ok(words.join(","))
}

fn address(key: &str, text: &str) -> Result<String, Error> {
    if let Ok(network) = text.parse::<IpNet>() {
        return Ok(network.to_string());
    }
    if let Ok(address) = text.parse::<std::net::IpAddr>() {
        return Ok(IpNet::from(address).to_string());
    }
    // `all`, `samehost` and `samenet` have the form of a name, and stay bare like one.
    let name = |b: u8| b.is_ascii_alphanumeric() || b".-_".contains(&b);
    if text.is_empty() || !text.bytes().all(name) {
        return Err(Error::invalid(key, "must be an address, a network or a host name"));
    }
    Ok(text.to_owned())
}
