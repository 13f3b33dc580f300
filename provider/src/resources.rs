//! The list of resources and data sources: one line each.

use crate::lifecycle::{Erased, ErasedData};

/// All resources.
pub fn all() -> Vec<Box<dyn Erased>> {
    vec![]
}

/// All data sources.
pub fn data_sources() -> Vec<Box<dyn ErasedData>> {
    vec![]
}
