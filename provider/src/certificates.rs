//! What can be said of certificates and keys in PEM form before a server has them.

use std::net::IpAddr;

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer as _;

use crate::rule::UnixTime;

/// A certificate that ends so soon is told of: time enough to renew it by hand.
const SOON: UnixTime = 14 * DAY;
const DAY: UnixTime = 86_400;

/// The certificates of a PEM text, in its order.
pub struct Chain(Vec<CertificateDer<'static>>);

/// What may be wrong with one, each with a sentence.
pub type Faults = Vec<String>;

/// A check's answer: a PEM text holds certificates that can be read, and nothing secret.
pub fn readable(pem: &str) -> Result<(), String> {
    if pem.contains("PRIVATE KEY-----") {
        return Err("It holds a private key, which would stand in plan and state: it has an \
                    attribute of its own."
            .to_owned());
    }
    if !pem.contains("-----BEGIN CERTIFICATE-----") {
        return Err(
            "It must be a certificate in PEM form (-----BEGIN CERTIFICATE-----).".to_owned()
        );
    }
    Chain::read(pem).map(|_| ())
}

/// A check's answer: a PEM text holds one private key that is not encrypted, and no other.
pub fn one_key(pem: &str) -> Result<(), String> {
    let begins = |label: &str| pem.matches(&format!("-----BEGIN {label}-----")).count();
    let keys: usize = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"].map(begins).iter().sum();
    let encrypted = begins("ENCRYPTED PRIVATE KEY") > 0 || pem.contains("Proc-Type: 4,ENCRYPTED");
    match keys {
        _ if encrypted => Err("It is encrypted, and a server that starts by itself has nobody to \
                               ask for its passphrase: give it without one."
            .to_owned()),
        0 => Err("It must be a private key in PEM form, not encrypted.".to_owned()),
        1 if PrivateKeyDer::from_pem_slice(pem.as_bytes()).is_err() => {
            Err("It is no private key that can be read: its PEM form is broken.".to_owned())
        }
        1 => Ok(()),
        n => Err(format!("It holds {n} private keys: a server takes the first; give that alone.")),
    }
}

impl Chain {
    /// Read a PEM text; the error names the first that cannot be read.
    pub fn read(pem: &str) -> Result<Self, String> {
        let mut chain = Vec::new();
        let begun = pem.matches("-----BEGIN CERTIFICATE-----").count();
        for found in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let Ok(certificate) = found else { break };
            if !matches!(X509Certificate::from_der(&certificate), Ok(([], _))) {
                break;
            }
            chain.push(certificate);
        }
        if chain.is_empty() || chain.len() < begun {
            return Err(format!("Certificate {} in it cannot be read.", chain.len() + 1));
        }
        Ok(Self(chain))
    }

    fn parsed(&self) -> Vec<X509Certificate<'_>> {
        self.0.iter().filter_map(|der| Some(X509Certificate::from_der(der).ok()?.1)).collect()
    }

    /// Whether a key is certainly another one's; what cannot be read is for others to judge.
    pub fn is_of_another_key(&self, key: &str) -> bool {
        let Ok(key) = PrivateKeyDer::from_pem_slice(key.as_bytes()) else { return false };
        let Ok(key) = any_supported_type(&key) else { return false };
        let own = self.0.iter().take(1).cloned().collect();
        let both = CertifiedKey::new(own, key).keys_match();
        matches!(both, Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch)))
    }

    /// The server's own comes first, and each of the others has signed the one before it.
    pub fn disorder(&self) -> Faults {
        let all = self.parsed();
        let unrelated = |pair: &[X509Certificate<'_>]| !is_signed_by(&pair[0], &pair[1]);
        let Some(at) = all.windows(2).position(unrelated) else { return Faults::new() };
        let ordinal = at + 2;
        vec![format!(
            "Certificate {ordinal} in it has not signed the one before it. The server's own must \
             come first, then the one that signed it, and so on."
        )]
    }

    /// Whether its first is an authority's, which none of the others has signed.
    pub fn begins_with_an_authority(&self) -> bool {
        let all = self.parsed();
        let Some((first, rest)) = all.split_first() else { return false };
        let signed = rest.iter().any(|other| is_signed_by(first, other));
        first.is_ca() && !rest.is_empty() && !signed
    }

    /// A lone certificate that says where its issuer's can be fetched: public authorities sign by
    /// an intermediate that browsers fetch and Docker does not.
    pub fn lacks_intermediate(&self) -> bool {
        let all = self.parsed();
        let [own] = &all[..] else { return false };
        own.subject() != own.issuer()
            && own.extensions().iter().any(|e| match e.parsed_extension() {
                ParsedExtension::AuthorityInfoAccess(access) => {
                    // 1.3.6.1.5.5.7.48.2: caIssuers
                    let issuers = "1.3.6.1.5.5.7.48.2";
                    access.accessdescs.iter().any(|d| d.access_method.to_id_string() == issuers)
                }
                _ => false,
            })
    }

    /// Why clients that look for this name refuse it.
    pub fn does_not_name(&self, name: &str) -> Option<String> {
        let all = self.parsed();
        let own = all.first()?;
        let names = names(own);
        if names.is_empty() {
            return Some(format!(
                "It has no subject alternative name, and clients no longer look at its common name: \
                 it must have {name} as one."
            ));
        }
        let wanted = name.trim_matches(['[', ']']);
        let fits = |n: &Name| match (n, wanted.parse::<IpAddr>()) {
            (Name::Ip(ip), Ok(wanted)) => *ip == wanted,
            (Name::Dns(pattern), Err(_)) => covers(pattern, wanted),
            _ => false,
        };
        if names.iter().any(fits) {
            return None;
        }
        let shown: Vec<String> = names.iter().map(Name::to_string).collect();
        Some(format!("It is for {}, and not for {wanted}.", shown.join(", ")))
    }

    /// Why it is not valid at this time.
    pub fn is_invalid_at(&self, now: UnixTime) -> Option<String> {
        self.parsed().iter().enumerate().find_map(|(i, certificate)| {
            let validity = certificate.validity();
            let which = i + 1;
            if validity.not_after.timestamp() < now {
                let when = &validity.not_after;
                return Some(format!("Certificate {which} in it expired at {when}."));
            }
            // Clocks differ by a little.
            (validity.not_before.timestamp() > now + DAY).then(|| {
                format!("Certificate {which} in it is not valid before {}.", validity.not_before)
            })
        })
    }

    /// That it ends soon.
    pub fn ends_soon(&self, now: UnixTime) -> Option<String> {
        let ends = self.parsed().iter().map(|c| c.validity().not_after).min()?;
        let left = ends.timestamp() - now;
        (0..SOON).contains(&left).then(|| format!("It expires at {ends}: renew it."))
    }

    /// Signed by Ed25519 or Ed448, which hash nothing beforehand. Channel binding asks for the hash:
    /// PostgreSQL and its clients refuse every login by SCRAM then.
    pub fn has_no_digest(&self) -> bool {
        let all = self.parsed();
        let signed_by = all.first().map(|own| own.signature_algorithm.algorithm.to_id_string());
        signed_by.is_some_and(|oid| ["1.3.101.112", "1.3.101.113"].contains(&&*oid))
    }

    /// Whether it leads to one of these authorities.
    pub fn leads_to(&self, authorities: &Self) -> bool {
        let (own, trusted) = (self.parsed(), authorities.parsed());
        let Some(mut at) = own.first() else { return false };
        // No path is longer than the certificates that there are.
        for _ in 0..=own.len() {
            if trusted.iter().any(|t| t.as_raw() == at.as_raw() || is_signed_by(at, t)) {
                return true;
            }
            let above = own.iter().find(|c| c.as_raw() != at.as_raw() && is_signed_by(at, c));
            let Some(above) = above else { return false };
            at = above;
        }
        false
    }
}

/// By name, and by signature where the algorithm is one that can be checked here.
fn is_signed_by(one: &X509Certificate<'_>, issuer: &X509Certificate<'_>) -> bool {
    use x509_parser::error::X509Error::SignatureUnsupportedAlgorithm;
    one.issuer() == issuer.subject()
        && matches!(
            one.verify_signature(Some(issuer.public_key())),
            Ok(()) | Err(SignatureUnsupportedAlgorithm)
        )
}

enum Name {
    Dns(String),
    Ip(IpAddr),
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(name),
            Self::Ip(ip) => write!(f, "{ip}"),
        }
    }
}

fn names(certificate: &X509Certificate<'_>) -> Vec<Name> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some(Name::Dns((*name).to_owned())),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from)).ok().map(Name::Ip)
        }
        _ => None,
    };
    extension.value.general_names.iter().filter_map(name).collect()
}

/// A `*` stands for the whole first label, and for that alone (RFC 6125).
fn covers(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_ascii_lowercase(), name.to_ascii_lowercase());
    match pattern.strip_prefix("*.") {
        Some(rest) => name.split_once('.').is_some_and(|(first, n)| !first.is_empty() && n == rest),
        None => pattern == name,
    }
}

#[cfg(test)]
mod tests;
