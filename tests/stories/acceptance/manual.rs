//! A pair that hands have built, with what is unsafe in it, comes under the provider: nothing
//! restarts and no data moves.

use testkit::fixtures;
use testkit::rig::{Distro, Host, Rig};
use testkit::story::Story;
use testkit::terraform::{Run, Terraform};

const ADDRESS: &str = "harbor_pg_replication_pair.db";
/// What hands do on hosts, as the source article has it.
pub const HOST: &str = include_str!("manual/host.sh");
pub const PRIMARY: &str = include_str!("manual/primary.sh");
pub const STANDBY: &str = include_str!("manual/standby.sh");
pub const DATABASES: &str = include_str!("manual/databases.sh");
pub const HARBOR: &str = include_str!("manual/harbor.sh");

/// What a plan says of that pair.
pub const UNSAFE: [&str; 7] = [
    "trust\" lets in without a password",
    "primary_conninfo holds a password in clear",
    "cp does not sync",
    "sets PGDATA",
    "standby.signal: PostgreSQL does not read it",
    "neither data checksums nor wal_log_hints",
    "hot_standby_feedback: 'on' in postgresql.conf, 'off' after the apply",
];

/// What an adoption must leave as it is: the process, and the directory with its data.
const SAME: &str = "cd /; runuser -u postgres -- psql -XAtqc 'SELECT pg_postmaster_start_time()'
    stat -c '%n %i' /data/harbor_nas/pgsql*/data";

pub fn a_pair_built_by_hand_is_adopted_without_a_restart(story: &Story) {
    let hosts = [("a", Distro::Bullseye), ("b", Distro::Bullseye)];
    let rig = story.section("two bare hosts", || Rig::anew("pgm-acc", &hosts).unwrap());
    let (a, b) = (rig.host("a"), rig.host("b"));
    story.section("a pair by hand", || {
        built(&a, PRIMARY, &[b.address()]);
        built(&b, STANDBY, &[a.address()]);
    });
    let before = servers(&rig);
    let terraform = Terraform::new(&rig, "hand");
    story.section("the configuration is generated", || {
        terraform.config(&format!(
            "provider \"harbor\" {{\n  ssh = {{ private_key_path = \"{}\" }}\n  \
               known_hosts = [\"{}\"]\n}}\n\
             import {{\n  to = {ADDRESS}\n  id = \"root@{},root@{}/13/main\"\n}}\n",
            rig.state().ssh.key.display(),
            rig.state().ssh.known_hosts.display(),
            a.address(),
            b.address()
        ));
        let _ = terraform.plan_run(&["-generate-config-out=generated.tf"]);
    });
    story.section("the plan has each line that changes, and what is unsafe", || shown(&terraform));
    story.section("apply", || {
        let _ = terraform.apply().succeeds();
        terraform.plan().is_empty();
        assert_eq!(servers(&rig), before);
        let slot = "cd /; runuser -u postgres -- psql -XAtqc \
            \"SELECT active FROM pg_replication_slots WHERE slot_name = 'breakwater'\"";
        assert_eq!(a.sh(slot).unwrap().trim(), "t");
        let trust = "! grep -w trust /etc/postgresql/13/main/pg_hba.conf";
        a.sh(trust).expect("nobody is let in without a password");
    });
}

/// One of the scripts above, with its arguments.
pub fn built(host: &Host, script: &str, arguments: &[&str]) {
    let words = ["bash", "-ec", script, "bash"].into_iter().chain(arguments.iter().copied());
    let _ = Run::of(&host.command(words).unwrap().output().unwrap()).succeeds();
}

/// Offers what [`HARBOR`] fetches: the installer, and a certificate, which is returned.
pub fn offered(rig: &Rig) -> String {
    let state = rig.state();
    let _ = fixtures::installer(&state.files, "2.3.2");
    let [certificate, _] = fixtures::certificate(&state.files, &state.service_name);
    certificate
}

/// What must be the same after an adoption, by host.
pub fn servers(rig: &Rig) -> Vec<String> {
    rig.hosts().map(|h| h.sh(SAME).unwrap()).collect()
}

fn shown(terraform: &Terraform) {
    let plan = terraform.plan();
    let lines: Vec<&str> = plan.only(ADDRESS).lines.iter().map(String::as_str).collect();
    let hba = "files[\"a:/etc/postgresql/13/main/pg_hba.conf\"]";
    let words = |line: &&str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown: Vec<String> = lines.iter().map(words).collect();
    let trust = lines.iter().find(|l| l.contains(hba) && l.contains("- ") && l.contains("trust"));
    assert!(trust.is_some(), "{lines:#?}");
    let rule = format!("{hba} + host all all 0.0.0.0/0 md5");
    assert!(shown.contains(&rule), "clients would be cut off: {lines:#?}");
    let run = plan.run.says(&UNSAFE);
    assert!(!run.readable().contains("interrupts service"), "{}", run.readable());
}
