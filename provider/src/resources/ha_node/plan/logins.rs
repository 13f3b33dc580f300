//! A node that is started with a database or a Redis that does not let it in does not come back.

use super::{Node, Part};
use crate::question::Verdict;

/// An error or a warning: attribute, summary, detail.
type Said = (&'static str, String, String);

impl Node<'_> {
    /// `starts`: containers are started, which then log in. A plan only warns: what is refused now may
    /// be what another resource of the same apply makes or changes. An apply stops before anything is
    /// touched.
    pub(super) fn logins(&self, starts: bool) -> Part {
        let mut part = Part::default();
        let applying = self.known.context.applying;
        // Before a first apply nothing is expected to be there.
        if !starts || !(applying || self.facts.composed().is_some()) {
            return part;
        }
        for (path, summary, detail) in self.database_says().into_iter().chain(self.redis_says()) {
            if applying {
                let detail = format!(
                    "{} Harbor does not start with it, so none of its containers was touched. If another resource \
                     of this configuration makes it so, this one must come after it (depends_on).",
                    ended(&detail)
                );
                part.refuse(path, summary, detail);
            } else {
                let detail = format!(
                    "{} Unless the same apply makes it so before, it stops there, with this node \
                     untouched.",
                    ended(&detail)
                );
                part.warn(path, summary, detail);
            }
        }
        part
    }

    fn database_says(&self) -> Option<Said> {
        let d = &self.s.database;
        let (host, at) = (&self.s.ssh.host, format!("{}:{}", d.host, d.port));
        Some(match self.facts.logins.database.as_ref()? {
            Verdict::Accepted | Verdict::Unknown(_) => return None,
            Verdict::Refused(why) => (
                "database.password_wo",
                "The database refuses the login".to_owned(),
                format!(
                    "PostgreSQL at {at}, asked from {host}, does not let {} in: {why}",
                    d.username
                ),
            ),
            Verdict::NotThere(why) => (
                "database.name",
                "There is no such database".to_owned(),
                format!("PostgreSQL at {at}, asked from {host}: {why}"),
            ),
            Verdict::NoTls(why) => (
                "database.ssl_mode",
                "The database speaks no TLS".to_owned(),
                format!(
                    "PostgreSQL at {at}, asked from {host}: {why}; ssl_mode is \"{}\".",
                    d.ssl_mode
                ),
            ),
            Verdict::Unreachable(why) => (
                "database.host",
                format!("The database is not reached from {host}"),
                format!("PostgreSQL at {at}, asked from {host}: {why}"),
            ),
        })
    }

    fn redis_says(&self) -> Option<Said> {
        let r = self.s.redis.as_ref()?;
        let host = &self.s.ssh.host;
        let at = if r.sentinel_master_set.is_some() || r.host.contains(':') {
            r.host.clone()
        } else {
            format!("{}:{}", r.host, r.port)
        };
        Some(match self.facts.logins.redis.as_ref()? {
            Verdict::Accepted | Verdict::Unknown(_) => return None,
            Verdict::Refused(why) => {
                let what = match (&r.password_wo, &r.username) {
                    (None, _) => "wants a password".to_owned(),
                    (_, None) => "does not take the password".to_owned(),
                    (_, Some(user)) => format!("does not let {user} in with this password"),
                };
                (
                    "redis.password_wo",
                    "Redis refuses the login".to_owned(),
                    format!("Redis at {at}, asked from {host}, {what}: {why}"),
                )
            }
            Verdict::NotThere(why) => (
                "redis.sentinel_master_set",
                "There is no such master".to_owned(),
                format!("Asked from {host}: {why}"),
            ),
            Verdict::NoTls(why) => (
                "redis.tls",
                "No TLS with Redis".to_owned(),
                format!("Redis at {at}, asked from {host}: {why}"),
            ),
            Verdict::Unreachable(why) => (
                "redis.host",
                format!("Redis is not reached from {host}"),
                format!("Redis at {at}, asked from {host}: {why}"),
            ),
        })
    }
}

/// With one full stop: what a server says may have its own.
fn ended(text: &str) -> String {
    text.trim_end_matches('.').to_owned() + "."
}
