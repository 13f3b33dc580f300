//! The list of resources and data sources: one line each.

// Numbers here come from hosts and users: none of them may overflow.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

mod common;
pub mod database_endpoint;
pub mod external_db;
pub mod ha_node;
pub mod pg_replication_pair;
pub mod shared_secrets;

use crate::data_sources;
use crate::lifecycle::{Data, Erased, ErasedData, Managed};

/// All resources.
pub fn all() -> Vec<Box<dyn Erased>> {
    vec![
        Managed::<pg_replication_pair::PgReplicationPair>::boxed(),
        Managed::<external_db::ExternalDatabase>::boxed(),
        Managed::<database_endpoint::Endpoint>::boxed(),
        Managed::<shared_secrets::SharedSecrets>::boxed(),
        Managed::<ha_node::Node>::boxed(),
    ]
}

/// All data sources.
pub fn data_sources() -> Vec<Box<dyn ErasedData>> {
    vec![
        Data::<data_sources::health::Health>::boxed(),
        Data::<data_sources::installation::Installation>::boxed(),
        Data::<data_sources::pg_status::PgStatus>::boxed(),
    ]
}
