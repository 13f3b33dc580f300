//! A stand-in for Harbor 2.x, where its images cannot be had.
//!
//! One binary is the installer's maker (`pack`) and, inside the images
//! it packs, every container of a Harbor node. Its first argument is the role.

mod core;
mod error;
mod fault;
mod hex;
mod http;
mod jobservice;
mod log;
mod nginx;
mod pack;
mod prepare;
mod redis;
mod registry;
mod release;
mod simple;

use std::process::ExitCode;

use error::Result;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let role = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    match role.as_str() {
        "pack" => finish(pack::run(&rest)),
        "prepare" => ExitCode::from(prepare::run(&rest)),
        _ => finish(serve(&role, &rest)),
    }
}

fn finish(outcome: Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("[FATAL] {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn serve(role: &str, rest: &[String]) -> Result<()> {
    // A second install is harmless: the provider is already the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::select! {
        outcome = dispatch(role, rest) => outcome,
        () = terminated() => Ok(()),
    }
}

async fn dispatch(role: &str, rest: &[String]) -> Result<()> {
    match role {
        "core" => core::run(release::from_environment()?).await,
        "jobservice" => jobservice::run().await,
        "log" => log::run().await,
        "nginx" => nginx::run().await,
        "registry" => registry::run().await,
        "redis" => redis::server::run().await,
        "probe" => http::probe(rest).await,
        other => simple::run(other).await,
    }
}

/// Docker stops a container with SIGTERM; process 1 has no default action for it.
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut stream) => {
            stream.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}
