//! provider

pub mod backend;
pub mod diag;
pub mod facts;
pub mod plan;
pub mod resource;
pub mod schema;
pub mod secret;
pub mod settings;
pub mod step;
pub mod value;
