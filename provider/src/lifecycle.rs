//! Read, plan, apply, import: once, for all resources.
//!
//! Observe, plan, apply, observe again. A plan is made from what is on the hosts and not from what
//! an earlier run thinks it did, so an apply that dies anywhere is finished by the next one.

mod apply;
mod ask;
pub mod configuration;
mod connect;
mod data;
mod erased;
mod error;
mod interruption;
mod managed;
mod observe;
mod ownership;
mod planning;
mod private;
mod provider;
mod read;
mod run;
mod session;
mod values;

use error::ObserveError;

pub use data::{Data, ErasedData};
pub use erased::Erased;
pub use managed::Managed;
pub use provider::Provider;

/// What reads the ownership and the private data, for `crate::untrusted`.
///
/// # Panics
/// Where it should not: that is what is tried.
#[cfg(any(test, fuzzing))]
pub fn untrusted(data: &[u8]) {
    let private = private::Private::decode(data);
    assert_eq!(private::Private::decode(&private.encode()), private);
    ownership::untrusted(&String::from_utf8_lossy(data));
}
