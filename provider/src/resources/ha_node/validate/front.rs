//! What clients meet: ports, URL, certificate.

use crate::certificates::{Chain, one_key};
use crate::diag::Path;
use crate::resources::ha_node::layout;
use crate::resources::ha_node::settings::{HaNode, Https};
use crate::rule::Findings;
use crate::secret::Secret;

/// No two listeners want one port.
pub fn ports(s: &HaNode, found: &mut Findings) {
    let ports = layout::ports(s);
    for (i, port) in ports.iter().enumerate() {
        if let Some(other) = ports[..i].iter().find(|p| p.number == port.number) {
            let detail =
                format!("Port {} of the host is already that of {}.", port.number, other.what);
            found.at(port.attribute, "Two listeners on one port", detail);
        }
    }
}

/// A database on the node itself has a port of its own.
pub fn database_beside(s: &HaNode, found: &mut Findings) {
    let database = &s.database;
    if !database.host.eq_ignore_ascii_case(&s.ssh.host) {
        return;
    }
    let ports = layout::ports(s);
    let front = ports.iter().find(|p| p.number == database.port && !p.attribute.is_empty());
    if let Some(port) = front {
        let detail = format!(
            "The database is to be on this host, {}, whose port {} is that of {}.",
            s.ssh.host, port.number, port.what
        );
        found.at("database.port", "Two listeners on one port", detail);
    }
}

/// Harbor tells clients where to get tokens, by the port that it listens on itself.
pub fn unusual_port(s: &HaNode, found: &mut Findings) {
    let usual = s.https.as_ref().map_or(s.http_port == 80, |https| https.port == 443);
    if usual || s.external_url.is_some() {
        return;
    }
    let detail = format!(
        "Harbor sends clients to {} for tokens. If they come by another port, such as that of a load \
         balancer, set external_url to the URL that they use; if not, set it to this one.",
        s.base_url()
    );
    found.warn(Path::of("external_url"), "Clients are sent to an unusual port", detail);
}

/// Certificate and key, of one source, and of each other.
pub fn https(s: &HaNode, found: &mut Findings) {
    let Some(https) = &s.https else { return };
    let given = https.certificate.is_some() || https.private_key_wo.is_some();
    let paths = https.certificate_path.is_some() || https.private_key_path.is_some();
    if given && paths {
        let detail = "Give certificate and private_key_wo, or certificate_path and \
                      private_key_path, not both.";
        found.at("https", "Two sources of the certificate", detail);
    } else if paths {
        if https.certificate_path.is_none() {
            found.missing("https.certificate_path", "private_key_path is set.");
        }
        if https.private_key_path.is_none() {
            found.missing("https.private_key_path", "certificate_path is set.");
        }
    } else {
        given_in_text(https, found);
    }
}

fn given_in_text(https: &Https, found: &mut Findings) {
    if https.certificate.is_none() {
        found.missing("https.certificate", "HTTPS needs a certificate.");
    }
    let chain = https.certificate.as_deref().and_then(|pem| Chain::read(pem).ok());
    let path = "https.private_key_wo";
    match https.private_key_wo.as_ref().map(Secret::expose) {
        None => found.missing(path, "HTTPS needs a private key."),
        Some(key) => match (one_key(key), &chain) {
            (Err(why), _) => found.at(path, "Invalid private key", why),
            (Ok(()), Some(chain)) if chain.begins_with_an_authority() => found.at(
                "https.certificate",
                "Certificates in the wrong order",
                "It begins with the certificate of an authority. The server's own must come first, \
                 then the one that signed it, and so on.",
            ),
            (Ok(()), Some(chain)) if chain.is_of_another_key(key) => found.at(
                path,
                "Another private key",
                "It is not the key of https.certificate, whose first part must be the server's own \
                 certificate: no client could connect.",
            ),
            _ => {}
        },
    }
    if let Some(chain) = &chain {
        served(https, chain, found);
    }
}

/// What clients would say of it.
fn served(https: &Https, chain: &Chain, found: &mut Findings) {
    let path = "https.certificate";
    if let Some(why) = chain.is_invalid_at(found.now) {
        found.at(path, "The certificate is not valid now", format!("{why} Clients refuse it."));
    } else if let Some(why) = chain.ends_soon(found.now) {
        found.warn(Path::of(path), "The certificate expires soon", why);
    }
    if !chain.begins_with_an_authority() {
        for why in chain.disorder() {
            found.warn(Path::of(path), "Certificates in the wrong order", why);
        }
    }
    if chain.lacks_intermediate() {
        let detail = "It is one certificate alone, of an authority that signs by an intermediate: \
                      browsers fetch that one themselves, and Docker does not. Give the whole chain.";
        found.warn(Path::of(path), "The intermediate certificate may be missing", detail);
    }
    let trust = https.trust.as_deref().and_then(|pem| Chain::read(pem).ok());
    if trust.is_some_and(|trust| !chain.leads_to(&trust)) {
        let detail = "It does not lead to https.trust, by which the provider verifies this node: \
                      each apply would wait for its health in vain.";
        found.at(path, "A certificate of another authority", detail);
    }
}

/// The certificate names what clients look for.
pub fn names(s: &HaNode, found: &mut Findings) {
    let pem = s.https.as_ref().and_then(|https| https.certificate.as_deref());
    let chain = pem.and_then(|pem| Chain::read(pem).ok());
    let Some(chain) = chain.filter(|chain| !chain.begins_with_an_authority()) else { return };
    if let Some(why) = chain.does_not_name(&s.hostname) {
        found.at("https.certificate", "The certificate is for another name", why);
        return;
    }
    let url = s.external_url.as_deref().and_then(|url| render::address::origin(url).ok());
    let outside = url.filter(|url| url.scheme == "https").map(|url| url.host);
    if let Some(why) = outside.and_then(|host| chain.does_not_name(host)) {
        let detail = format!(
            "{why} Clients come by external_url: unless a load balancer before the nodes shows a \
             certificate of its own, they refuse this one."
        );
        found.warn(Path::of("external_url"), "The certificate is for another name", detail);
    }
}
