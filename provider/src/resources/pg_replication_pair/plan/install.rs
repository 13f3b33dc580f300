//! Packages: where they come from, and the server.

use super::super::case::Case;
use super::super::files::is_url;
use super::super::names::packages;
use super::super::scripts::Scripts;
use super::super::settings::{Member, Source};
use crate::facts::file::FileFact;
use crate::facts::package::Package;
use crate::resource::Plan;
use crate::shell::word;
use crate::step::Step;

/// Bring the server's packages to one host, and keep them from making a cluster by themselves.
pub fn install(case: &Case, plan: &mut Plan, member: Member) {
    let side = case.side(member);
    case.file(plan, member, side.files.createcluster());
    let source_is_new = case.settings.source == Source::Pgdg && repository(case, plan, member);
    let [server, client] = packages(case.settings);
    let mut missing = !side.host.server;
    for name in [&server, &client] {
        let found = side.host.packages.get(name);
        let (actual, wanted) = Package::words(found, case.settings.package_version.as_deref());
        plan.status(format!("{}: package {name}", member.word()), actual, wanted);
        missing |= actual.is_empty();
    }
    if missing {
        let (host, scripts) = (member.word(), side.scripts);
        if source_is_new {
            plan.step(Step::job(
                host,
                "read the new package source",
                "apt-update",
                scripts.update_lists(),
            ));
        }
        plan.step(Step::job(
            host,
            format!("install {server}"),
            "apt-postgresql",
            scripts.install(),
        ));
    }
}

/// The PostgreSQL project's repository and its key; true if the source was not there.
fn repository(case: &Case, plan: &mut Plan, member: Member) -> bool {
    let side = case.side(member);
    match side.files.key() {
        Some(key) => {
            case.file(plan, member, key);
        }
        None if is_url(&case.settings.signing_key) => fetched_key(case, plan, member),
        None => {}
    }
    case.file(plan, member, side.files.sources(&side.host.os.codename))
}

/// A key that is fetched has no text that a plan could show.
fn fetched_key(case: &Case, plan: &mut Plan, member: Member) {
    let side = case.side(member);
    let present = side.host.files.get(&side.paths.key).is_some_and(FileFact::is_present);
    let words = if present { "present" } else { "" };
    if plan.status(format!("{}: key of the package source", member.word()), words, "present") {
        let what = format!("fetch {}", case.settings.signing_key);
        plan.step(Step::run(member.word(), what, side.scripts.fetch_key()));
    }
}

impl Scripts<'_> {
    /// Install the server. The package lists are read again where they do not have it.
    pub fn install(&self) -> String {
        let [server, client] = packages(self.settings);
        let release = self.settings.package_version.as_ref();
        let (pin, named) = match release {
            Some(release) => (format!("={}", word(release)), format!("{server} {release}")),
            None => (String::new(), server.clone()),
        };
        format!(
            r#"{apt}has() {{ apt-cache show {server}{pin} 2>/dev/null | grep -q '^Version: [0-9]'; }}
try() {{ apt --no-install-recommends install {server}{pin} {client}{pin}; }}
has || apt update
if ! has; then
  echo "{named} is in no package source of this host, and 'apt-get update' did not bring it" >&2
  exit 1
fi
try || {{ apt update && try; }}
"#,
            apt = crate::apt::function()
        )
    }

    /// Read the package lists of a source that was just written.
    pub fn update_lists(&self) -> String {
        format!(
            "{}apt -o APT::Update::Error-Mode=any \
             -o Dir::Etc::sourcelist={} -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0 update\n",
            crate::apt::function_for(&self.settings.mirror),
            word(&self.paths.sources)
        )
    }

    /// Fetch the key of the repository.
    pub fn fetch_key(&self) -> String {
        let (key, url) = (word(&self.paths.key), word(&self.settings.signing_key));
        format!(
            "{apt}mkdir -p \"$(dirname {key})\"\nt=$(mktemp)\n\
             /usr/lib/apt/apt-helper download-file {url} \"$t\"\n\
             grep -q 'BEGIN PGP PUBLIC KEY BLOCK' \"$t\" || {{ echo \"no armoured key at the URL\" >&2; exit 1; }}\n\
             install -m 0644 \"$t\" {key}\nrm -f \"$t\"\n",
            apt = crate::apt::function_for(&self.settings.signing_key)
        )
    }
}
