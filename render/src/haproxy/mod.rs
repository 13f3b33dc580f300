//! HAProxy as Debian packages it, in an instance of our own beside the distribution's.

pub mod endpoint_conf;
pub mod endpoint_unit;
