//! Packages: where they come from, and the server.

use super::super::case::{Case, Side};
use super::super::names::packages;
use super::super::observe::fetches_key;
use super::super::scripts::Scripts;
use super::super::settings::Source;
use crate::shell::word;
use crate::step::{Step, Steps};

/// Bring the server's packages to one host, and keep them from making a cluster by themselves.
pub fn steps(case: &Case, side: &Side) -> Steps {
    let (host, scripts) = (side.member.word(), side.scripts);
    let mut steps = Steps::none();
    steps.extend(case.write(side.member, side.files.createcluster()));
    let mut source = None;
    if case.settings.source == Source::Pgdg {
        steps.extend(key(case, side));
        source = case.write(side.member, side.files.sources(&side.host.os.codename));
    }
    let source_is_new = source.is_some();
    steps.extend(source);
    let [server, client] = packages(case.settings);
    let installed =
        |name: &String| side.host.packages.get(name).is_some_and(|p| p.installed.is_some());
    if side.host.server && installed(&server) && installed(&client) {
        return steps;
    }
    if source_is_new {
        let what = "read the new package source";
        steps.push(Step::job(host, what, "apt-update", scripts.update_lists()));
    }
    let what = format!("install {server}");
    steps.push(Step::job(host, what, "apt-postgresql", scripts.install()));
    steps
}

/// The key of the PostgreSQL project's repository.
fn key(case: &Case, side: &Side) -> Option<Step> {
    if let Some(key) = side.files.key() {
        return case.write(side.member, key);
    }
    let there = case.fact(side.member, &side.paths.key).is_present();
    let what = format!("fetch {}", case.settings.signing_key);
    let fetch = || Step::run(side.member.word(), what, side.scripts.fetch_key());
    (fetches_key(case, side) && !there).then(fetch)
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
