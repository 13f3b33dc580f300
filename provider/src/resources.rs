//! The list of resources and data sources: one line each.

pub mod common;
pub mod external_db;
pub mod shared_secrets;

use crate::lifecycle::{Erased, ErasedData, Managed};

/// All resources.
pub fn all() -> Vec<Box<dyn Erased>> {
    vec![
        Managed::<external_db::ExternalDatabase>::boxed(),
        Managed::<shared_secrets::SharedSecrets>::boxed(),
    ]
}

/// All data sources.
pub fn data_sources() -> Vec<Box<dyn ErasedData>> {
    vec![]
}
