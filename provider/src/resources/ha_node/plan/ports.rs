//! Ports of the host that this node takes.

use super::{Node, Part};
use crate::resources::ha_node::layout;

impl Node<'_> {
    /// A port that another has would let `up` fail after the old containers are gone.
    pub(super) fn ports(&self) -> Part {
        let mut part = Part::default();
        for port in layout::ports(self.s) {
            if let Some(who) = self.who_has(&port) {
                let other = match port.attribute {
                    "" => format!("it: {} cannot listen anywhere else.", port.what),
                    _ => "it, or give Harbor another port.".to_owned(),
                };
                let (host, number) = (&self.s.ssh.host, port.number);
                let detail = format!("{who} on {host} listens on port {number}. Stop {other}");
                part.refuse(port.attribute, format!("Port {number} is in use"), detail);
            }
        }
        part
    }

    fn who_has(&self, port: &layout::Port) -> Option<String> {
        let seen = &self.facts.seen;
        let published = format!(":{}->", port.number);
        let container = seen.all("publish").find(|p| p.contains(&published));
        let container = container.and_then(|p| p.split(' ').next());
        match (container, seen.of("listen", &port.number.to_string())) {
            // A proxy without a container is one that is just going away.
            (None, "" | "docker-proxy") => None,
            // It is refused by its name where it is not Harbor's.
            (Some(name), _) if name == port.container => None,
            (Some(name), _) => Some(format!("The container {name}")),
            // Without a name it may be Harbor's own.
            (None, "unknown") if seen.of("container", port.container).starts_with("running") => {
                None
            }
            (None, "unknown") => Some("A program".to_owned()),
            (None, program) => Some(format!("The program {program}")),
        }
    }
}
