//! Every resource: one line each.

pub mod ha_node;
