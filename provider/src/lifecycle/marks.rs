//! What the provider keeps on a host: who manages it, and the key of its digests.

use std::collections::BTreeMap;

use super::private;
use crate::observation::SecretText;
use crate::plan::Plan;
use crate::question::{Answers, Question};
use crate::secret::Secret;

/// The key of a host's digests; random, root's alone, never leaves the provider's memory.
const KEY: &str = "/etc/breakwater/digest.key";
/// One file per resource type: the name of the configuration that manages it.
const OWNERS: &str = "/etc/breakwater/owners";

/// The marks of one host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// The digest key, where there is one.
    pub key: Option<Secret>,
    /// The configuration that manages this resource type here, where one does.
    pub owner: Option<String>,
}

/// Ask for the marks.
pub fn question(host: &str, resource: &str) -> Question {
    let script = format!("cat {KEY} 2>/dev/null; echo; cat {OWNERS}/{resource} 2>/dev/null; true");
    Question::script(host, "marks", script)
}

/// The marks of each host.
pub fn facts<'a>(
    answers: &Answers,
    hosts: impl Iterator<Item = &'a String>,
) -> BTreeMap<String, Marks> {
    let read = |host: &String| {
        let text = answers.stdout(host, "marks").unwrap_or_default();
        (host.clone(), parse(text))
    };
    hosts.map(read).collect()
}

fn parse(text: &str) -> Marks {
    let (key, owner) = text.split_once('\n').unwrap_or((text, ""));
    let some = |s: &str| Some(s.trim()).filter(|s| !s.is_empty()).map(str::to_owned);
    Marks { key: some(key).map(Secret::from), owner: some(owner) }
}

/// Digest of each text with secrets, and whether it is the one that was recorded.
pub fn compare(
    texts: &BTreeMap<String, SecretText>,
    marks: &BTreeMap<String, Marks>,
    recorded: &BTreeMap<String, String>,
) -> (BTreeMap<String, String>, BTreeMap<String, bool>) {
    let mut digests = BTreeMap::new();
    let mut as_written = BTreeMap::new();
    for (label, SecretText { host, text, .. }) in texts {
        let Some(key) = marks.get(host).and_then(|m| m.key.as_ref()) else { continue };
        let digest = private::digest(key, text);
        if let Some(before) = recorded.get(label) {
            as_written.insert(label.clone(), *before == digest);
        }
        digests.insert(label.clone(), digest);
    }
    (digests, as_written)
}

/// A host that another configuration manages is not touched.
pub fn refuse_other_owners(
    plan: &mut Plan,
    marks: &BTreeMap<String, Marks>,
    owner: &str,
    adopt: bool,
    resource: &str,
) {
    for (host, marks) in marks {
        if let Some(other) = marks.owner.as_deref().filter(|o| *o != owner && !adopt) {
            let summary = format!("Host {host} is managed by the configuration \"{other}\"");
            let detail = format!(
                "This configuration is \"{owner}\" (the provider's owner attribute), and \
                 {OWNERS}/{resource} on the host names \"{other}\". Nothing was touched. Destroy it \
                 there, or take it over with terraform import."
            );
            plan.refuse("", summary, detail);
        }
    }
}

/// The script that makes the marks where they are missing.
pub fn claim(owner: &str, resource: &str) -> String {
    let owner = crate::step::word(owner);
    format!(
        "umask 077; mkdir -p {OWNERS}; chmod 755 /etc/breakwater {OWNERS}\n\
         [ -s {KEY} ] || {{ head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \\n' > {KEY}.new; \
         sync {KEY}.new; mv {KEY}.new {KEY}; }}\n\
         printf '%s\\n' {owner} > {OWNERS}/{resource}; chmod 644 {OWNERS}/{resource}\n"
    )
}

/// The script that gives the host back.
pub fn release(resource: &str) -> String {
    format!("rm -f {OWNERS}/{resource}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observation::Observation;

    #[test]
    fn reads_marks_of_a_bare_host() {
        assert_eq!(parse("\n"), Marks::default());
        let marks = parse("abc\nprod\n");
        assert_eq!(marks.owner.as_deref(), Some("prod"));
        assert_eq!(marks.key, Some(Secret::from("abc")));
    }

    #[test]
    fn another_owner_is_refused_unless_imported() {
        let marks = BTreeMap::from([("a".to_owned(), parse("k\nprod\n"))]);
        let refusals = |owner, adopt| {
            let mut plan = Plan::default();
            refuse_other_owners(&mut plan, &marks, owner, adopt, "harbor_ha_node");
            plan.refusals.len()
        };
        assert_eq!((refusals("staging", false), refusals("prod", false)), (1, 0));
        assert_eq!(refusals("staging", true), 0);
    }

    #[test]
    fn a_digest_tells_our_text_from_another() {
        let marks = BTreeMap::from([("a".to_owned(), parse("k\n\n"))]);
        let text = |t: &str| {
            let mut observed = Observation::default();
            observed.secret_file("a", "a:/f", &Secret::from(t), "(secret)");
            observed.secrets
        };
        let (recorded, first) = compare(&text("x"), &marks, &BTreeMap::new());
        assert!(first.is_empty());
        assert!(compare(&text("x"), &marks, &recorded).1["a:/f"]);
        assert!(!compare(&text("y"), &marks, &recorded).1["a:/f"]);
    }
}
