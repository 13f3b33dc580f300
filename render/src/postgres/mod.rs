//! PostgreSQL as Debian packages it: settings in `conf.d`, a block of our own in `pg_hba.conf`.

pub mod archive_script;
pub mod conf;
pub mod createcluster_conf;
pub mod hba;
pub mod passfile;
pub mod role_check;
pub mod standby_conf;
