//! What is asked of each host.

use super::facts::MARKS;
use super::scripts;
use super::settings::{AdoptFrom, Secrets};
use crate::facts::file;
use crate::resource::Question;

/// What to ask.
pub fn questions(settings: &Secrets) -> Vec<Question> {
    let names: Vec<&str> = settings.names().into_iter().chain(MARKS).collect();
    let mut questions = Vec::new();
    for host in settings.hosts.keys() {
        questions.extend(names.iter().map(|name| file::question(host, &settings.path(name))));
        let place = scripts::place(&settings.directory);
        questions.push(Question::script(host, "place", place));
        if let Some(from) = adopted_here(settings, host) {
            questions.push(Question::script(host, "adoptable", scripts::adoptable(from)));
        }
    }
    questions
}

fn adopted_here<'a>(settings: &'a Secrets, host: &str) -> Option<&'a AdoptFrom> {
    settings.adopt_from.as_ref().filter(|_| settings.lead() == host)
}
