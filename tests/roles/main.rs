//! The pair under changes of roles and faults, by real Terraform on real hosts with writers that
//! record what was acknowledged. Needs root.
//!
//! The pair alone, without Harbor: one story takes a minute or two. Each file is one theme.

mod cuts;
mod failover;
mod faults;
mod gap;
mod oracle;
mod rejoin;
mod switchover;

use testkit::rig::{Distro, Options, Rig};

/// Two bare hosts.
fn two_hosts(name: &str, distro: Distro) -> Rig {
    if std::env::var_os("BREAKWATER_REUSE").is_none() {
        Rig::down(name).unwrap();
    }
    let hosts = ["a", "b"].map(|host| (host.to_owned(), distro)).to_vec();
    Rig::up_with(name, &Options { hosts, load_balancer: false }).unwrap()
}

/// How often what must hold each time is tried: `BREAKWATER_RUNS`, or 3.
fn runs() -> usize {
    std::env::var("BREAKWATER_RUNS").map_or(3, |n| n.parse().expect("BREAKWATER_RUNS: a number"))
}
