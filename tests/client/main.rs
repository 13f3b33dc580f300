//! A client of the provider that does what Terraform Core does with it, in one process: tests of what
//! a resource does start it where they would start Terraform, and the provider three times by that.
//!
//! `client plan|apply|refresh|destroy FOLDER` and `client import FOLDER ADDRESS ID` work with the
//! files that Terraform has in FOLDER: the configuration `main.tf.json` (Terraform's JSON syntax,
//! literal values alone) and the state `terraform.tfstate`. So Terraform can go on where this has
//! stopped, and the other way round. One JSON document on standard output says what was found, in
//! the form of `terraform show -json`, with the diagnostics beside it. The provider's log goes to
//! standard error.
//!
//! | module | what it does |
//! |---|---|
//! | `config`, `state` | the two files |
//! | `values`, `json` | values against their schema, and as JSON |
//! | `proposed` | what a plan is asked for |
//! | `valid`, `compatible` | what a plan and a result may be |
//! | `core` | one resource: read, plan, apply, with those checks |
//! | `run` | all of a folder |
//! | `report` | what it says |

mod compatible;
mod config;
mod core;
#[cfg(test)]
mod fake;
mod json;
mod proposed;
mod report;
mod run;
mod state;
mod valid;
mod values;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use provider::lifecycle::Provider;

use run::{Command, Run};

const USAGE: &str = "usage: client plan|apply|refresh|destroy FOLDER\n       \
                     client import FOLDER ADDRESS ID";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (command, folder) = match words[..] {
        ["plan", folder] => (Command::Plan, folder),
        ["apply", folder] => (Command::Apply, folder),
        ["refresh", folder] => (Command::Refresh, folder),
        ["destroy", folder] => (Command::Destroy, folder),
        ["import", folder, address, id] => (Command::Import { address, id }, folder),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    provider::protocol::log::init("harbor");
    let runtime = tokio::runtime::Runtime::new().expect("this process can have threads");
    let report = runtime.block_on(Run::new(Path::new(folder), Provider::new).go(command));
    runtime.shutdown_background();
    // Who has gone does not read it.
    let _ = writeln!(std::io::stdout(), "{}", report.json());
    ExitCode::from(u8::from(report.failed()))
}
