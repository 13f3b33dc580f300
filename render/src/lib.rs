//! Typed settings in, configuration files out. Pure: no I/O, no async, the same settings give the same bytes.
pub mod mask;
pub mod quote;
