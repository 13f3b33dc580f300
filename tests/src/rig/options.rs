//! What a rig is to have.

use super::Distro;

/// Hosts, and what stands before them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Name and release of each host.
    pub hosts: Vec<(String, Distro)>,
    /// Whether there is a load balancer.
    pub load_balancer: bool,
}

impl Options {
    /// No hosts and no load balancer: a stand-in cloud makes them.
    pub fn empty() -> Self {
        Self { hosts: Vec::new(), load_balancer: false }
    }

    /// These hosts, and a load balancer before them.
    pub fn hosts(hosts: &[(&str, Distro)]) -> Self {
        let hosts = hosts.iter().map(|(name, distro)| ((*name).to_owned(), *distro)).collect();
        Self { hosts, load_balancer: true }
    }
}
