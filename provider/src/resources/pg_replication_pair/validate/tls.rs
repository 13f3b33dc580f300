//! Certificates of the two servers.

use crate::certificates::{Chain, one_key};
use crate::diag::Path;
use crate::resources::pg_replication_pair::settings::{Member, NodeTls, Pair, TlsVerify};
use crate::rule::Findings;

/// Both servers have a certificate or none: after a switchover clients meet the other.
pub fn given(settings: &Pair, found: &mut Findings) {
    let of = |member| settings.node(member).tls.as_ref();
    for member in Member::BOTH {
        let at = Path::of(&format!("nodes.{}.tls", member.word()));
        let Some(tls) = of(member) else {
            if of(member.peer()).is_some() {
                let detail = "The other node has it, and either may be the primary.";
                found.error(at, "Missing tls", detail);
            } else if settings.tls_ca.is_some() && member == Member::A {
                let detail = "tls_ca is set, and there are no certificates to verify by it.";
                found.error(at, "Missing tls", detail);
            }
            continue;
        };
        key(tls, &at, found);
        let own = ["ssl", "ssl_cert_file", "ssl_key_file"];
        for name in own.into_iter().filter(|name| settings.settings.contains_key(*name)) {
            let detail = format!("{name} cannot be set here: `nodes.X.tls` sets it.");
            let at = Path::of("settings").key(name);
            found.error(at, "This setting is the resource's own", detail);
        }
    }
}

/// A key of the certificate, which is the server's own. PostgreSQL does not start with another.
fn key(tls: &NodeTls, at: &Path, found: &mut Findings) {
    let key = tls.private_key_wo.as_ref().map_or("", |key| key.expose());
    let chain = Chain::read(&tls.certificate).ok();
    let (own, path) = (at.attribute("certificate"), at.attribute("private_key_wo"));
    match (one_key(key), chain) {
        (Err(why), _) => found.error(path, "Invalid private key", why),
        (Ok(()), Some(chain)) if chain.begins_with_an_authority() => {
            let detail = "It begins with the certificate of an authority. The server's own must come \
                          first, then the one that signed it, and so on.";
            found.error(own, "Certificates in the wrong order", detail);
        }
        (Ok(()), Some(chain)) if chain.is_of_another_key(key) => {
            let detail = "It is not the key of the certificate, whose first part must be the \
                          server's own: PostgreSQL would not start.";
            found.error(path, "Another private key", detail);
        }
        _ => {}
    }
}

/// What the other server and clients would say of it. What time does to a certificate is told and
/// stops nothing: a failover must not wait for a new one.
pub fn trusted(settings: &Pair, member: Member, found: &mut Findings) {
    let Some(tls) = &settings.node(member).tls else { return };
    let Ok(chain) = Chain::read(&tls.certificate) else { return };
    let at = Path::of(&format!("nodes.{}.tls.certificate", member.word()));
    if chain.has_no_digest() {
        let detail = "It is signed by an Ed25519 or Ed448 key: nobody could log in with a password over \
                      TLS, the other server neither (\"could not find digest for NID\"). Have it signed \
                      by an RSA or ECDSA key.";
        found.error(at.clone(), "A certificate that PostgreSQL cannot bind", detail);
    }
    if let Some(why) = chain.is_invalid_at(found.now).or_else(|| chain.ends_soon(found.now)) {
        let detail = format!("{why} Who verifies it is refused then.");
        found.warn(at.clone(), "The certificate is not valid for long", detail);
    }
    let Some(authorities) = settings.tls_ca.as_ref().and_then(|pem| Chain::read(pem).ok()) else {
        return;
    };
    if !chain.leads_to(&authorities) {
        let detail = "It does not lead to tls_ca, by which the other server verifies it: the standby \
                      could not follow.";
        found.error(at, "A certificate of another authority", detail);
    } else if settings.tls_verify == TlsVerify::Full {
        let address = settings.address(member);
        if let Some(why) = chain.does_not_name(address).filter(|_| settings.version >= 15) {
            let detail = format!("{why} The other server compares it: tls_verify is \"full\".");
            found.error(at, "The certificate is for another address", detail);
        }
    }
}
