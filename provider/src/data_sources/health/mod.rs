//! `harbor_health`: whether each node of a Harbor serves, and whether they are one Harbor.

mod token;

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::diag::Diags;
use crate::resource::{Answer, Answers, Ask, DataSource, Question, Ssh};
use crate::step::Http;

crate::choice! {
    /// How a node is spoken to.
    pub enum Protocol {
        /// With TLS.
        Https = "https",
        /// Without.
        Http = "http",
    }
}

crate::settings! {
    /// One node.
    pub struct Node {
        /// How to reach its host. The requests are made from there, to its own node.
        ssh: Ssh = attr(),
    }

    /// What the user writes.
    pub struct Settings {
        /// The nodes, each with a name of its own.
        nodes: BTreeMap<String, Node> = attr(),
        /// The name of the Harbor, as in `hostname` of harbor.yml: what its certificate shows.
        hostname: String = attr().check(crate::checks::registry_name),
        /// The nodes' port.
        port: u16 = attr().default(443).check(crate::checks::port),
        /// `https` or `http`.
        protocol: Protocol = attr().default("https"),
        /// The certificate, or that of its authority, as PEM. If not set: the system's roots.
        certificate: Option<String> = attr().check(crate::checks::certificate),
    }

    /// One node's health.
    pub struct NodeHealth {
        /// `healthy`, `unhealthy`, or `unreachable`.
        status: String = attr(),
        /// Each component's status, with its error where it has one.
        components: BTreeMap<String, String> = attr(),
        /// Why it is not healthy.
        error: Option<String> = attr(),
    }

    /// What is read.
    pub struct Outputs {
        /// Whether every node is healthy, and all are one Harbor.
        healthy: Option<bool> = attr(),
        /// Each node.
        nodes_health: Option<BTreeMap<String, NodeHealth>> = attr(),
        /// Whether all nodes sign tokens with the same key, so that each accepts the others'. Null
        /// where it cannot be said, as while releases are mixed.
        tokens_accepted: Option<bool> = attr(),
        /// What is wrong, a sentence each.
        errors: Option<Vec<String>> = attr(),
    }
}

/// The data source.
pub struct Health;

impl DataSource for Health {
    const NAME: &'static str = "harbor_health";
    const DESCRIPTION: &'static str = "Whether each node of a Harbor serves, and whether the nodes are one Harbor.\n\nEach node is \
         asked on its own, from its own host and not through the load balancer, and without a \
         login. That all nodes sign with the same key is seen from a token that each gives to \
         anybody, and from when it says it was made, that their clocks agree; the tokens are compared \
         and dropped. Harbor's own health does not see a database \
         that is in recovery: see `harbor_pg_status`. What is given here and what is found stands \
         in the state in clear, as of every data source; nothing of it is secret.";
    type Settings = Settings;
    type Outputs = Outputs;

    fn targets(settings: &Settings) -> Vec<(String, Ssh)> {
        settings.nodes.iter().map(|(name, node)| (name.clone(), node.ssh.clone())).collect()
    }

    fn questions(settings: &Settings) -> Vec<Question> {
        let ask = |host: &String, key: &str, path: &str| Question {
            host: host.clone(),
            key: key.to_owned(),
            ask: Ask::Http(get(settings, path)),
        };
        let of = |host| {
            [
                ask(host, "ping", "/api/v2.0/ping"),
                ask(host, "health", "/api/v2.0/health"),
                ask(host, "token", "/service/token?service=harbor-registry"),
            ]
        };
        settings.nodes.keys().flat_map(of).collect()
    }

    fn outputs(settings: &Settings, answers: &Answers) -> Result<Outputs, Diags> {
        let nodes: BTreeMap<String, NodeHealth> =
            settings.nodes.keys().map(|n| (n.clone(), node(answers, n))).collect();
        let mut errors: Vec<String> = nodes
            .iter()
            .filter_map(|(name, node)| Some(format!("{name}: {}", node.error.as_ref()?)))
            .collect();
        let tokens = || settings.nodes.keys().map(|n| (n.as_str(), token_of(answers, n)));
        let ids: BTreeMap<&str, Option<String>> =
            tokens().map(|(name, token)| (name, token.and_then(token::key_id))).collect();
        let times = tokens().map(|(name, token)| (name, token.and_then(token::made_at))).collect();
        let tokens_accepted = token::same_key(&ids);
        if tokens_accepted == Some(false) {
            errors.push(token::sentence(&ids));
        }
        errors.extend(token::clocks_apart(&times));
        let healthy = errors.is_empty();
        Ok(Outputs {
            healthy: Some(healthy),
            nodes_health: Some(nodes),
            tokens_accepted,
            errors: Some(errors),
        })
    }
}

fn get(settings: &Settings, path: &str) -> Http {
    let (protocol, name, port) = (settings.protocol.word(), &settings.hostname, settings.port);
    Http {
        method: "GET".to_owned(),
        url: format!("{protocol}://{name}:{port}{path}"),
        connect: "127.0.0.1".to_owned(),
        trust: settings.certificate.clone(),
        basic: None,
        bearer: None,
        body: None,
    }
}

/// Harbor's answer to `/health`, which has status 200 in any case.
#[derive(Deserialize)]
struct Report {
    status: String,
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Deserialize)]
struct Component {
    name: String,
    status: String,
    error: Option<String>,
}

fn node(answers: &Answers, name: &str) -> NodeHealth {
    let bad = |status: &str, error: String| NodeHealth {
        status: status.to_owned(),
        components: BTreeMap::new(),
        error: Some(error),
    };
    let body = match answers.get(name, "health") {
        Some(Answer::Response { status: 200, body }) => body,
        Some(Answer::Response { status, .. }) => {
            let ping = match answers.get(name, "ping") {
                Some(Answer::Response { status: 200, .. }) => "core answers a ping",
                _ => "core does not answer a ping",
            };
            return bad("unhealthy", format!("health answers with HTTP {status}; {ping}"));
        }
        Some(Answer::Failed(why)) => return bad("unreachable", why.clone()),
        _ => return bad("unreachable", "no answer".to_owned()),
    };
    match serde_json::from_str::<Report>(body) {
        Ok(report) => reported(&report),
        Err(why) => bad("unhealthy", format!("its health is no answer of Harbor: {why}")),
    }
}

fn reported(report: &Report) -> NodeHealth {
    let sick = |c: &Component| c.status != "healthy";
    let text = |c: &Component| match &c.error {
        Some(error) if sick(c) => format!("{}: {error}", c.status),
        _ => c.status.clone(),
    };
    let names: Vec<String> = report
        .components
        .iter()
        .filter(|c| sick(c))
        .map(|c| format!("{} is {}", c.name, text(c)))
        .collect();
    let healthy = report.status == "healthy" && names.is_empty();
    let why = if names.is_empty() { format!("is {}", report.status) } else { names.join("; ") };
    NodeHealth {
        status: if healthy { "healthy" } else { "unhealthy" }.to_owned(),
        components: report.components.iter().map(|c| (c.name.clone(), text(c))).collect(),
        error: (!healthy).then_some(why),
    }
}

/// The token service's answer.
fn token_of<'a>(answers: &'a Answers, name: &str) -> Option<&'a str> {
    match answers.get(name, "token") {
        Some(Answer::Response { status: 200, body }) => Some(body),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
