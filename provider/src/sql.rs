//! How every session of SQL begins, whoever makes it.
//!
//! Most of them are a superuser's, and the database may be another's, who may put a function, an
//! operator, a type or a view of any name into it, and have the names of all sessions looked up there
//! first (`ALTER DATABASE ... SET search_path`). What a superuser calls by such a name runs with all of
//! its rights.

/// The options that a session starts with, for `options` of a connection and for `PGOPTIONS`. They
/// count more than what a role or a database sets for its sessions, and hold before the first
/// statement. Names are looked up among the server's own alone; `pg_temp` stands at the end, as it is
/// the first where it is not named. What is made or changed elsewhere is named with its schema.
pub const STARTUP: &str = "-c search_path=pg_catalog,pg_temp";
