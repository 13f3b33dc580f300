//! `terraform-provider-harbor`: started by Terraform, `OpenTofu` or Pulumi's bridge, never by hand.

use std::process::ExitCode;

fn main() -> ExitCode {
    provider::protocol::main_with(provider::lifecycle::Provider::new())
}
