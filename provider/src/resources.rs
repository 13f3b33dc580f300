//! The list of resources and data sources: one line each.

pub mod external_db;
pub mod pg_replication_pair;

use crate::lifecycle::{Erased, ErasedData, Managed};

/// All resources.
pub fn all() -> Vec<Box<dyn Erased>> {
    vec![
        Managed::<external_db::ExternalDatabase>::boxed(),
        Managed::<pg_replication_pair::PgReplicationPair>::boxed(),
    ]
}

/// All data sources.
pub fn data_sources() -> Vec<Box<dyn ErasedData>> {
    vec![]
}
