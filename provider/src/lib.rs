//! provider

pub mod backend;
pub mod data_sources;
pub mod diag;
pub mod facts;
pub mod functions;
pub mod host;
pub mod json;
pub mod lifecycle;
pub mod plan;
pub mod protocol;
#[cfg(test)]
mod real_postgres;
pub mod resource;
pub mod resources;
pub mod schema;
pub mod secret;
pub mod settings;
pub mod step;
pub mod value;
