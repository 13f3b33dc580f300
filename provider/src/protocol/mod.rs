//! Terraform's provider protocol, version 6. The only code that knows tonic, protobuf and msgpack:
//! it serves any [`crate::backend::Backend`].
//!
//! From the outside in: `handshake` and `tls` (who may talk to us), `listen` and `serve` (for how
//! long), `service` (the calls), `values`, `msgpack`, `schema`, `diags` (the protocol's forms of
//! our types), `work` (operations that outlive their connection), `log` and `mask` (what others
//! may see of us).

mod cli;
mod control;
mod diags;
mod error;
mod handshake;
mod listen;
pub mod log;
pub mod mask;
mod msgpack;
mod schema;
mod serve;
mod service;
mod tls;
#[cfg(any(test, fuzzing))]
pub mod untrusted;
mod values;
mod work;

pub use cli::main_with;
pub use error::ServeError;
pub use serve::{serve, serve_reattach};

/// What an address without a registry means: to Terraform, and to `OpenTofu`.
const REGISTRIES: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];

/// Generated from `proto/` by `tests/generated.rs`.
macro_rules! generated {
    ($name:ident, $file:literal) => {
#[allow(
            clippy::all,
            clippy::pedantic,
            missing_docs,
            unused_qualifications,
            reason = "generated"
        )]
        #[rustfmt::skip]
        mod $name {
            include!(concat!("generated/", $file));
        }
    };
}
generated!(tfplugin6, "tfplugin6.rs");
generated!(plugin, "plugin.rs");
generated!(health, "grpc.health.v1.rs");
