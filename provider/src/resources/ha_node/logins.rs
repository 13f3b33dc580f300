//! Whether Redis and the database let this node in: what is asked.

use super::facts::{DATABASE, Facts, HOST, Health, REDIS};
use super::settings::{HaNode, Redis as Settings};
use super::texts;
use crate::question::{Ask, Login, Question, Redis};
use crate::step::Server;

/// What to ask, where this node does not run healthy with what is wanted already: that it does would
/// be the answer. In a read the passwords are not known.
pub fn questions(s: &HaNode, facts: &Facts) -> Vec<Question> {
    if s.database.password_wo.is_none() || runs_with(s, facts) {
        return Vec::new();
    }
    let ask = |key: &str, login| Question {
        host: HOST.to_owned(),
        key: key.to_owned(),
        ask: Ask::Login(login),
    };
    let database = database(s).map(|login| ask(DATABASE, login));
    let redis = s.redis.as_ref().map(|r| ask(REDIS, Login::Redis(redis(r, facts))));
    database.into_iter().chain(redis).collect()
}

fn runs_with(s: &HaNode, facts: &Facts) -> bool {
    let Ok(release) = s.version.parse() else { return true };
    let healthy = matches!(facts.health, Health::Says { healthy: true, .. });
    let text = texts::harbor_yml(s, facts, release);
    healthy && text.is_ok_and(|text| facts.file(&s.at("harbor.yml")).text() == Some(&text))
}

fn database(s: &HaNode) -> Option<Login> {
    let d = &s.database;
    let server = Server::Tcp {
        host: d.host.clone(),
        port: d.port,
        user: d.username.clone(),
        password: d.password_wo.clone()?,
        sslmode: d.ssl_mode.clone(),
    };
    Some(Login::Postgres { server, database: d.name.clone() })
}

fn redis(r: &Settings, facts: &Facts) -> Redis {
    let server = |text: &str| {
        let (host, port) = render::address::host_port(text).unwrap_or((text, None));
        let host = host.trim_start_matches('[').trim_end_matches(']');
        (host.to_owned(), port.unwrap_or(r.port))
    };
    let root = r.tls.as_ref().and_then(|tls| tls.root_ca.as_deref());
    Redis {
        servers: r.host.split(',').map(|text| server(text.trim())).collect(),
        master: r.sentinel_master_set.clone(),
        username: r.username.clone(),
        password: r.password_wo.clone(),
        tls: r.tls.is_some(),
        trust: root.and_then(|path| facts.file(path).text()).map(str::to_owned),
    }
}
