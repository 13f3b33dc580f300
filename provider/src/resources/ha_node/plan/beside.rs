//! What else is on the host, and in Harbor's way.

use std::net::Ipv4Addr;

use super::{Node, Part};
use crate::resources::ha_node::layout;

/// Of a container: its name, and Compose's project with its directory, where it has them.
struct Named<'a> {
    name: &'a str,
    project: &'a str,
    directory: &'a str,
}

impl Node<'_> {
    pub(super) fn beside(&self) -> Part {
        let mut part = self.other_containers();
        part.add(self.links());
        part.add(self.architecture());
        part.add(self.hidden());
        part
    }

    /// Harbor's compose file gives its containers fixed names, and Docker each name once.
    fn other_containers(&self) -> Part {
        let mut part = Part::default();
        let wanted = layout::containers(self.s, self.release);
        let others = self.named().filter(|c| wanted.contains(&c.name) && !self.is_ours(c));
        for Named { name, project, directory } in others {
            let whose = match (project, directory) {
                ("", _) => "It belongs to no project of Compose.".to_owned(),
                (project, "") => format!("It belongs to the project {project} of Compose."),
                (project, at) => {
                    format!("It belongs to the project {project} of Compose, in {at}.")
                }
            };
            let detail = format!(
                "A container on {} is called {name}, as one of Harbor's own must be, which would not \
                 start. {whose} Rename or remove it, or give Harbor another host.",
                self.s.ssh.host
            );
            part.refuse("", format!("The container {name} is another's"), detail);
        }
        part
    }

    fn named(&self) -> impl Iterator<Item = Named<'_>> {
        self.facts.seen.all("named").map(|line| {
            let mut parts = line.splitn(3, '|');
            let mut next = || parts.next().unwrap_or_default();
            Named { name: next(), project: next(), directory: next() }
        })
    }

    /// Old releases of Compose name the project alone: after its directory.
    fn is_ours(&self, container: &Named<'_>) -> bool {
        let directory = self.s.directory.trim_end_matches('/');
        let real = self.facts.seen.one("directory");
        if !container.directory.is_empty() {
            return [directory, real].contains(&container.directory);
        }
        let plain = |text: &str| -> String {
            let letters = text.rsplit('/').next().unwrap_or_default().to_lowercase();
            letters.chars().filter(char::is_ascii_alphanumeric).collect()
        };
        !container.project.is_empty() && plain(container.project) == plain(directory)
    }

    /// systemd mounts nothing through a link, and a node that is there has been made with it.
    fn links(&self) -> Part {
        let mut part = Part::default();
        let shared = self.s.registry_mount().is_some();
        let Some((link, real)) = self.facts.seen.one("link").split_once(' ') else { return part };
        if shared || self.facts.composed().is_none() {
            let detail = format!(
                "{link} on {} is a symbolic link, through which systemd mounts nothing. Write the \
                 directory itself: {real}.",
                self.s.ssh.host
            );
            part.refuse("data_volume", "The data volume is behind a link", detail);
        }
        part
    }

    fn architecture(&self) -> Part {
        let mut part = Part::default();
        let arch = &self.facts.os.arch;
        let runs = arch.is_empty() || self.release.architectures().contains(&arch.as_str());
        if !runs && self.facts.composed().is_none() {
            let detail = format!(
                "{} is of the architecture {arch}, and the images of Harbor {} are made for {} alone.",
                self.s.ssh.host,
                self.release,
                self.release.architectures().join(" and ")
            );
            part.refuse("version", format!("No Harbor for {arch}"), detail);
        }
        part
    }

    /// A network of Docker's on the host takes what is sent to its addresses.
    fn hidden(&self) -> Part {
        let mut part = Part::default();
        for (path, host) in self.reached() {
            let Ok(address) = host.parse::<Ipv4Addr>() else { continue };
            let holds = |net: &&str| net.split(' ').next().is_some_and(|n| contains(n, address));
            if let Some(net) = self.facts.seen.all("network").find(holds) {
                let (net, device) = net.split_once(' ').unwrap_or((net, "Docker"));
                let detail = format!(
                    "{host} lies in {net}, a network of Docker's on {} ({device}): what containers send \
                     there never leaves the host. Give Docker other networks \
                     (docker.settings[\"default-address-pools\"]), and remove this one.",
                    self.s.ssh.host
                );
                part.warn(path, "Docker hides this address", detail);
            }
        }
        part
    }

    /// What containers or the host reach, and the attribute that says so.
    fn reached(&self) -> Vec<(&'static str, &str)> {
        let name = |text| render::address::host_port(text).map_or(text, |(host, _)| host);
        let mut all = vec![("database.host", self.s.database.host.as_str())];
        let redis = self.s.redis.iter().flat_map(|r| r.host.split(','));
        all.extend(redis.map(|host| ("redis.host", name(host.trim()))));
        let shared = self.s.storage.as_ref().and_then(|storage| storage.shared.as_ref());
        let nfs = shared.and_then(|shared| shared.nfs.as_ref()?.split_once(":/"));
        all.extend(nfs.map(|(server, _)| ("storage.shared.nfs", server)));
        all
    }
}

/// Whether `172.18.0.0/16` contains an address.
fn contains(net: &str, address: Ipv4Addr) -> bool {
    let Some((base, bits)) = net.split_once('/') else { return false };
    let (Ok(base), Ok(bits @ 1..=32)) = (base.parse::<Ipv4Addr>(), bits.parse::<u32>()) else {
        return false;
    };
    let kept = u32::MAX.checked_shl(32_u32.saturating_sub(bits)).unwrap_or_default();
    u32::from(base) & kept == u32::from(address) & kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_addresses_and_no_other() {
        let in_net = |net, address: &str| contains(net, address.parse().expect("an address"));
        assert!(in_net("172.18.0.0/16", "172.18.5.10"));
        assert!(!in_net("172.18.0.0/16", "172.19.5.10"));
        assert!(in_net("10.0.0.1/32", "10.0.0.1"));
        for odd in ["", "172.18.0.0", "172.18.0.0/0", "172.18.0.0/33", "x/8"] {
            assert!(!in_net(odd, "172.18.5.10"), "{odd}");
        }
    }
}
