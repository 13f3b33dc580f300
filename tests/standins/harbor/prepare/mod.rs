//! `prepare`: harbor.yml in, every file of a node out.
//!
//! It fails in two ways, like the real one: what `validate()` finds ends with
//! status 255, anything else looks like a traceback and ends with 1. In both
//! the old configuration is already gone.

mod compose;
mod configs;
mod env;
mod files;
mod internal_tls;
mod places;
mod redis;
mod refusal;
mod secrets;
mod settings;
#[cfg(test)]
mod tests;
mod validate;
mod yaml;

#[cfg(test)]
pub use secrets::{make_token_key, random_text};

use std::path::Path;

use places::Places;
use refusal::Refusal;
use settings::Settings;

use crate::fault;
use crate::release::{self, Release};

/// The role: `prepare prepare FLAGS`, as the wrapper calls it.
pub fn run(arguments: &[String]) -> u8 {
    let release = match release::from_environment() {
        Ok(release) => release,
        Err(error) => {
            eprintln!("{error}");
            return 2;
        }
    };
    if let Some(complaint) = usage_error(arguments, release) {
        eprintln!("Usage: main.py [OPTIONS] COMMAND [ARGS]...\n\nError: {complaint}");
        return 2;
    }
    let root = std::env::var_os("STANDIN_ROOT").unwrap_or_else(|| "/".into());
    match prepare(&Places::under(Path::new(&root)), release, &arguments[1..]) {
        Ok(()) => 0,
        Err(refusal) => {
            refusal.print();
            refusal.exit_status()
        }
    }
}

fn usage_error(arguments: &[String], release: Release) -> Option<String> {
    let known = release::flags(release);
    match arguments.first().map(String::as_str) {
        Some("prepare") => arguments[1..]
            .iter()
            .find(|flag| !known.contains(&flag.as_str()))
            .map(|flag| format!("no such option: {flag}")),
        Some(other) => Some(format!("No such command '{other}'.")),
        None => Some("Missing command.".to_owned()),
    }
}

/// Makes every file of a node. The first act is the wipe.
pub fn prepare(places: &Places, release: Release, flags: &[String]) -> Result<(), Refusal> {
    println!("prepare base dir is set to {}", places.compose.display());
    files::wipe(&places.config)?;
    let fault_file = places.data.join("standin-fault");
    if fault::is_set_in(&fault_file, "prepare-dies") {
        return Err(Refusal::traceback("KeyboardInterrupt", String::new()));
    }
    let text = std::fs::read_to_string(places.input.join("harbor.yml")).map_err(|_| {
        Refusal::traceback(
            "FileNotFoundError",
            "[Errno 2] No such file or directory: '/input/harbor.yml'".to_owned(),
        )
    })?;
    let settings = Settings::read(&yaml::parse(&text)?, release, flags)?;
    validate::validate(places, &settings)?;
    if fault::is_set_in(&fault_file, "prepare-fails") {
        return Err(Refusal::traceback("Exception", "asked to fail".to_owned()));
    }
    let made = secrets::Generated::new();
    configs::portal_and_log(places, &settings)?;
    configs::nginx(places, &settings)?;
    env::write_all(places, &settings, &made)?;
    configs::registry(places, &settings, &made)?;
    configs::jobservice(places, &settings)?;
    files::config_folders(places)?;
    files::data_folders(places, &settings)?;
    internal_tls::prepare(places, &settings)?;
    internal_tls::trust(places, &settings)?;
    secrets::keep_or_make(places, settings.with("notary"))?;
    compose::write(places, &settings)?;
    println!("Clean up the input dir");
    Ok(())
}
