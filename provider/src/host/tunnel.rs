//! Services behind a host, reached by connections that start there.

pub mod http;
pub mod login;
mod resp;
pub mod sql;
mod tls;
