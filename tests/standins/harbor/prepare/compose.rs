//! docker-compose.yml: services, in the names and mounts of the real one.

mod services;

use std::fmt::Write as _;

use services::{Service, services};

use super::Places;
use super::files;
use super::settings::Settings;
use crate::error::Result;
use crate::release::Quirk;

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
        write_service(&mut text, &service);
    }
    text.push_str("networks:\n  harbor:\n    external: false\n");
    text
}

fn write_service(text: &mut String, service: &Service) {
    let _ = writeln!(
        text,
        "  {}:\n    image: {}\n    container_name: {}\n    restart: always\n    cap_drop:\n      - ALL\n    cap_add:\n      - CHOWN\n      - DAC_OVERRIDE\n      - SETGID\n      - SETUID\n      - NET_BIND_SERVICE\n    networks:\n      - harbor\n    dns_search: .",
        service.name, service.image, service.container
    );
    if let Some(path) = service.env_file {
        let _ = writeln!(text, "    env_file:\n      - {path}");
    }
    text.push_str("    volumes:\n");
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
        let _ = writeln!(
            text,
            "    logging:\n      driver: \"syslog\"\n      options:\n        syslog-address: \"tcp://127.0.0.1:1514\"\n        tag: \"{}\"",
            service.name
        );
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
