//! What users must be able to do, by real Terraform on real hosts. Needs root.
//!
//! Each test is a story on one rig: an install takes minutes, so what can be shown on one install
//! is shown in order on it. Progress goes to the terminal.

pub mod adopted;
pub mod article;
pub mod bad_input;
pub mod destroy;
pub mod drift;
pub mod existing;
pub mod first_boot;
pub mod hosts;
pub mod main_job;
pub mod manual;
pub mod replaced;
pub mod secrets;
pub mod serving;
pub mod sources;
pub mod states;
pub mod ubuntu;
pub mod unhealthy;
pub mod users;
