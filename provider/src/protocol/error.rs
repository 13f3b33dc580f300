//! Why this process cannot serve.

use std::io;
use std::path::PathBuf;

/// Why this process cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A person started it.
    #[error(
        "this is a Terraform provider: it is started by Terraform and does nothing by itself.\n\
         Name it in a configuration:\n\n  \
         terraform {{\n    required_providers {{\n      harbor = {{ source = \"breakwater/harbor\" }}\n    \
         }}\n  }}\n\nand run `terraform init`. With --version it prints its version, with --debug \
         it serves a Terraform\nthat is started by hand"
    )]
    NotAHost,
    /// A host of another time.
    #[error(
        "failed to agree on a protocol: this provider speaks version 6, the host {host}; use \
         Terraform 1.0 or newer"
    )]
    Protocol {
        /// The versions that the host has.
        host: String,
    },
    /// The host would connect without showing who it is.
    #[error("failed to start: the host sent no client certificate (PLUGIN_CLIENT_CERT)")]
    NoClientCertificate,
    /// The host's certificate.
    #[error("failed to read the host's client certificate (PLUGIN_CLIENT_CERT)")]
    ClientCertificate {
        /// Why.
        source: rustls::pki_types::pem::Error,
    },
    /// The socket.
    #[error(
        "failed to listen on a socket below {}; set TMPDIR to a short path that can be written",
        parent.display()
    )]
    Socket {
        /// Directory.
        parent: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Our certificate.
    #[error("failed to make a certificate")]
    Identity {
        /// Why.
        source: rcgen::Error,
    },
    /// The server's TLS.
    #[error("failed to set up TLS")]
    Tls {
        /// Why.
        source: rustls::Error,
    },
    /// Signal handlers.
    #[error("failed to handle signals")]
    Signals {
        /// Why.
        source: io::Error,
    },
    /// The handshake line.
    #[error("failed to write the handshake to stdout")]
    Announce {
        /// Why.
        source: io::Error,
    },
    /// The runtime.
    #[error("failed to start the runtime")]
    Runtime {
        /// Why.
        source: io::Error,
    },
    /// The server ended with an error.
    #[error("failed to serve")]
    Serve {
        /// Why.
        source: tonic::transport::Error,
    },
    /// The server crashed.
    #[error("failed to serve, by a crash")]
    Crash {
        /// Why.
        source: tokio::task::JoinError,
    },
}
