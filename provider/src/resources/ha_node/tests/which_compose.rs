//! Which Compose a system gets.

use super::*;
use crate::facts::os::Os;

fn os(id: &str, version: &str, codename: &str) -> Os {
    let [id, version, codename] = [id, version, codename].map(str::to_owned);
    Os { id, codename, version, ..Os::default() }
}

/// A host of this release whose package sources have these, with what its script says of Compose.
fn host(os: &Os, candidates: &[(&str, &str)], seen: &str) -> Facts {
    let mut facts = Facts { os: os.clone(), seen: NodeProperties::parse(seen), ..Facts::default() };
    for (name, version) in candidates {
        let package = Package { candidate: Some((*version).to_owned()), ..Package::default() };
        facts.packages.insert((*name).to_owned(), package);
    }
    facts
}

fn has(mut facts: Facts, name: &str, version: &str) -> Facts {
    facts.packages.entry(name.to_owned()).or_default().installed = Some(version.to_owned());
    facts
}

fn installs(s: &HaNode, facts: &Facts) -> String {
    let plan = plan(s, facts);
    let steps = steps(&plan);
    let line = steps.lines().find_map(|line| line.strip_prefix("node: install "));
    line.unwrap_or_default().to_owned()
}

const NOBLE: &[(&str, &str)] = &[
    ("docker.io", "28.2.2-0ubuntu1~24.04.1"),
    ("docker-compose", "1.29.2-6ubuntu1"),
    ("docker-compose-v2", "2.37.1+ds1-0ubuntu2~24.04.1"),
];
const JAMMY: &[(&str, &str)] = &[
    ("docker.io", "28.2.2-0ubuntu1~22.04.1"),
    ("docker-compose", "1.29.2-1"),
    ("docker-compose-v2", "2.37.1+ds1-0ubuntu2~22.04.1"),
];
const FOCAL: &[(&str, &str)] = &[
    ("docker.io", "26.1.3-0ubuntu1~20.04.1"),
    ("docker-compose", "1.25.0-1"),
    ("docker-compose-v2", "2.24.6+ds1-0ubuntu1~20.04.1"),
];

#[test]
fn ubuntu_gets_its_plugin_and_debian_its_program() {
    let v2 = "docker.io, docker-compose-v2";
    let (noble, jammy) = (os("ubuntu", "24.04", "noble"), os("ubuntu", "22.04", "jammy"));
    let (focal, bionic) = (os("ubuntu", "20.04", "focal"), os("ubuntu", "18.04", "bionic"));
    for (os, candidates, wanted) in [
        (&noble, NOBLE, v2),
        (&jammy, JAMMY, v2),
        (&focal, FOCAL, v2),
        // They have just booted.
        (&noble, &[], v2),
        (&jammy, &[], v2),
        (&focal, &[], v2),
        (&os("ubuntu", "26.10", "stonking"), &[], v2),
        // Without its -updates there is but the old one, which works.
        (&jammy, &JAMMY[..2], "docker.io, docker-compose"),
        (&bionic, &[], "docker.io, docker-compose"),
        (&os("debian", "12", "bookworm"), &[], "docker.io, docker-compose"),
        (&os("debian", "14", "forky"), &[], "docker.io, docker-compose"),
    ] {
        let facts = host(os, candidates, "");
        assert_eq!(installs(&usual(), &facts), wanted, "{} {candidates:?}", os.codename);
    }
}

#[test]
fn what_is_there_stays_if_it_starts() {
    let noble =
        host(&os("ubuntu", "24.04", "noble"), NOBLE, "client=28.2.2\nserver=28.2.2\nstandalone=\n");
    let dead = has(has(noble, "docker.io", "28.2.2"), "docker-compose", "1.29.2-6ubuntu1");
    assert_eq!(installs(&usual(), &dead), "docker-compose-v2");
    let jammy = |seen: &str| {
        let seen = format!("client=28.2.2\nserver=28.2.2\n{seen}\n");
        let facts = host(&os("ubuntu", "22.04", "jammy"), JAMMY, &seen);
        has(has(facts, "docker.io", "28.2.2"), "docker-compose", "1.29.2-1")
    };
    assert_eq!(installs(&usual(), &jammy("standalone=1.29.2")), "");
    let both = has(jammy("standalone=1.29.2\nplugin=2.37.1"), "docker-compose-v2", "2.37.1");
    assert_eq!(installs(&usual(), &both), "");
    assert!(describe(&plan(&usual(), &both).steps).contains("start Harbor"));
}

#[test]
fn one_that_does_not_start_or_cannot_be_had_is_refused_with_the_way_out() {
    let noble = os("ubuntu", "24.04", "noble");
    let said = settings(serde_json::json!({"docker": {"compose": {"source": "distro"}}}));
    for facts in [host(&noble, NOBLE, ""), host(&noble, &[], "standalone=\n")] {
        let refused = refusals(&plan(&said, &facts));
        assert_eq!(refused[0].0, "docker.compose");
        for words in ["ubuntu 24.04", "distutils", "\"plugin\"", "docker-compose-v2"] {
            assert!(refused[0].1.contains(words), "{refused:?}");
        }
    }
    // With python3-setuptools it has one.
    let mends =
        has(host(&noble, NOBLE, "standalone=1.29.2\n"), "docker-compose", "1.29.2-6ubuntu1");
    assert_eq!(refusals(&plan(&said, &mends)), []);
    let plugin = settings(serde_json::json!({"docker": {"compose": {"source": "plugin"}}}));
    let bookworm = host(&os("debian", "12", "bookworm"), &[("docker.io", "20.10.24")], "");
    for (s, facts) in [(usual(), host(&noble, &NOBLE[..2], "")), (plugin, bookworm)] {
        let refused = refusals(&plan(&s, &facts));
        assert_eq!(refused[0].0, "docker.compose");
        for words in
            ["docker-compose-v2 is in no package source", "universe", "\"docker-ce\"", "\"url\""]
        {
            assert!(refused[0].1.contains(words), "{refused:?}");
        }
    }
}

#[test]
fn a_node_on_ubuntu_that_is_as_wanted_has_no_steps() {
    let noble = host(&os("ubuntu", "24.04", "noble"), &[], "");
    let s = usual();
    let facts = Facts { os: noble.os, ..done(&s) };
    // It was made with the program; now its package is another one.
    let steps_1 = steps(&plan(&s, &facts));
    assert!(!steps_1.contains("install"), "{steps_1}");
    let mut fresh = facts.clone();
    fresh.packages.clear();
    let planned = plan(&s, &fresh);
    assert!(describe(&planned.steps).contains("install docker.io, docker-compose-v2"));
    let after = after(&s, &fresh, &planned.steps);
    assert_eq!(steps(&plan(&s, &after)), "");
}
