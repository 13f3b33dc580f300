//! What others have on a host that keeps an apply from succeeding, refused before anything is touched.

use super::super::case::{Case, Side};
use super::super::names::packages;
use super::super::settings::Source;
use super::upgrade::is_due;
use crate::diag::{Diag, Diags, Path};
use crate::facts::apt_sources::{self, AptSource};

/// The host of the PostgreSQL project's repository.
const PGDG: &str = "apt.postgresql.org";

/// Where the project keeps what its repository no longer has.
const ARCHIVE: &str = "https://apt-archive.postgresql.org/pub/repos/apt";

/// Releases of Debian and Ubuntu that the project's repository no longer has.
const GONE: [&str; 5] = ["stretch", "buster", "xenial", "bionic", "focal"];

/// Why an apply would fail on this host.
pub fn refusals(case: &Case, side: &Side) -> Diags {
    let at = format!("nodes.{}", side.member.word());
    let place = case.settings.place(side.member);
    let mut refusals = side.host.others.in_charge(Path::of(&at), &place, &side.paths.unit);
    if installs(case, side) {
        refusals.extend(held(case, side));
        refusals.extend(gone(case, side));
    }
    refusals.extend(other_key(case, side));
    refusals.extend(files(case, side));
    refusals
}

/// Whether packages are to be installed or upgraded.
fn installs(case: &Case, side: &Side) -> bool {
    let there = |name: &String| side.host.packages.get(name).is_some_and(|p| p.installed.is_some());
    !(side.host.server && packages(case.settings).iter().all(there)) || is_due(case, side)
}

/// Packages that apt leaves as they are, of those that have to change.
fn held(case: &Case, side: &Side) -> Diags {
    let mut refusals = Diags::new();
    let others = &side.host.others;
    let wanted = case.settings.package_version.as_deref();
    let of_server = packages(case.settings);
    let changes = |name: &str, installed: bool| match side.host.packages.get(name) {
        Some(package) if installed && of_server.iter().any(|n| n == name) => {
            wanted.is_some() && package.installed.as_deref() != wanted
        }
        _ => !installed,
    };
    let in_the_way = others.held.iter().filter(|(name, there)| changes(name, *there));
    let mut names: Vec<&str> = in_the_way.map(|(name, _)| name.as_str()).collect();
    if names.is_empty() && others.blocked {
        names = others.held.iter().map(|(name, _)| name.as_str()).collect();
    }
    if names.is_empty() {
        return refusals;
    }
    let detail = format!(
        "On {}, {} on hold, and apt would refuse to install what the plan needs. `apt-mark unhold {}` \
         there takes the hold back; afterwards `apt-mark hold` keeps what was installed.",
        case.settings.place(side.member),
        are(&names),
        names.join(" ")
    );
    let at = if wanted.is_some() { "package_version" } else { "version" };
    refusals.push(Diag::error("Packages are on hold", detail).at(Path::of(at)));
    refusals
}

fn are(names: &[&str]) -> String {
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", names.join(" and "))
}

/// A release whose packages have left the repository.
fn gone(case: &Case, side: &Side) -> Diags {
    let mut refusals = Diags::new();
    let codename = side.host.os.codename.as_str();
    let mirror = &case.settings.mirror;
    let host = mirror.split("://").nth(1).and_then(|rest| rest.split('/').next());
    let there = case.settings.source == Source::Pgdg && host == Some(PGDG);
    if !there || !GONE.contains(&codename) {
        return refusals;
    }
    let detail = format!(
        "{PGDG} no longer has packages for {codename}, the release of {}. Set mirror = \
         \"{ARCHIVE}\", where the project keeps them without updates; better, move to a release that \
         is maintained.",
        case.settings.place(side.member)
    );
    let summary = "The repository no longer has this release of the operating system";
    refusals.push(Diag::error(summary, detail).at(Path::of("mirror")));
    refusals
}

/// The same repository, by another file with another key: apt would read no source at all any more.
fn other_key(case: &Case, side: &Side) -> Diags {
    let mut refusals = Diags::new();
    let written = side.files.sources(&side.host.os.codename);
    let brings = case.write(side.member, written).is_some() || installs(case, side);
    if case.settings.source != Source::Pgdg || !brings {
        return refusals;
    }
    let wanted = side.files.source(&side.host.os.codename);
    let ours = AptSource {
        file: side.paths.sources.clone(),
        uri: wanted.uri,
        suite: wanted.suite,
        signed_by: wanted.signed_by,
    };
    if let Some(other) = apt_sources::conflict(&side.host.apt_sources, &ours) {
        let detail = format!(
            "On {}, {} has {} {}, signed by {}; {} would name the same with {}. apt refuses to work \
             while two files name one repository with different keys, and nothing could be installed \
             there any more. Remove {} from there, or its lines for this repository; or write source \
             = \"distro\" to install from the sources that the host has.",
            case.settings.place(side.member),
            other.file,
            other.uri,
            other.suite,
            other.keys(),
            ours.file,
            ours.signed_by,
            other.file
        );
        let summary = "Another file has this repository with another key";
        refusals.push(Diag::error(summary, detail).at(Path::of("source")));
    }
    refusals
}

/// Files of packages at our paths, at any time; and where the pair is made, files that nobody of ours
/// wrote. Those of a pair that was imported are shown as lines that change.
fn files(case: &Case, side: &Side) -> Diags {
    let mut refusals = Diags::new();
    let (place, at) = (case.settings.place(side.member), format!("nodes.{}", side.member.word()));
    for (package, path) in &side.host.others.owned {
        let detail = format!(
            "{path} on {place} belongs to the package {package}, whose next upgrade would write it \
             anew. It is not overwritten: remove the package, or have the file out of the way with \
             dpkg-divert."
        );
        let summary = "A file of a package stands in the way";
        refusals.push(Diag::error(summary, detail).at(Path::of(&at)));
    }
    if case.context.prior.is_some() {
        return refusals;
    }
    let owned = |path: &String| side.host.others.owned.iter().any(|(_, owned)| owned == path);
    for path in side.paths.whole().into_iter().filter(|path| !owned(path)) {
        let text = case.fact(side.member, path).text();
        if text.is_some_and(|text| !is_ours(text)) {
            let detail = format!(
                "{path} on {place} was not written by this resource, which would overwrite it. Move \
                 it away if nobody needs it; a pair that was built by hand is imported, and its plan \
                 shows the lines that change."
            );
            let summary = "A file of somebody else stands in the way";
            refusals.push(Diag::error(summary, detail).at(Path::of(&at)));
        }
    }
    refusals
}

/// Whether we wrote it, in this release or an earlier one. The drop-in has no line for people.
fn is_ours(text: &str) -> bool {
    let waits =
        |line: &str| line.is_empty() || line == "[Unit]" || line.starts_with("RequiresMountsFor=");
    text.contains("Breakwater") || text.lines().all(waits)
}
