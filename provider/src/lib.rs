//! provider

pub mod backend;
pub mod diag;
pub mod schema;
pub mod secret;
pub mod settings;
pub mod value;
