//! What is asked of Harbor itself: health, the admin's password, system settings.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Node, Part};
use crate::resources::ha_node::facts::{Admin, HOST};
use crate::resources::ha_node::observe::{setting_label, shown};
use crate::resources::ha_node::questions::request;
use crate::resources::ha_node::{configuration, scripts};
use crate::secret::Secret;
use crate::step::{Action, Http, Step};

impl Node<'_> {
    /// `changed`: something is done before; `replaces`: a configuration that ran healthy is replaced.
    pub(super) fn api(&self, changed: bool, replaces: bool) -> Part {
        let mut part = Part::default();
        let differs = self.status(&mut part, "health", "healthy");
        if differs || changed {
            part.step(self.or_back(self.wait_healthy(), replaces));
        }
        if self.goes_back(replaces) {
            part.step(self.forget());
        }
        part.add(self.trust());
        part.add(self.password());
        part.add(self.configuration());
        part
    }

    /// With certificates that are files on the host, only the system's authorities are trusted.
    fn trust(&self) -> Part {
        let mut part = Part::default();
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
            part.warn("https", "Harbor's certificate is not trusted", detail);
        }
        part
    }

    /// After a new release core changes the database's schema first, which can take long.
    pub(super) fn wait_healthy(&self) -> Step {
        let version = self.release.to_string();
        let upgrade = self.facts.composed().is_some_and(|from| from != version);
        let patience = Duration::from_secs(if upgrade { 1800 } else { 300 });
        let request = request(self.s, "GET", "/api/v2.0/health", None, None);
        let explain = scripts::explain(self.s);
        let action = Action::Http { request, status: 200, healthy: true, patience, explain };
        Step::new(HOST, "wait until Harbor is healthy", action)
    }

    /// Harbor takes the password of `harbor.yml` once; later ones go through its API, which asks
    /// for the old one.
    fn password(&self) -> Part {
        let mut part = Part::default();
        if self.facts.admin != Admin::Refused {
            return part;
        }
        let new = self.s.admin_password_wo.clone();
        let (Some(new), Some(old)) = (new, self.s.admin_old_password_wo.clone()) else {
            let detail = format!(
                "Harbor on {} does not take admin_password_wo for the user admin. Harbor reads the \
                 password of its configuration at its very first start alone. To set a new one, give \
                 the one that is in use as admin_old_password_wo beside the new one.",
                self.s.ssh.host
            );
            part.refuse("admin_password_wo", "Harbor refuses the admin's password", detail);
            return part;
        };
        let body = json!({"old_password": old.expose(), "new_password": new.expose()});
        let body = Secret::from(body.to_string());
        let path = "/api/v2.0/users/1/password";
        let request = request(self.s, "PUT", path, Some(&old), Some(body));
        part.step(call("set the password of admin".to_owned(), request));
        part
    }

    fn configuration(&self) -> Part {
        let mut part = Part::default();
        let seen = matches!(self.facts.admin, Admin::Settings(_));
        let mut change = BTreeMap::new();
        for (key, wanted) in configuration::wanted(self.s, self.release) {
            let name = setting_label(&key);
            // What is not seen is set.
            let actual = if seen { self.known.observed.says(&name) } else { "" };
            if part.plan.status(name, actual, &shown(configuration::show(&wanted))) {
                change.insert(key, wanted);
            }
        }
        let Some(password) = self.s.admin_password_wo.as_ref().filter(|_| !change.is_empty())
        else {
            return part;
        };
        let names: Vec<&str> = change.keys().map(String::as_str).collect();
        let what = format!("set {} in Harbor", names.join(", "));
        let body = Secret::from(Value::from_iter(change.clone()).to_string());
        let path = "/api/v2.0/configurations";
        part.step(call(what, request(self.s, "PUT", path, Some(password), Some(body))));
        part
    }
}

fn call(what: String, request: Http) -> Step {
    // Core answers a moment before its caches are warm.
    let patience = Duration::from_secs(30);
    let explain = String::new();
    let action = Action::Http { request, status: 200, healthy: false, patience, explain };
    Step::new(HOST, what, action)
}
