//! The files that Harbor reads, and the secrets that nodes share.

use render::Secret as RenderSecret;
use render::harbor::compose_override;
use render::harbor::releases::Quirk;

use super::{Node, headed};
use crate::facts::file::FileFact;
use crate::plan::Context;
use crate::resources::ha_node::facts::HOST;
use crate::resources::ha_node::mark::sha256;
use crate::resources::ha_node::{harbor_yml, layout, meaning, scripts};
use crate::step::{File, Step};

/// Prefix of scanner robots: equal on every node, and no secret.
const SCANNER: &str = "scanner";

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
    /// Whether what a plan shows of them differs.
    pub edited: bool,
}

impl Node<'_> {
    pub(super) fn files(&mut self) -> Texts {
        self.need_secrets();
        let seeding = self.seed();
        let (certificate, key) = self.tls();
        let yml = self.harbor_yml();
        let overrides = self.compose_override();
        let changed = yml.1 || certificate.1 || key.1;
        self.anew |= seeding;
        let shown = [self.s.at("harbor.yml"), self.s.at("tls/server.crt")];
        let edited =
            shown.iter().filter_map(|p| self.plan.files.get(p)).any(|p| p.actual != p.wanted);
        Texts {
            inputs: vec![self.head(), yml.0, certificate.0, key.0],
            overrides,
            seeded: self.seeded(),
            changed,
            edited,
        }
    }

    fn harbor_yml(&mut self) -> (String, bool) {
        let path = self.s.at("harbor.yml");
        let actual = self.facts.file(&path).text().unwrap_or_default().to_owned();
        let text = harbor_yml::render(self.s, self.release).map(|t| headed(&t));
        // A file that means the same stays, whoever wrote it.
        let text = text.map(|t| if meaning::same(&actual, &t, self.release) { actual } else { t });
        match text {
            Err(error) => {
                self.record(&path);
                if !self.context.reading {
                    self.plan.refusals.push(harbor_yml::diag(&error, self.s));
                }
                (String::new(), false)
            }
            Ok(text) => self.digest(&path, File::private(&path, text), false),
        }
    }

    /// What is there, where nothing can be said of what should be.
    pub(super) fn record(&mut self, path: &str) {
        let actual = self.facts.file(path);
        let reading = Context { reading: true, ..self.context.clone() };
        self.plan.file(&reading, HOST, path, actual, Err(String::new()));
    }

    /// Write a file; the digest of its text after that, and whether the text changes. Its secrets
    /// count as others than before if `anew`.
    fn digest(&mut self, path: &str, file: File, anew: bool) -> (String, bool) {
        let new = sha256(file.content.expose());
        let old = self.facts.file(path).text().map(sha256);
        let mut context = self.context.clone();
        context.secrets_unchanged &= !anew;
        let protect = scripts::protect(&file);
        let writes = self.plan.file(&context, HOST, path, self.facts.file(path), Ok(file));
        if writes && old.as_ref() == Some(&new) {
            // Not written anew: when it was written says whether prepare has seen it.
            self.plan.steps.pop();
            self.plan.step(Step::run(HOST, format!("set owner and mode of {path}"), protect));
        }
        match old {
            // In Read the secrets are not known, so what would be written says nothing.
            Some(old) if !writes || self.context.reading => (old, false),
            old => (new.clone(), old != Some(new)),
        }
    }

    fn tls(&mut self) -> ((String, bool), (String, bool)) {
        let none = || ("-".to_owned(), false);
        let Some(https) = &self.s.https else { return (none(), none()) };
        self.expiry();
        let Some(certificate) = https.certificate.clone() else {
            self.certificate_there();
            let seen = |key: &str| (self.facts.seen.one(key).to_owned(), false);
            return (seen("certificate"), seen("key"));
        };
        let key = https.private_key_wo.as_ref().map(|k| k.expose().to_owned()).unwrap_or_default();
        let (crt, pem) = (self.s.at("tls/server.crt"), self.s.at("tls/server.key"));
        let ended = |text: String| text.trim_end().to_owned() + "\n";
        let certificate = ended(certificate);
        // A renewed certificate comes with its key, whatever the version says. The key goes first:
        // an apply that is cut between the two still finds another certificate.
        let renewed = self.facts.file(&crt).text() != Some(&certificate);
        let second = self.digest(&pem, File::private(&pem, ended(key)), renewed);
        let first = self.digest(&crt, File::public(&crt, certificate), false);
        (first, second)
    }

    /// A node that runs is not tried with files that are not there. A new one may get them from
    /// another resource of the same apply.
    fn certificate_there(&mut self) {
        if self.facts.composed().is_none() {
            return;
        }
        for (attribute, key) in
            [("https.certificate_path", "certificate"), ("https.private_key_path", "key")]
        {
            if self.facts.seen.one(key) == "-" {
                let detail = format!("There is no such file on {}.", self.s.ssh.host);
                self.refuse(attribute, "The file is not there", detail);
            }
        }
    }

    fn expiry(&mut self) {
        let end = self.facts.seen.one("expires").to_owned();
        if !end.is_empty() {
            let host = self.s.ssh.host.clone();
            let detail = format!("The certificate on {host} is good until {end}.");
            self.warn("https", "The certificate ends soon or has ended", detail);
        }
    }

    /// Placeholders stand for secrets that are not made yet: at plan time masked text is the same,
    /// and at apply this step stops before one could be written.
    fn need_secrets(&mut self) {
        let Some(directory) = self.s.shared_secrets.clone() else { return };
        let made = |name: &str| self.facts.file(&format!("{directory}/{name}")).is_present();
        let seen = |name: &str| self.facts.seen.all("shared").any(|shared| shared == name);
        let all = layout::OVERRIDE_SECRETS.iter().all(|name| made(name))
            && layout::seeded(self.s).iter().all(|(name, _)| seen(name));
        if !all {
            let what = format!("check that {directory} holds the shared secrets");
            self.plan.step(Step::run(HOST, what, scripts::need_secrets(self.s)));
        }
    }

    /// True if a secret is put in place.
    fn seed(&mut self) -> bool {
        let Some(directory) = self.s.shared_secrets.clone() else { return false };
        let mut wanting = Vec::new();
        for (name, place) in layout::seeded(self.s) {
            let state = self.facts.seen.of("seed", name).to_owned();
            let shown = match state.as_str() {
                "same" => "as shared",
                "differs" => "another than shared",
                "unshared" => "not shared",
                _ => "",
            };
            let differs = self.plan.status(format!("secret {name}"), shown, "as shared");
            let keeps = matches!(name, "secretkey" | "defaultalias");
            if keeps && state == "differs" {
                self.refuse_secret(name, place, &directory);
            } else if differs && state != "unshared" {
                wanting.push((name, place));
            }
        }
        pair_up(&mut wanting);
        if wanting.is_empty() {
            return false;
        }
        let names: Vec<&str> = wanting.iter().map(|(name, _)| *name).collect();
        let what = format!("put the shared {} in place", names.join(", "));
        self.plan.step(Step::run(HOST, what, scripts::seed(self.s, &wanting)));
        true
    }

    fn refuse_secret(&mut self, name: &str, place: &str, directory: &str) {
        let detail = format!(
            "{} on {} is not the one in {directory}. What is in the database was encrypted with one \
             of the two, and would be unreadable with the other. Find out which node's is the one in \
             use, put that into {directory} on every host (harbor_shared_secrets can take it over), \
             and remove the other yourself.",
            self.s.data(place),
            self.s.ssh.host
        );
        self.refuse("shared_secrets", format!("This node has another {name}"), detail);
    }

    /// Digests of the seeded files as they will be: a mark that was made of others does not fit.
    fn seeded(&self) -> Vec<String> {
        if self.s.shared_secrets.is_none() {
            return Vec::new();
        }
        let places = layout::seeded(self.s).into_iter();
        places.map(|(name, _)| self.facts.seen.of("place", name).to_owned()).collect()
    }

    fn compose_override(&mut self) -> (String, String) {
        let path = self.s.at("docker-compose.override.yml");
        let before = self.facts.file(&path).text().map_or_else(|| "-".to_owned(), sha256);
        let Some(directory) = &self.s.shared_secrets else {
            if self.was_ours(&path) {
                self.up |=
                    self.plan.absent(self.context, HOST, &path, &path, self.facts.file(&path));
                return (before, "-".to_owned());
            }
            return (before.clone(), before);
        };
        let text = compose_override::render(&self.override_settings(directory)).map(|t| headed(&t));
        let text = match text {
            Ok(text) => text,
            Err(error) => {
                self.record(&path);
                let detail = format!("{directory} on {}: {error}.", self.s.ssh.host);
                self.refuse("shared_secrets", "A shared secret cannot be used", detail);
                return (before.clone(), before);
            }
        };
        let differs = self.facts.file(&path).text() != Some(&text);
        let words = if !self.facts.file(&path).is_present() {
            ""
        } else if differs {
            "others than shared"
        } else {
            "as shared"
        };
        self.plan.status("secrets in docker-compose.override.yml", words, "as shared");
        // Its secrets come from the host and not from the configuration, so what was written last
        // says nothing about whether it is right.
        let mut context = self.context.clone();
        context.as_written.remove(&path);
        let after = sha256(&text);
        let file = File::private(&path, text);
        self.plan.file(&context, HOST, &path, self.facts.file(&path), Ok(file));
        (before, after)
    }

    fn override_settings(&self, directory: &str) -> compose_override::Settings {
        let secret = |name: &str| {
            let text = match self.facts.file(&format!("{directory}/{name}")) {
                FileFact::Present { text, .. } => text.expose().trim_end().to_owned(),
                FileFact::Absent => "0".repeat(32),
            };
            RenderSecret::from(text)
        };
        let scanner_prefix = self.release.has(Quirk::ScannerPrefix);
        compose_override::Settings {
            release: self.release,
            jobservice_secret: secret("jobservice_secret"),
            core_secret: secret("core_secret"),
            csrf_key: secret("csrf_key"),
            registry_http_secret: Some(secret("registry_http_secret")),
            robot_scanner_name_prefix: scanner_prefix.then(|| SCANNER.to_owned()),
            trivy_cache: None,
        }
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
