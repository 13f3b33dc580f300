//! What users must be able to do, by real Terraform on real hosts. Needs root.
//!
//! Each test is a story on one rig: an install takes minutes, so what can be shown on one install
//! is shown in order on it. Progress goes to the terminal.

mod adopted;
mod article;
mod bad_input;
mod by_hand;
mod destroy;
mod drift;
mod existing;
mod hosts;
mod main_job;
mod secrets;
mod sources;
mod states;
mod users;
