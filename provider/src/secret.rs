//! A secret: wiped from memory when dropped, printed as `[REDACTED]`.

pub use render::Secret;
