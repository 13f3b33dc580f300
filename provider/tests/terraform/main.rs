//! The protocol layer under real Terraform, with a small backend behind it. Started by Terraform,
//! this binary is the provider; started by cargo, it runs the tests.

mod case;
mod fake;
mod lifecycle;
mod process;
mod secrets;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let started_by_terraform = std::env::var_os("TF_PLUGIN_MAGIC_COOKIE").is_some();
    if started_by_terraform || std::env::args().nth(1).as_deref() == Some("--debug") {
        return provider::protocol::main_with(fake::Fake::new());
    }
    let trials = [lifecycle::TESTS, process::TESTS, secrets::TESTS].concat().into_iter().map(
        |(name, test)| {
            Trial::test(name, move || {
                test();
                Ok(())
            })
        },
    );
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

/// A test's name and body.
type Test = (&'static str, fn());

/// The tests of a file, by the names of their functions.
#[macro_export]
macro_rules! tests {
    ($($name:ident),* $(,)?) => {
        pub const TESTS: &[$crate::Test] = &[$((stringify!($name), $name as fn())),*];
    };
}
