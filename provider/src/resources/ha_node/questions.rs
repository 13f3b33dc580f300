//! What is asked of a node.

use super::facts::HOST;
use super::settings::{DockerSource, HaNode};
use super::{layout, scripts};
use crate::facts::{apt_sources, file, os, package, service};
use crate::resource::{Ask, Question};
use crate::secret::Secret;
use crate::step::Http;

/// What to ask.
pub fn questions(s: &HaNode) -> Vec<Question> {
    let mut questions = vec![
        os::question(HOST),
        package::question(HOST, layout::PACKAGES),
        Question::script(HOST, "node", scripts::observe(s)),
    ];
    if s.docker().source == DockerSource::DockerCe {
        questions.push(apt_sources::question(HOST));
    }
    let units = layout::units(s);
    let units: Vec<&str> = units.iter().map(String::as_str).collect();
    questions.push(service::question(HOST, &units));
    questions.extend(layout::files(s).iter().map(|path| file::question(HOST, path)));
    let health = request(s, "GET", "/api/v2.0/health", None, None);
    questions.push(ask("health", health));
    // In Read the password is not known: what was seen at the last apply stays.
    if let Some(password) = &s.admin_password_wo {
        let request = request(s, "GET", "/api/v2.0/configurations", Some(password), None);
        questions.push(ask("configuration", request));
    }
    questions
}

fn ask(key: &str, request: Http) -> Question {
    Question { host: HOST.to_owned(), key: key.to_owned(), ask: Ask::Http(request) }
}

/// A request to this node's API: by the name that its certificate shows, at its own address.
pub fn request(
    s: &HaNode,
    method: &str,
    path: &str,
    password: Option<&Secret>,
    body: Option<Secret>,
) -> Http {
    let trust = s.https.as_ref().and_then(|h| h.trust.clone().or_else(|| h.certificate.clone()));
    Http {
        method: method.to_owned(),
        url: format!("{}{path}", s.base_url()),
        connect: "127.0.0.1".to_owned(),
        trust,
        basic: password.map(|p| ("admin".to_owned(), p.clone())),
        bearer: None,
        body,
    }
}
