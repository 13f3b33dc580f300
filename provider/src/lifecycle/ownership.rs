//! What the provider keeps on a host: who manages it, which life of which object, and the key of its
//! digests.

use std::collections::BTreeMap;

use super::private;
use crate::diag::Diag;
use crate::observation::SecretText;
use crate::plan::Plan;
use crate::question::{Answers, Question};
use crate::secret::Secret;

/// The key of a host's digests; random, root's alone, never leaves the provider's memory.
const KEY: &str = "/etc/breakwater/digest.key";
/// One file per resource type: the name of the configuration that manages it.
const OWNERS: &str = "/etc/breakwater/owners";
/// One file per object, by its type and a digest of its identity: the UID of the life that made or
/// changed it last.
const OBJECTS: &str = "/etc/breakwater/objects";

/// Who owns what is on one host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ownership {
    /// The digest key, where there is one.
    pub key: Option<Secret>,
    /// The configuration that manages this resource type here, where one does.
    pub owner: Option<String>,
    /// The UID of the object's last life here, where it has one.
    pub uid: Option<String>,
}

/// An object that is owned: its type, its identity, and the UID of its life.
///
/// An object that replaces another one on the same host lives beside it for a time: Terraform makes the
/// new one first under `create_before_destroy`, Pulumi always does. The UID, made when an object is
/// created, tells the delete of the old one that what is there is not its own any more.
#[derive(Clone, Copy, Debug)]
pub struct Life<'a> {
    /// `harbor_ha_node`
    pub resource: &'a str,
    /// The identity.
    pub id: &'a str,
    /// Empty for an object that was made before there were UIDs.
    pub uid: &'a str,
}

impl Life<'_> {
    /// Where the UID stands on a host.
    fn file(&self) -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, self.id.as_bytes());
        let hex = digest.as_ref()[..8].iter().fold(String::new(), |h, b| h + &format!("{b:02x}"));
        format!("{OBJECTS}/{}-{hex}", self.resource)
    }
}

/// Ask who owns it.
pub fn question(host: &str, life: Life) -> Question {
    let script = format!(
        "cat {KEY} 2>/dev/null; echo; head -n 1 {OWNERS}/{} 2>/dev/null || echo; \
         head -n 1 {} 2>/dev/null; true",
        life.resource,
        life.file()
    );
    Question::script(host, "ownership", script)
}

/// The ownership of each host.
pub fn facts<'a>(
    answers: &Answers,
    hosts: impl Iterator<Item = &'a String>,
) -> BTreeMap<String, Ownership> {
    let read = |host: &String| {
        let text = answers.stdout(host, "ownership").unwrap_or_default();
        (host.clone(), parse(text))
    };
    hosts.map(read).collect()
}

fn parse(text: &str) -> Ownership {
    let some = |s: &str| Some(s.trim()).filter(|s| !s.is_empty()).map(str::to_owned);
    let mut lines = text.split('\n').map(some);
    let mut next = || lines.next().flatten();
    Ownership { key: next().map(Secret::from), owner: next(), uid: next() }
}

/// What a delete says where a host carries another life of its object: nothing is done then.
pub fn of_another_life(ownership: &BTreeMap<String, Ownership>, life: Life) -> Option<Diag> {
    let other = |(_, ownership): &(&String, &Ownership)| {
        ownership.uid.as_deref().is_some_and(|uid| uid != life.uid)
    };
    let hosts: Vec<&str> = ownership.iter().filter(other).map(|(host, _)| host.as_str()).collect();
    if hosts.is_empty() {
        return None;
    }
    let detail = format!(
        "What is there (on {}) was made or taken over by another object of this configuration, which \
         replaced this one. This one is forgotten, and nothing is done on its hosts.",
        hosts.join(", ")
    );
    let summary = format!("{}: the destroy touches nothing", life.resource);
    Some(Diag::warning(summary, detail))
}

/// For `crate::untrusted`.
#[cfg(any(test, fuzzing))]
pub fn untrusted(text: &str) {
    drop(parse(text));
}

/// Digest of each text with secrets, and whether it is the one that was recorded.
pub fn compare(
    texts: &BTreeMap<String, SecretText>,
    ownership: &BTreeMap<String, Ownership>,
    recorded: &BTreeMap<String, String>,
) -> (BTreeMap<String, String>, BTreeMap<String, bool>) {
    let mut digests = BTreeMap::new();
    let mut as_written = BTreeMap::new();
    for (label, SecretText { host, text, .. }) in texts {
        let Some(key) = ownership.get(host).and_then(|m| m.key.as_ref()) else { continue };
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
    ownership: &BTreeMap<String, Ownership>,
    owner: &str,
    adopt: bool,
    resource: &str,
) {
    for (host, ownership) in ownership {
        if let Some(other) = ownership.owner.as_deref().filter(|o| *o != owner && !adopt) {
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

/// The script that claims the host, and says whose life it is.
pub fn claim(owner: &str, life: Life) -> String {
    let (owner, uid, file) = (crate::shell::word(owner), crate::shell::word(life.uid), life.file());
    let resource = life.resource;
    format!(
        "umask 077; mkdir -p {OWNERS} {OBJECTS}; chmod 755 /etc/breakwater {OWNERS} {OBJECTS}\n\
         [ -s {KEY} ] || {{ head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \\n' > {KEY}.new; \
         sync {KEY}.new; mv {KEY}.new {KEY}; }}\n\
         printf '%s\\n' {owner} > {OWNERS}/{resource}; chmod 644 {OWNERS}/{resource}\n\
         printf '%s\\n' {uid} > {file}.new; chmod 644 {file}.new; mv {file}.new {file}\n"
    )
}

/// The script that gives the host back, unless it is another life's.
pub fn release(life: Life) -> String {
    let (file, uid) = (life.file(), crate::shell::word(life.uid));
    format!(
        "[ ! -e {file} ] || [ \"$(head -n 1 {file})\" = {uid} ] || exit 0\n\
         rm -f {file}\n\
         [ -n \"$(find {OBJECTS} -name '{resource}-*' 2>/dev/null | head -n 1)\" ] || \
         rm -f {OWNERS}/{resource}\n",
        resource = life.resource
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observation::Observation;

    #[test]
    fn reads_the_ownership_of_a_bare_host() {
        assert_eq!(parse("\n"), Ownership::default());
        let ownership = parse("abc\nprod\n");
        assert_eq!((ownership.owner.as_deref(), ownership.uid), (Some("prod"), None));
        assert_eq!(ownership.key, Some(Secret::from("abc")));
        assert_eq!(parse("\n\nu1\n").uid.as_deref(), Some("u1"));
    }

    #[test]
    fn a_delete_knows_its_own_life() {
        let ownership =
            |uid: &str| BTreeMap::from([("a".to_owned(), parse(&format!("k\np\n{uid}")))]);
        let life = |uid| Life { resource: "harbor_ha_node", id: "a/opt/harbor", uid };
        assert!(of_another_life(&ownership("u1\n"), life("u1")).is_none());
        assert!(
            of_another_life(&ownership(""), life("u1")).is_none(),
            "made before there were UIDs"
        );
        assert!(of_another_life(&ownership(""), life("")).is_none());
        assert!(of_another_life(&ownership("u2\n"), life("u1")).is_some());
        assert!(
            of_another_life(&ownership("u2\n"), life("")).is_some(),
            "the old one of an upgrade"
        );
    }

    /// As the scripts do on a host, with its folder elsewhere.
    fn run(script: &str, root: &std::path::Path) -> String {
        sh("-euc", script, root)
    }

    fn sh(flags: &str, script: &str, root: &std::path::Path) -> String {
        let script = script.replace("/etc/breakwater", &root.display().to_string());
        let output = std::process::Command::new("sh").args([flags, &script]).output();
        let output = output.expect("sh runs");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("text")
    }

    #[test]
    fn what_is_claimed_is_seen_and_only_its_own_life_gives_it_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let life = |id, uid| Life { resource: "harbor_external_db", id, uid };
        let seen = |id| match question("a", life(id, "")).ask {
            crate::resource::Ask::Script(script) => parse(&sh("-c", &script, folder.path())),
            _ => unreachable!("a script is asked"),
        };
        assert_eq!(seen("x"), Ownership::default());
        run(&claim("prod", life("x", "u1")), folder.path());
        run(&claim("prod", life("y", "u2")), folder.path());
        assert_eq!(seen("x").uid.as_deref(), Some("u1"));
        assert_eq!(seen("y").uid.as_deref(), Some("u2"));
        assert_eq!(seen("z"), Ownership { uid: None, ..seen("x") });
        // A new life of x; the old one lets go of nothing.
        run(&claim("prod", life("x", "u3")), folder.path());
        run(&release(life("x", "u1")), folder.path());
        assert_eq!(
            (seen("x").uid.as_deref(), seen("x").owner.as_deref()),
            (Some("u3"), Some("prod"))
        );
        run(&release(life("x", "u3")), folder.path());
        assert_eq!((seen("x").uid, seen("x").owner.as_deref()), (None, Some("prod")), "y is there");
        run(&release(life("y", "u2")), folder.path());
        assert_eq!(seen("y").owner, None);
    }

    #[test]
    fn another_owner_is_refused_unless_imported() {
        let ownership = BTreeMap::from([("a".to_owned(), parse("k\nprod\n"))]);
        let refusals = |owner, adopt| {
            let mut plan = Plan::default();
            refuse_other_owners(&mut plan, &ownership, owner, adopt, "harbor_ha_node");
            plan.refusals.len()
        };
        assert_eq!((refusals("staging", false), refusals("prod", false)), (1, 0));
        assert_eq!(refusals("staging", true), 0);
    }

    #[test]
    fn a_digest_tells_our_text_from_another() {
        let ownership = BTreeMap::from([("a".to_owned(), parse("k\n\n"))]);
        let text = |t: &str| {
            let mut observed = Observation::default();
            observed.secret_file("a", "a:/f", &Secret::from(t), "(secret)");
            observed.secrets
        };
        let (recorded, first) = compare(&text("x"), &ownership, &BTreeMap::new());
        assert!(first.is_empty());
        assert!(compare(&text("x"), &ownership, &recorded).1["a:/f"]);
        assert!(!compare(&text("y"), &ownership, &recorded).1["a:/f"]);
    }
}
