//! What others have on a host that decides whether an apply can succeed: programs that are in charge of
//! PostgreSQL, packages that may not change, files of packages.

use crate::diag::{Diag, Diags, Path};

/// What was seen of others on one host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Others {
    /// Programs that decide what PostgreSQL does, each with what shows it.
    pub managers: Vec<Manager>,
    /// Packages on hold, of those that a server needs: name, and whether it is installed.
    pub held: Vec<(String, bool)>,
    /// apt has tried, without doing it, what an apply would do with packages, and the holds keep it from
    /// that.
    pub blocked: bool,
    /// Files at paths of ours that belong to packages: package and path.
    pub owned: Vec<(String, String)>,
}

/// A program that decides what PostgreSQL does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manager {
    /// A unit or a program: `patroni.service`, `pg_autoctl`.
    pub name: String,
    /// What shows that it is in charge: `is active`.
    pub shown_by: String,
}

impl Manager {
    /// The program's own name.
    fn program(&self) -> &'static str {
        match self.name.as_str() {
            name if name.starts_with("patroni") => "Patroni",
            name if name.starts_with("repmgr") => "repmgrd",
            _ => "pg_auto_failover",
        }
    }
}

impl Others {
    /// Take a line of [`OTHERS`]; false if it is none.
    pub fn take(&mut self, key: &str, value: &str) -> bool {
        let mut two = value.splitn(2, ' ').map(str::to_owned);
        match (key, two.next(), two.next()) {
            ("manager", Some(name), Some(shown_by)) => {
                self.managers.push(Manager { name, shown_by });
            }
            ("held", Some(name), Some(status)) => self.held.push((name, status == "installed")),
            ("blocked", ..) => self.blocked = value == "yes",
            ("owned", Some(package), Some(path)) => {
                self.owned.push((package.trim_end_matches(':').to_owned(), path));
            }
            _ => return false,
        }
        true
    }

    /// Refuse a host where another program is in charge of PostgreSQL; `unit` is what would run it
    /// else.
    pub fn in_charge(&self, at: Path, place: &str, unit: &str) -> Diags {
        let mut refusals = Diags::new();
        let Some(manager) = self.managers.first() else { return refusals };
        let program = manager.program();
        let detail = format!(
            "On {place}, {} {}: {program} is in charge of PostgreSQL there. It starts and stops the \
             server and decides which one is the primary, against what is written here. Leave the \
             pair to it, and do without this resource; or end it on both hosts (systemctl disable \
             --now), take away its configuration of this cluster, and let {unit} run PostgreSQL. \
             Nothing was touched.",
            manager.name, manager.shown_by
        );
        let summary = format!("{program} is in charge of this host's PostgreSQL");
        refusals.push(Diag::error(summary, detail).at(at));
        refusals
    }
}

/// Lines `manager=`, `held=`, `blocked=` and `owned=`; needs the variables of the questions, `as`, and
/// in `D` the directory that the cluster has. Of programs those of the host itself count, and not those
/// in a container.
///
/// What apt would say to holds is asked only where there are some and something is to be installed, as
/// it costs the host a second.
pub const OTHERS: &str = r#"
systemctl list-units --plain --no-legend patroni.service 'patroni@*.service' repmgrd.service \
  'repmgrd@*.service' pgautofailover.service 2>/dev/null |
  awk '$3 != "inactive" && $3 != "failed" && $4 != "exited" {print "manager=" $1 " is active"}'
for comm in $(grep -lsxE 'patroni|repmgrd|pg_autoctl' /proc/[0-9]*/comm); do
  process=${comm%/comm}
  [ "$(readlink "$process/ns/pid")" = "$(readlink /proc/self/ns/pid)" ] || continue
  { read -r program <"$comm" && echo "manager=$program runs as process ${process##*/}"; } 2>/dev/null
done
names_data=$(printf %s "$D" | sed 's/[][\.*^$(){}?+|/]/\\&/g')
as postgres timeout 5 grep -lsE -D skip -- \
  "^([^#]*[^[:alnum:]_./#-])?$names_data/?([^[:alnum:]_./-]|\$)" $MANAGED_BY 2>/dev/null |
  while read -r file; do
    case $file in */patroni*) program=patroni ;; *) program=repmgrd ;; esac
    if command -v "$program" >/dev/null || [ -x "$B/$program" ]; then
      echo "manager=$program is installed, and $file names $D"
    fi
  done
auto=/var/lib/postgresql/.config/pg_autoctl$D/pg_autoctl.cfg
if command -v pg_autoctl >/dev/null && as postgres test -e "$auto" 2>/dev/null; then
  echo "manager=pg_autoctl is installed, and $auto is there"
fi
held=$(dpkg-query -W -f '${Package} ${db:Status-Want} ${db:Status-Status}\n' "postgresql-$V" \
  "postgresql-client-$V" postgresql-common postgresql-client-common libpq5 2>/dev/null |
  awk '$2 == "hold" {print "held=" $1 " " $3}')
if [ -n "$held" ]; then
  printf '%s\n' "$held"
  if [ ! -x "$B/postgres" ] || [ -n "$RELEASE" ]; then
    pin=${RELEASE:+=$RELEASE}
    timeout 20 apt-get -s -qy --no-install-recommends install "postgresql-$V$pin" "postgresql-client-$V$pin" 2>&1 |
      grep -q 'eld packages were changed\|held broken packages' && echo blocked=yes
  fi
fi
for file in $WRITTEN; do
  if [ -f "$file" ] && ! grep -qs -D skip Breakwater "$file"; then
    dpkg-query -S "$file" 2>/dev/null | sed -n 's/^/owned=/p'
  fi
done
"#;

/// Where the programs that may be in charge have their configurations: shell patterns.
pub const MANAGED_BY: &str = "/etc/patroni.yml /etc/patroni/*.yml /etc/patroni/*.yaml /etc/repmgr.conf \
                              /etc/repmgr/*.conf /etc/repmgr/*/*.conf";

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;
    use std::process::Command;

    use super::*;
    use crate::shell::word;

    /// What the script says with these programs in place of the host's, and these variables.
    fn said(programs: &[(&str, &str)], variables: &str, folder: &Path) -> Others {
        let bin = folder.join("bin");
        std::fs::create_dir_all(&bin).expect("made");
        for (name, text) in programs {
            let path = bin.join(name);
            std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("written");
            let mode = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(&path, mode).expect("executable");
        }
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").expect("a path"));
        let script = format!(
            "V=15 B=/nowhere D=/srv/pg/main RELEASE= MANAGED_BY= WRITTEN=\n\
             as() {{ shift; \"$@\"; }}\n{variables}\n{}",
            OTHERS.replace("/proc/", &format!("{}/proc/", folder.display()))
        );
        let output = Command::new("sh").args(["-uc", &script]).env("PATH", path).output();
        let output = output.expect("sh runs");
        let mut others = Others::default();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("{line}"));
            assert!(others.take(key, value), "{line}");
        }
        others
    }

    const NOTHING: [(&str, &str); 2] = [("systemctl", "exit 0"), ("dpkg-query", "exit 1")];

    /// Processes: number, name, and the namespace of numbers that they are in.
    fn run_there(processes: &[(&str, &str, &str)], folder: &Path) {
        for (number, name, namespace) in processes {
            let process = folder.join("proc").join(number);
            std::fs::create_dir_all(process.join("ns")).expect("made");
            std::fs::write(process.join("comm"), format!("{name}\n")).expect("written");
            std::os::unix::fs::symlink(namespace, process.join("ns/pid")).expect("linked");
        }
    }

    fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        NOTHING.iter().chain(more).copied().collect()
    }

    #[test]
    fn a_host_with_nothing_of_others_says_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(said(&NOTHING, "", folder.path()), Others::default());
    }

    #[test]
    fn units_and_processes_of_the_host_that_run_are_in_charge_and_others_are_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let units = "echo 'patroni@15-main.service loaded activating auto-restart Runners'\n\
                     echo 'repmgrd.service loaded active exited LSB: Start/stop repmgrd'\n\
                     echo 'pgautofailover.service loaded failed failed pg_auto_failover'";
        let own = "pid:[4026531836]";
        let processes = [
            ("self", "sh", own),
            ("7", "pg_autoctl_other", own),
            ("811", "repmgrd", "pid:[4026539999]"),
            ("812", "pg_autoctl", own),
        ];
        run_there(&processes, folder.path());
        let programs = with(&[("systemctl", units)]);
        let found = said(&programs, "", folder.path()).managers;
        let words: Vec<String> =
            found.iter().map(|m| format!("{} {}: {}", m.name, m.shown_by, m.program())).collect();
        assert_eq!(
            words,
            [
                "patroni@15-main.service is active: Patroni",
                "pg_autoctl runs as process 812: pg_auto_failover"
            ]
        );
    }

    #[test]
    fn a_configuration_of_this_data_directory_counts_where_its_program_is_installed() {
        let names = [
            ("data_dir: /srv/pg/main\n", true),
            ("  data_dir: \"/srv/pg/main/\"\n", true),
            ("data_directory='/srv/pg/main'\n", true),
            ("# data_dir: /srv/pg/main\n", false),
            ("data_dir: /srv/pg/main2\n", false),
            ("data_dir: /srv/pg/main/other\n", false),
            ("data_dir: /old/srv/pg/main\n", false),
            ("data_dir: /srvxpg/main\n", false),
        ];
        for (text, wanted) in names {
            for (file, program) in [("patroni.yml", "patroni"), ("repmgr.conf", "repmgrd")] {
                let folder = tempfile::tempdir().expect("a folder");
                let path = folder.path().join(file);
                std::fs::write(&path, text).expect("written");
                let variables = format!("MANAGED_BY={}", word(&path.display().to_string()));
                let installed = said(&with(&[(program, "")]), &variables, folder.path()).managers;
                assert_eq!(installed.first().is_some_and(|m| m.name == program), wanted, "{text}");
                std::fs::remove_file(folder.path().join("bin").join(program)).expect("removed");
                let gone = said(&NOTHING, &variables, folder.path()).managers;
                assert_eq!(gone, [], "{text}");
            }
        }
    }

    #[test]
    fn holds_are_named_and_apt_is_asked_whether_they_are_in_the_way() {
        let folder = tempfile::tempdir().expect("a folder");
        let dpkg = "case $1 in -W) echo 'postgresql-common hold not-installed'; \
                    echo 'libpq5 install installed'; echo 'postgresql-client-15 hold installed';; esac";
        let refused =
            "echo \"$*\" >\"${0%/*}/asked\"; echo 'E: Held packages were changed'; exit 100";
        let programs = with(&[("dpkg-query", dpkg), ("apt-get", refused)]);
        let others = said(&programs, "RELEASE=15.18-0", folder.path());
        let held = [("postgresql-common", false), ("postgresql-client-15", true)];
        assert_eq!(others.held, held.map(|(name, there)| (name.to_owned(), there)));
        assert!(others.blocked);
        let asked = std::fs::read_to_string(folder.path().join("bin/asked")).expect("asked");
        assert!(asked.starts_with("-s "), "apt must only try: {asked}");
        assert!(asked.contains("postgresql-15=15.18-0 postgresql-client-15=15.18-0"), "{asked}");
        let willing = with(&[("dpkg-query", dpkg), ("apt-get", "echo 'Inst postgresql-15'")]);
        assert!(!said(&willing, "", folder.path()).blocked);
    }

    #[test]
    fn a_file_of_a_package_is_told_from_one_of_ours() {
        let folder = tempfile::tempdir().expect("a folder");
        let [ours, theirs] = ["ours", "theirs"].map(|name| folder.path().join(name));
        std::fs::write(&ours, "# Written by Breakwater.\n").expect("written");
        std::fs::write(&theirs, "[Unit]\n").expect("written");
        let dpkg = "case $1 in -S) echo \"postgresql-tools: $2\" ;; esac";
        let written = format!("WRITTEN='{} {} /nowhere/else'", ours.display(), theirs.display());
        let others = said(&with(&[("dpkg-query", dpkg)]), &written, folder.path());
        let theirs = theirs.display().to_string();
        assert_eq!(others.owned, [("postgresql-tools".to_owned(), theirs)]);
    }
}
