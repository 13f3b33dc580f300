//! A newer release of the server's packages: on the standby first, and on the primary when the
//! standby follows again.

use super::super::case::{Case, Side};
use super::super::names::packages;
use super::super::scripts::Scripts;
use super::super::settings::Member;
use super::super::steps::attached;
use crate::diag::{Diag, Diags, Path};
use crate::shell::word;
use crate::step::{Step, Steps};

/// Bring the servers that are there to the wanted release; what is not installed yet gets it at once.
pub fn steps(case: &Case) -> Steps {
    let mut steps = Steps::none();
    let Some(wanted) = &case.settings.package_version else { return steps };
    // Where there is no copy yet, the primary is upgraded before it is copied.
    let order = [case.standby(), case.primary()];
    for side in order.iter().filter(|side| is_due(case, side)) {
        steps.push(upgrade(case, side, wanted));
        let both = order.iter().all(|side| side.host.sql.is_some());
        if both {
            let why = format!("after the upgrade of {}", side.member.word());
            steps.extend(attached(case, &why));
        }
    }
    steps
}

/// Whether a server is to be upgraded: it is there, and of another release. A newer one is refused.
pub fn is_due(case: &Case, side: &Side) -> bool {
    let Some(wanted) = &case.settings.package_version else { return false };
    let other = |name: &String| {
        let release = release(side, name);
        !release.is_empty() && release != wanted
    };
    case.missing(side.member).is_none()
        && side.host.server
        && packages(case.settings).iter().any(other)
}

/// The release of a package on a host; empty if it is not installed.
fn release<'a>(side: &Side<'a>, name: &str) -> &'a str {
    let package = side.host.packages.get(name);
    package.and_then(|p| p.installed.as_deref()).unwrap_or_default()
}

/// Refuse what would not go well. A change of roles comes first, and waits for no package.
pub fn refusals(case: &Case) -> Diags {
    let mut refusals = Diags::new();
    let mut refuse = |summary: &str, detail: String| {
        refusals.push(Diag::error(summary, detail).at(Path::of("package_version")));
    };
    let Some(wanted) = &case.settings.package_version else { return refusals };
    let [server, _] = packages(case.settings);
    for side in Member::BOTH.map(|member| case.side(member)) {
        if side.host.newer {
            let detail = format!(
                "{} has {} of PostgreSQL's packages, which is newer than {wanted}. A server is not \
                 taken back to an older release: write what is installed, or a newer one.",
                case.settings.place(side.member),
                release(&side, &server)
            );
            refuse("The installed release is newer", detail);
        }
    }
    let (primary, standby) = (case.primary(), case.standby());
    if case.missing(standby.member).is_some() && is_due(case, &primary) {
        let detail = format!(
            "{} does not answer. The standby is upgraded before its primary, since it must read what \
             the primary writes: upgrade when it answers.",
            case.settings.place(standby.member)
        );
        refuse("The pair cannot be upgraded now", detail);
    }
    refusals
}

fn upgrade(case: &Case, side: &Side, wanted: &str) -> Step {
    let [server, _] = packages(case.settings);
    let (host, from) = (side.member.word(), release(side, &server));
    let what = format!("upgrade {server} from {from} to {wanted}");
    let step = Step::job(host, what, "apt-postgresql", side.scripts.upgrade(wanted));
    if side.host.sql.is_none() {
        return step;
    }
    let place = case.settings.place(side.member);
    let (who, consequence) = if side.member == case.settings.primary {
        (place, "all connections end, and writes wait for about 10 s")
    } else if case.settings.sync_wanted() {
        (place + ", the standby,", "with sync = \"on\" writes wait for about 10 s")
    } else {
        (place + ", the standby,", "reads there are cut for about 10 s, and writes go on")
    };
    step.disruptive(format!(
        "PostgreSQL on {who} is upgraded to {wanted} and restarts: {consequence}"
    ))
}

impl Scripts<'_> {
    /// Install one release over another. The package stops and starts the server itself; that it
    /// did is seen by the program that the server runs.
    fn upgrade(&self, wanted: &str) -> String {
        let ([server, client], wanted) = (packages(self.settings), word(wanted));
        self.with(&format!(
            r#"{apt}W={wanted}
versions() {{ apt-cache madison {server} | awk -F' *[|] *' '{{print $2}}' | sort -u; }}
versions | grep -qxF -- "$W" || apt update
if ! versions | grep -qxF -- "$W"; then
  echo "{server} $W is in no package source of this host; there are:" $(versions) >&2
  exit 1
fi
was=$(systemctl is-active "$UNIT" || true)
apt -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold --no-install-recommends \
  install {server}="$W" {client}="$W"
[ "$was" = active ] || exit 0
case $(readlink "/proc/$(sed -n 1p "$D/postmaster.pid" 2>/dev/null)/exe") in
  *' (deleted)') up restart ;;
  *) up ;;
esac
"#,
            apt = crate::apt::function()
        ))
    }
}
