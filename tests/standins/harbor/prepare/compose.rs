//! docker-compose.yml: services, in the names and mounts of the real one.

mod services;

use std::fmt::Write as _;

use services::{CHARTS, NOTARY, NOTARY_SIGNING, Service, services};

use super::Places;
use super::files;
use super::settings::Settings;
use crate::error::Result;
use crate::release::{Quirk, Release};

/// Writes the file beside install.sh.
pub fn write(places: &Places, settings: &Settings) -> Result<()> {
    files::generate(&places.compose.join("docker-compose.yml"), &text(settings), 0, 0o644)
}

/// The file's text.
pub fn text(settings: &Settings) -> String {
    let mut text = String::new();
    if settings.release.has(Quirk::ComposeFileVersion) {
        text.push_str("version: '2.3'\n");
    }
    text.push_str("services:\n");
    for service in services(settings) {
        write_service(&mut text, settings.release, &service);
    }
    text.push_str("networks:\n");
    let mut networks = vec!["harbor"];
    if settings.with("notary") {
        networks.extend([NOTARY, NOTARY_SIGNING]);
    }
    if settings.with("chartmuseum") {
        networks.push(CHARTS);
    }
    for network in networks {
        let _ = writeln!(text, "  {network}:\n    external: false");
    }
    text
}

fn write_service(text: &mut String, release: Release, service: &Service) {
    let _ = writeln!(
        text,
        "  {}:\n    image: {}\n    container_name: {}\n    restart: always",
        service.name, service.image, service.container
    );
    if !service.capabilities.is_empty() {
        text.push_str("    cap_drop:\n      - ALL\n");
    }
    list(text, "cap_add", service.capabilities.iter().copied().filter(|name| *name != "NONE"));
    networks(text, service);
    if release.has(Quirk::ComposeDnsSearch) {
        text.push_str("    dns_search: .\n");
    }
    if let Some(path) = service.env_file {
        let _ = writeln!(text, "    env_file:\n      - {path}");
    }
    if !(service.volumes.is_empty() && service.binds.is_empty()) {
        text.push_str("    volumes:\n");
    }
    for volume in &service.volumes {
        let _ = writeln!(text, "      - {volume}");
    }
    for (source, target) in &service.binds {
        let _ = writeln!(
            text,
            "      - type: bind\n        source: {source}\n        target: {target}"
        );
    }
    list(text, "ports", service.ports.iter().map(String::as_str));
    list(text, "depends_on", service.after.iter().copied());
    if service.name != "log" {
        let host = if release.has(Quirk::SyslogByName) { "localhost" } else { "127.0.0.1" };
        let _ = writeln!(
            text,
            "    logging:\n      driver: \"syslog\"\n      options:\n        syslog-address: \"tcp://{host}:1514\"\n        tag: \"{}\"",
            service.name
        );
    }
}

/// Each network, with the name that the service has there beside its own.
fn networks(text: &mut String, service: &Service) {
    text.push_str("    networks:\n");
    for (network, alias) in &service.networks {
        let _ = writeln!(text, "      {network}:");
        if let Some(alias) = alias {
            let _ = writeln!(text, "        aliases:\n          - {alias}");
        }
    }
}

fn list<'a>(text: &mut String, key: &str, items: impl Iterator<Item = &'a str>) {
    let mut items = items.peekable();
    if items.peek().is_some() {
        let _ = writeln!(text, "    {key}:");
    }
    for item in items {
        let _ = writeln!(text, "      - {item}");
    }
}
