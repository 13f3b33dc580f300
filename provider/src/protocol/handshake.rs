//! The first words between Terraform and its plugin: what the host says in the environment, and
//! the one line that we answer on stdout.

use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::net::UnixListener;

use super::ServeError;
use crate::scratch::Scratch;

/// The public name and value by which a host shows that it is one.
const COOKIE: (&str, &str) =
    ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2");

/// The version of the provider protocol.
const PROTOCOL: &str = "6";

/// What the host said in the environment.
#[derive(Debug, PartialEq, Eq)]
pub struct Host {
    /// The certificate that its connections must show.
    pub certificate: CertificateDer<'static>,
    /// Where it wants the socket.
    pub socket_parent: PathBuf,
}

impl Host {
    /// Read and check the environment.
    pub fn from_env() -> Result<Self, ServeError> {
        Self::from(|name| env::var(name).ok())
    }

    fn from(var: impl Fn(&str) -> Option<String>) -> Result<Self, ServeError> {
        if var(COOKIE.0).as_deref() != Some(COOKIE.1) {
            return Err(ServeError::NotAHost);
        }
        // A host that does not say which versions it has takes what it is offered.
        let versions = var("PLUGIN_PROTOCOL_VERSIONS").unwrap_or_default();
        if !versions.is_empty() && !versions.split(',').any(|v| v.trim() == PROTOCOL) {
            return Err(ServeError::Protocol { host: versions });
        }
        let pem = var("PLUGIN_CLIENT_CERT").ok_or(ServeError::NoClientCertificate)?;
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes())
            .map_err(|source| ServeError::ClientCertificate { source })?;
        let dir = var("PLUGIN_UNIX_SOCKET_DIR").filter(|dir| !dir.is_empty());
        let socket_parent = dir.map_or_else(env::temp_dir, PathBuf::from);
        Ok(Self { certificate, socket_parent })
    }
}

/// A socket in a directory that only this user can enter; both are gone when this is dropped.
pub struct Socket {
    /// To be accepted from.
    pub listener: UnixListener,
    path: PathBuf,
    _dir: Scratch,
}

impl Socket {
    /// Listen in a new directory below `parent`.
    pub fn bind(parent: &Path) -> Result<Self, ServeError> {
        let failed = |source| ServeError::Socket { parent: parent.to_owned(), source };
        let dir = Scratch::new(parent).map_err(failed)?;
        dir.sweep();
        let path = dir.path().join("provider");
        let listener = UnixListener::bind(&path).map_err(failed)?;
        Ok(Self { listener, path, _dir: dir })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Answer the host on stdout.
pub fn announce(socket: &Path, certificate: &CertificateDer<'_>) -> Result<(), ServeError> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", line(socket, certificate))
        .and_then(|()| out.flush())
        .map_err(|source| ServeError::Announce { source })
}

/// Version of the plugin protocol, version of the provider protocol, address, kind, certificate.
fn line(socket: &Path, certificate: &CertificateDer<'_>) -> String {
    let certificate = STANDARD_NO_PAD.encode(certificate);
    format!("1|{PROTOCOL}|unix|{}|grpc|{certificate}", socket.display())
}

/// What `TF_REATTACH_PROVIDERS` must be for Terraform to use this running process.
pub fn reattach(addresses: &[String], socket: &Path) -> String {
    let config = serde_json::json!({
        "Protocol": "grpc",
        "ProtocolVersion": 6,
        "Pid": std::process::id(),
        "Test": true,
        "Addr": { "Network": "unix", "String": socket },
    });
    let all: serde_json::Map<_, _> =
        addresses.iter().map(|a| (a.clone(), config.clone())).collect();
    serde_json::Value::Object(all).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(changes: &[(&str, Option<&str>)]) -> Result<Host, ServeError> {
        let pem = rcgen::generate_simple_self_signed(["x".to_owned()]).unwrap().cert.pem();
        Host::from(|name| {
            if let Some((_, value)) = changes.iter().find(|(n, _)| *n == name) {
                return value.map(str::to_owned);
            }
            match name {
                "TF_PLUGIN_MAGIC_COOKIE" => Some(COOKIE.1.to_owned()),
                "PLUGIN_PROTOCOL_VERSIONS" => Some("5,6".to_owned()),
                "PLUGIN_CLIENT_CERT" => Some(pem.clone()),
                _ => None,
            }
        })
    }

    #[test]
    fn a_host_is_known_by_its_cookie_version_and_certificate() {
        assert!(host(&[]).is_ok());
        let refusals: [(&str, Option<&str>, &str); 5] = [
            ("TF_PLUGIN_MAGIC_COOKIE", None, "it is started by Terraform"),
            ("TF_PLUGIN_MAGIC_COOKIE", Some("another"), "it is started by Terraform"),
            ("PLUGIN_PROTOCOL_VERSIONS", Some("4,5"), "4,5"),
            ("PLUGIN_CLIENT_CERT", None, "certificate"),
            ("PLUGIN_CLIENT_CERT", Some("no PEM"), "certificate"),
        ];
        for (name, value, says) in refusals {
            let error = host(&[(name, value)]).expect_err(name).to_string();
            assert!(error.contains(says), "{name}={value:?}: {error}");
        }
    }

    #[tokio::test]
    async fn the_socket_is_private_and_goes_with_its_owner() {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::tempdir().unwrap();
        let socket = Socket::bind(parent.path()).unwrap();
        let dir = socket.path().parent().unwrap().to_owned();
        assert_eq!(dir.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        drop(socket);
        assert!(!dir.exists());
    }
}
