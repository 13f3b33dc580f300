//! The command line of the provider: none, except for a person who is curious.

use std::error::Error;
use std::process::ExitCode;

use super::{ServeError, log, serve, serve_reattach};
use crate::backend::Backend;

/// The whole of `main`: `--version` prints the version, `--debug` serves a Terraform that is
/// started by hand, and otherwise the host that started this process is served.
pub fn main_with<B: Backend>(backend: B) -> ExitCode {
    let argument = std::env::args().nth(1);
    let about = backend.about();
    if argument.as_deref() == Some("--version") {
        println!("terraform-provider-{} {}", about.name(), about.version);
        return ExitCode::SUCCESS;
    }
    log::init(about.name());
    match run(backend, argument.as_deref() == Some("--debug")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn run<B: Backend>(backend: B, debug: bool) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| ServeError::Runtime { source })?;
    let result = if debug {
        runtime.block_on(serve_reattach(backend, |value| {
            println!("export TF_REATTACH_PROVIDERS='{value}'");
        }))
    } else {
        runtime.block_on(serve(backend))
    };
    // Whatever is still there is idle: all operations have ended.
    runtime.shutdown_background();
    result
}

fn complain(error: &ServeError) {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(why) = source {
        text = format!("{text}: {why}");
        source = why.source();
    }
    log::line(&text);
}
