//! What is asked of Harbor itself: health, the admin's password, system settings.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::Node;
use crate::resources::ha_node::configuration;
use crate::resources::ha_node::facts::{Admin, HOST, Health, request};
use crate::secret::Secret;
use crate::step::{Action, Http, Step};

impl Node<'_> {
    pub(super) fn api(&mut self) {
        let words = match &self.facts.health {
            Health::Silent if self.facts.composed().is_none() => String::new(),
            Health::Silent if self.facts.untrusted => "shows an unknown certificate".to_owned(),
            Health::Silent => "does not answer".to_owned(),
            Health::Says { healthy: true, .. } => "healthy".to_owned(),
            Health::Says { components, .. } => unhealthy(components),
        };
        let differs = self.plan.status("health", &words, "healthy");
        if differs || !self.plan.steps.is_empty() {
            self.wait_healthy();
        }
        self.trust();
        self.password();
        self.configuration();
    }

    /// With certificates that are files on the host, only the system's authorities are trusted.
    fn trust(&mut self) {
        let https = self.s.https.as_ref();
        if self.facts.untrusted
            && https.is_some_and(|h| h.trust.is_none() && h.certificate.is_none())
        {
            let detail = format!(
                "The system's authorities do not know the certificate that Harbor on {} shows, so an \
                 apply would wait for its health in vain. Set https.trust to the certificate, or to \
                 that of its authority.",
                self.s.ssh.host
            );
            self.warn("https", "Harbor's certificate is not trusted", detail);
        }
    }

    /// After a new release core changes the database's schema first, which can take long.
    fn wait_healthy(&mut self) {
        let version = self.release.to_string();
        let upgrade = self.facts.composed().is_some_and(|from| from != version);
        let patience = Duration::from_secs(if upgrade { 1800 } else { 300 });
        let request = request(self.s, "GET", "/api/v2.0/health", None, None);
        let action = Action::Http { request, status: 200, healthy: true, patience };
        self.plan.step(Step::new(HOST, "wait until Harbor is healthy", action));
    }

    fn call(&mut self, what: String, request: Http) {
        // Core answers a moment before its caches are warm.
        let patience = Duration::from_secs(30);
        let action = Action::Http { request, status: 200, healthy: false, patience };
        self.plan.step(Step::new(HOST, what, action));
    }

    /// Harbor takes the password of `harbor.yml` once; later ones go through its API, which asks
    /// for the old one.
    fn password(&mut self) {
        if self.facts.admin != Admin::Refused {
            return;
        }
        let new = self.s.admin_password_wo.clone();
        let (Some(new), Some(old)) = (new, self.s.admin_old_password_wo.clone()) else {
            let detail = format!(
                "Harbor on {} does not take admin_password_wo for the user admin. Harbor reads the \
                 password of its configuration at its very first start alone. To set a new one, give \
                 the one that is in use as admin_old_password_wo beside the new one.",
                self.s.ssh.host
            );
            self.refuse("admin_password_wo", "Harbor refuses the admin's password", detail);
            return;
        };
        let body = json!({"old_password": old.expose(), "new_password": new.expose()});
        let body = Secret::from(body.to_string());
        let path = "/api/v2.0/users/1/password";
        let request = request(self.s, "PUT", path, Some(&old), Some(body));
        self.call("set the password of admin".to_owned(), request);
    }

    fn configuration(&mut self) {
        let mut change = BTreeMap::new();
        for (key, wanted) in configuration::wanted(self.s, self.release) {
            let name = format!("configuration {key}");
            let actual = match &self.facts.admin {
                Admin::Settings(seen) => {
                    configuration::show(&configuration::actual(seen, &key, &wanted))
                }
                // Not seen: as it was when it was seen last.
                Admin::Unknown | Admin::Refused if self.context.reading => self.prior_status(&name),
                Admin::Unknown | Admin::Refused => String::new(),
            };
            // Text that is empty means absent in `status`.
            let shown = |text: String| if text.is_empty() { "\"\"".to_owned() } else { text };
            let wanted_text = shown(configuration::show(&wanted));
            let actual =
                if matches!(self.facts.admin, Admin::Settings(_)) { shown(actual) } else { actual };
            if self.plan.status(name, &actual, &wanted_text) {
                change.insert(key, wanted);
            }
        }
        let Some(password) = self.s.admin_password_wo.clone().filter(|_| !change.is_empty()) else {
            return;
        };
        let names: Vec<&str> = change.keys().map(String::as_str).collect();
        let what = format!("set {} in Harbor", names.join(", "));
        let body = Secret::from(Value::from_iter(change.clone()).to_string());
        let path = "/api/v2.0/configurations";
        self.call(what, request(self.s, "PUT", path, Some(&password), Some(body)));
    }
}

fn unhealthy(components: &BTreeMap<String, String>) -> String {
    let bad: Vec<&str> =
        components.iter().filter(|(_, s)| *s != "healthy").map(|(n, _)| n.as_str()).collect();
    format!("unhealthy: {}", bad.join(", "))
}
