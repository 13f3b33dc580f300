//! The files that Harbor reads, and the secrets that nodes share.

use render::harbor::compose_override;

use super::{Node, Part};
use crate::resources::ha_node::facts::HOST;
use crate::resources::ha_node::input_digest::sha256;
use crate::resources::ha_node::{harbor_yml, layout, scripts, texts};
use crate::step::{File, Step};

/// Digests of the files as they will be, in the order of `scripts::inputs`.
pub struct Texts {
    /// What prepare depends on.
    pub inputs: Vec<String>,
    /// The compose override now and as it will be.
    pub overrides: (String, String),
    /// The seeded secrets.
    pub seeded: Vec<String>,
    /// Whether `harbor.yml` or the certificate change.
    pub changed: bool,
}

/// A text that prepare reads: its digest as it will be, and whether it changes.
struct Input {
    digest: String,
    changes: bool,
}

impl Input {
    fn kept(digest: &str) -> Self {
        Self { digest: digest.to_owned(), changes: false }
    }
}

impl Node<'_> {
    pub(super) fn files(&self) -> (Part, Texts) {
        let mut part = Part::default();
        part.plan.steps.extend(self.need_secrets());
        part.add(self.seed());
        let (tls, [certificate, key]) = self.tls();
        part.add(tls);
        let (yml, text) = self.harbor_yml();
        part.add(yml);
        let (compose, overrides) = self.compose_override();
        part.add(compose);
        let inputs = [text, certificate, key];
        let changed = inputs.iter().any(|input| input.changes);
        let digests = inputs.into_iter().map(|input| input.digest);
        let head = texts::head(self.s, self.release);
        let others = texts::of_others(self.s, self.facts);
        let inputs = std::iter::once(head).chain(digests).chain(others).collect();
        (part, Texts { inputs, overrides, seeded: self.seeded(), changed })
    }

    fn harbor_yml(&self) -> (Part, Input) {
        let path = self.s.at("harbor.yml");
        match texts::harbor_yml(self.s, self.facts, self.release) {
            Err(error) => {
                let mut part = Part::default();
                part.plan.present(self.known, path);
                part.plan.refusals.push(harbor_yml::diag(&error, self.s));
                (part, Input::kept(""))
            }
            Ok(text) => self.input(File::private(&path, text), false),
        }
    }

    /// Write a file that prepare reads. Its secrets count as others than before if `anew`.
    fn input(&self, file: File, anew: bool) -> (Part, Input) {
        let mut part = Part::default();
        let path = file.path.clone();
        let fact = self.facts.file(&path);
        let known = self.known.renewed(anew);
        let (old, new) = (fact.text().map(sha256), sha256(file.content.expose()));
        let differs = known.differs(&path, fact, &file);
        match old {
            Some(old) if old == new && differs => {
                // Not written anew: when it was written says whether prepare has seen it.
                let what = format!("set owner and mode of {path}");
                part.step(Step::run(HOST, what, scripts::protect(&file)));
                part.plan.files.insert(path.clone(), known.pair(&path, fact, &file));
                (part, Input::kept(&new))
            }
            old => {
                part.plan.file(known, HOST, path, fact, Ok(file));
                match old.filter(|_| !differs) {
                    Some(old) => (part, Input::kept(&old)),
                    None => (part, Input { digest: new, changes: true }),
                }
            }
        }
    }

    fn tls(&self) -> (Part, [Input; 2]) {
        let Some(https) = &self.s.https else {
            return (Part::default(), [Input::kept("-"), Input::kept("-")]);
        };
        let mut part = self.expiry();
        let Some(certificate) = &https.certificate else {
            part.add(self.certificate_there());
            let seen = ["certificate", "key"].map(|key| Input::kept(self.facts.seen.one(key)));
            return (part, seen);
        };
        let key = https.private_key_wo.as_ref().map_or("", |k| k.expose());
        let (crt, pem) = (self.s.at("tls/server.crt"), self.s.at("tls/server.key"));
        let certificate = texts::ended(certificate);
        // A renewed certificate comes with its key, whatever the version says. The key goes first:
        // an apply that is cut between the two still finds another certificate.
        let renewed = self.facts.file(&crt).text() != Some(&certificate);
        let (writes, second) = self.input(File::private(&pem, texts::ended(key)), renewed);
        part.add(writes);
        let (writes, first) = self.input(File::public(&crt, certificate), false);
        part.add(writes);
        (part, [first, second])
    }

    /// A node that runs is not tried with files that are not there. A new one may get them from
    /// another resource of the same apply.
    fn certificate_there(&self) -> Part {
        let mut part = Part::default();
        if self.facts.composed().is_none() {
            return part;
        }
        for (attribute, key) in
            [("https.certificate_path", "certificate"), ("https.private_key_path", "key")]
        {
            if self.facts.seen.one(key) == "-" {
                let detail = format!("There is no such file on {}.", self.s.ssh.host);
                part.refuse(attribute, "The file is not there", detail);
            }
        }
        part
    }

    fn expiry(&self) -> Part {
        let mut part = Part::default();
        let end = self.facts.seen.one("expires").to_owned();
        if !end.is_empty() {
            let host = self.s.ssh.host.clone();
            let detail = format!("The certificate on {host} is good until {end}.");
            part.warn("https", "The certificate ends soon or has ended", detail);
        }
        part
    }

    /// Placeholders stand for secrets that are not made yet: at plan time masked text is the same,
    /// and at apply this step stops before one could be written.
    fn need_secrets(&self) -> Option<Step> {
        let directory = self.s.shared_secrets.as_ref()?;
        let made = |name: &str| self.facts.file(&format!("{directory}/{name}")).is_present();
        let seen = |name: &str| self.facts.seen.all("shared").any(|shared| shared == name);
        let all = layout::OVERRIDE_SECRETS.iter().all(|name| made(name))
            && layout::seeded(self.s).iter().all(|(name, _)| seen(name));
        let what = format!("check that {directory} holds the shared secrets");
        (!all).then(|| Step::run(HOST, what, scripts::need_secrets(self.s)))
    }

    fn seed(&self) -> Part {
        let mut part = Part::default();
        let Some(directory) = &self.s.shared_secrets else { return part };
        let mut wanting = Vec::new();
        for (name, place) in layout::seeded(self.s) {
            let state = self.facts.seen.of("seed", name);
            let differs = self.status(&mut part, format!("secret {name}"), "as shared");
            let keeps = matches!(name, "secretkey" | "defaultalias");
            if keeps && state == "differs" {
                self.refuse_secret(name, place, directory, &mut part);
            } else if differs && state != "unshared" {
                wanting.push((name, place));
            }
        }
        pair_up(&mut wanting);
        if wanting.is_empty() {
            return part;
        }
        let names: Vec<&str> = wanting.iter().map(|(name, _)| *name).collect();
        let what = format!("put the shared {} in place", names.join(", "));
        part.step(Step::run(HOST, what, scripts::seed(self.s, &wanting)));
        part.anew = true;
        part
    }

    fn refuse_secret(&self, name: &str, place: &str, directory: &str, part: &mut Part) {
        let detail = format!(
            "{} on {} is not the one in {directory}. What is in the database was encrypted with one \
             of the two, and would be unreadable with the other. Find out which node's is the one in \
             use, put that into {directory} on every host (harbor_shared_secrets can take it over), \
             and remove the other yourself.",
            self.s.data(place),
            self.s.ssh.host
        );
        part.refuse("shared_secrets", format!("This node has another {name}"), detail);
    }

    /// Digests of the seeded files as they will be: a mark that was made of others does not fit.
    fn seeded(&self) -> Vec<String> {
        if self.s.shared_secrets.is_none() {
            return Vec::new();
        }
        let places = layout::seeded(self.s).into_iter();
        places.map(|(name, _)| self.facts.seen.of("place", name).to_owned()).collect()
    }

    fn compose_override(&self) -> (Part, (String, String)) {
        let mut part = Part::default();
        let path = self.s.at(layout::OVERRIDE);
        let fact = self.facts.file(&path);
        let before = fact.text().map_or_else(|| "-".to_owned(), sha256);
        let rest = match compose_override::without(fact.text().unwrap_or_default()) {
            Ok(rest) => rest,
            // It is nobody's business while nothing of ours is to be in it.
            Err(_) if self.s.shared_secrets.is_none() && !self.was_ours(&path) => None,
            Err(error) => {
                part.plan.present(self.known, &path);
                let detail = format!(
                    "{path} on {} holds the shared secrets beside what others have written into it, and \
                     that is not understood: {error}.",
                    self.s.ssh.host
                );
                part.refuse("shared_secrets", "The compose override cannot be changed", detail);
                return (part, (before.clone(), before));
            }
        };
        let Some(directory) = &self.s.shared_secrets else {
            let after =
                if self.was_ours(&path) { self.give_up(&mut part, rest) } else { before.clone() };
            return (part, (before, after));
        };
        let text = match texts::compose_override(self.s, self.facts, self.release, directory) {
            Ok(text) => text,
            Err(error) => {
                part.plan.present(self.known, path);
                let detail = format!("{directory} on {}: {error}.", self.s.ssh.host);
                part.refuse("shared_secrets", "A shared secret cannot be used", detail);
                return (part, (before.clone(), before));
            }
        };
        self.status(&mut part, "secrets in docker-compose.override.yml", "as shared");
        // Its secrets come from the host and not from the configuration, so what was written last
        // says nothing about whether it is right.
        let known = self.known.renewed(true);
        let after = sha256(&text);
        part.plan.file(known, HOST, &path, fact, Ok(File::private(&path, text)));
        (part, (before, after))
    }
}

impl Node<'_> {
    /// Takes what is ours out of the compose override; the digest of what is left.
    fn give_up(&self, part: &mut Part, rest: Option<String>) -> String {
        let path = self.s.at(layout::OVERRIDE);
        let fact = self.facts.file(&path);
        let Some(rest) = rest else {
            part.up = part.plan.absent(self.known, HOST, &path, &path, fact);
            return "-".to_owned();
        };
        let after = sha256(&rest);
        let file = fact.kept(File::private(&path, rest));
        part.up = part.plan.file(self.known.renewed(true), HOST, &path, fact, Ok(file));
        after
    }
}

/// Harbor makes both halves of the token key anew where one is missing, so they go together.
fn pair_up(wanting: &mut Vec<(&'static str, &'static str)>) {
    let half = |name: &str| matches!(name, "private_key.pem" | "root.crt");
    if wanting.iter().any(|(name, _)| half(name)) {
        wanting.retain(|(name, _)| !half(name));
        wanting.extend(layout::SEEDED.iter().filter(|(name, _)| half(name)));
    }
}
