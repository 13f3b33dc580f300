//! A whole registry beside the cloud's provider: the examples' environments are applied from nothing.
//! The cloud is a stand-in; hosts, network, load balancer and Redis are real. Needs root.

pub mod environment;
pub mod production;
pub mod registry;
pub mod staging;
