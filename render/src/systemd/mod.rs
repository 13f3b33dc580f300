//! systemd units and drop-ins.

pub mod bind_unit;
pub mod docker_dropin;
pub mod mount_unit;
pub mod postgres_dropin;
pub mod unit;
