//! A stand-in for Alibaba Cloud and its Terraform provider (aliyun/alicloud 1.289.0), where neither
//! can be had: the schema is that release's, the cloud is a file.
//!
//! | module | what it does |
//! |---|---|
//! | `catalog`, `kinds` | the schema file, and the protocol layer's form of it |
//! | `rules` | what a configuration may say |
//! | `plan` | what would change, and what that replaces |
//! | `ids`, `computed`, `made`, `addresses` | what the cloud makes up |
//! | `choices` | what it has on offer |
//! | `store` | the cloud's objects, in a file |
//! | `links`, `limits` | what refers to what, and what the cloud refuses |
//! | `cloud` | create, read, update, delete |
//! | `data` | data sources |
//! | `faults` | what goes wrong, on request |
//! | `world` | the objects as hosts and more, in a rig |
//! | `backend` | all that as a provider |
//!
//! `BREAKWATER_CLOUD` names the file. Without it, it is `cloud.json` in the folder of the rig that
//! Terraform is run in (`rig run`), and outside of a rig `alicloud.json` in the working folder,
//! where the cloud is a file and no more. `BREAKWATER_CLOUD_FAULTS` names the file with the faults
//! ([`faults::Faults`]); without it, it is `cloud.faults.json` beside `cloud.json`.

mod addresses;
mod assigned;
mod backend;
mod catalog;
mod choices;
mod cloud;
mod computed;
mod data;
mod failure;
mod faults;
mod ids;
mod kinds;
mod limits;
mod links;
mod plan;
mod rules;
mod store;
#[cfg(test)]
mod tests;
mod world;

use std::process::ExitCode;

fn main() -> ExitCode {
    provider::protocol::main_with(backend::Alicloud::new())
}
