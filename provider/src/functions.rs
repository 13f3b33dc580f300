//! Provider functions: each renderer of `render` as a pure function from settings to a file's text.
//!
//! The settings are one JSON text (`jsonencode({...})`), because each file has settings of its own
//! shape, many of them optional, which an object type of Terraform cannot say.

use render::{Error, apt, docker, haproxy, harbor, postgres, systemd};
use serde::de::DeserializeOwned;

use crate::backend::{FunctionError, FunctionSchema, Parameter};
use crate::schema::Kind;
use crate::value::Value;

/// Settings as JSON, to the file.
type Render = fn(&str) -> Result<String, FunctionError>;

/// One function.
struct Function {
    name: &'static str,
    file: &'static str,
    more: &'static str,
    render: Render,
}

const FUNCTIONS: &[Function] = &[
    Function {
        name: "harbor_yml",
        file: "harbor.yml",
        more: "Each release's own keys: one that the release does not read is refused, one that it \
               demands is written.",
        render: |s| file(s, harbor::harbor_yml::render),
    },
    Function {
        name: "compose_override",
        file: "docker-compose.override.yml",
        more: "The secrets that must be equal on every node, beside Harbor's generated compose \
               file.",
        render: |s| file(s, harbor::compose_override::render),
    },
    Function {
        name: "boot_unit",
        file: "harbor.service",
        more: "The unit that brings a node up after Docker and its mounts.",
        render: |s| file(s, harbor::boot_unit::render),
    },
    Function {
        name: "daemon_json",
        file: "daemon.json",
        more: "Docker's configuration, with our keys alone.",
        render: |s| file(s, docker::daemon_json::render),
    },
    Function {
        name: "docker_dropin",
        file: "docker.service.d/10-breakwater.conf",
        more: "Docker waits for mounts, and pulls through a proxy.",
        render: |s| file(s, systemd::docker_dropin::render),
    },
    Function {
        name: "apt_source",
        file: "sources.list.d/*.sources",
        more: "One repository, with the key that signs it.",
        render: |s| file(s, apt::source::render),
    },
    Function {
        name: "postgresql_conf",
        file: "conf.d/90-breakwater.conf",
        more: "The settings that both members of a pair share.",
        render: |s| file(s, postgres::conf::render),
    },
    Function {
        name: "standby_conf",
        file: "conf.d/91-standby.conf",
        more: "How a member follows its peer.",
        render: |s| file(s, postgres::standby_conf::render),
    },
    Function {
        name: "pg_hba",
        file: "pg_hba.conf",
        more: "The marked block that stands at the top of the file.",
        render: |s| file(s, postgres::hba::render),
    },
    Function {
        name: "pgpass",
        file: "a libpq password file",
        more: "One line for each entry; the first that matches is used.",
        render: |s| file(s, postgres::passfile::render),
    },
    Function {
        name: "archive_script",
        file: "the script behind archive_command",
        more: "It is atomic, and the same segment again is a success.",
        render: |s| file(s, postgres::archive_script::render),
    },
    Function {
        name: "role_check_script",
        file: "the script that says whether a server is the primary",
        more: "It answers one HTTP request, as Patroni's API does.",
        render: |s| file(s, postgres::role_check::script),
    },
    Function {
        name: "role_check_socket",
        file: "the socket unit at which a host is asked whether its server is the primary",
        more: "Each connection starts the service of the same name.",
        render: |s| file(s, postgres::role_check::socket),
    },
    Function {
        name: "role_check_service",
        file: "the service that runs the script of a role check for one connection",
        more: "It runs as PostgreSQL's own user.",
        render: |s| file(s, postgres::role_check::service),
    },
    Function {
        name: "endpoint_conf",
        file: "HAProxy's configuration of a database endpoint",
        more: "It leads to the server that says it is the primary, and lets connections wait while \
               there is none.",
        render: |s| file(s, haproxy::endpoint_conf::render),
    },
    Function {
        name: "endpoint_unit",
        file: "the unit of a database endpoint",
        more: "It gives the host the address, and runs an HAProxy that listens there.",
        render: |s| file(s, haproxy::endpoint_unit::render),
    },
    Function {
        name: "createcluster_conf",
        file: "createcluster.conf",
        more: "It keeps the server package from making a cluster of its own.",
        render: |s| file(s, postgres::createcluster_conf::render),
    },
    Function {
        name: "postgres_dropin",
        file: "postgresql@.service.d/10-mount.conf",
        more: "PostgreSQL waits for the mount of its data.",
        render: |s| file(s, systemd::postgres_dropin::render),
    },
    Function {
        name: "mount_unit",
        file: "a mount unit of an NFS export",
        more: "With options that keep data whole.",
        render: |s| file(s, systemd::mount_unit::render),
    },
    Function {
        name: "bind_unit",
        file: "a mount unit that shows a directory at another path",
        more: "Such as a directory of a NAS inside Harbor's data volume.",
        render: |s| file(s, systemd::bind_unit::render),
    },
];

/// Their signatures.
pub fn schemas() -> Vec<FunctionSchema> {
    FUNCTIONS.iter().map(schema).collect()
}

fn schema(function: &Function) -> FunctionSchema {
    let Function { name, file, more, render: _ } = function;
    FunctionSchema {
        name: (*name).to_owned(),
        summary: format!("The text of {file}"),
        description: format!(
            "The text of {file}, from its settings. {more} The same settings give the same bytes; \
             nothing is read or written. Where a setting is sensitive, so is the result."
        ),
        parameters: vec![Parameter {
            name: "settings".to_owned(),
            description: "The settings as JSON: `jsonencode({...})`. A key that does not exist is \
                          an error that lists those that do."
                .to_owned(),
            kind: Kind::String,
        }],
        returns: Kind::String,
    }
}

/// Call one.
pub fn call(name: &str, arguments: &[Value]) -> Result<Value, FunctionError> {
    let Some(function) = FUNCTIONS.iter().find(|function| function.name == name) else {
        return Err(FunctionError { text: format!("unknown function {name}"), argument: None });
    };
    let settings = arguments.first().and_then(Value::as_str).unwrap_or_default();
    (function.render)(settings).map(Value::from)
}

fn file<S: DeserializeOwned>(
    settings: &str,
    render: fn(&S) -> Result<String, Error>,
) -> Result<String, FunctionError> {
    let deserializer = &mut serde_json::Deserializer::from_str(settings);
    let settings = serde_path_to_error::deserialize(deserializer)
        .map_err(|error| at_fault(&misfit(&error)))?;
    render(&settings).map_err(|error| at_fault(&error.to_string()))
}

fn at_fault(text: &str) -> FunctionError {
    FunctionError { text: text.to_owned(), argument: Some(0) }
}

/// Where and why a setting does not fit; the value, which may be a secret, is not in it.
fn misfit(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let path = error.path().to_string();
    let why = error.inner().to_string();
    let why = why.rsplit_once(" at line ").map_or(why.as_str(), |(why, _)| why);
    // Serde names the value it found between these words and ", expected".
    let quoted = ["invalid type: ", "invalid value: ", "unknown variant "];
    let why = match quoted.iter().find(|start| why.starts_with(**start)) {
        Some(start) => match why.rsplit_once(", expected ") {
            Some((_, expected)) => format!("{}: expected {expected}", start.trim_end_matches(": ")),
            None => start.trim_end_matches(": ").trim().to_owned(),
        },
        None => why.to_owned(),
    };
    if path == "." { why } else { format!("{path}: {why}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(name: &str, settings: &str) -> Result<String, FunctionError> {
        let text = call(name, &[Value::from(settings)])?;
        Ok(text.as_str().expect("a text").to_owned())
    }

    fn error(name: &str, settings: &str) -> String {
        let error = render(name, settings).expect_err("it does not fit");
        assert_eq!(error.argument, Some(0));
        error.text
    }

    #[test]
    fn gives_the_file_that_the_renderer_gives() {
        let settings = r#"{"registry_mirrors": ["https://mirror.example.com"]}"#;
        let text = render("daemon_json", settings).expect("a file");
        assert!(text.contains("\"registry-mirrors\""), "{text}");
        let rule = r#"{"connection":"local","databases":["all"],"users":["postgres"],
            "method":"peer"}"#;
        let text = render("pg_hba", &format!(r#"{{"rules":[{rule}]}}"#)).expect("a file");
        assert!(text.starts_with("# BEGIN breakwater\n") && text.contains("peer"), "{text}");
    }

    #[test]
    fn an_error_names_the_setting() {
        let unknown = error("daemon_json", r#"{"mirrors": []}"#);
        assert!(unknown.contains("`mirrors`") && unknown.contains("`registry_mirrors`"));
        let rule = r#"{"connection":"local","databases":"all","users":[],"method":"peer"}"#;
        let text = error("pg_hba", &format!(r#"{{"rules":[{rule}]}}"#));
        assert_eq!(text, "rules[0].databases: invalid type: expected a sequence");
        let relative =
            error("boot_unit", r#"{"directory":"opt","mounts":[],"compose_plugin":true}"#);
        assert!(relative.contains("directory"), "{relative}");
        assert!(error("boot_unit", "not JSON").contains("expected"));
    }

    #[test]
    fn an_error_never_shows_a_value() {
        let settings = r#"{"entries":[{"host":"h","port":"hunter2","database":"d","user":"u",
            "password":"p"}]}"#;
        let text = error("pgpass", settings);
        assert!(text.starts_with("entries[0].port") && !text.contains("hunter2"), "{text}");
        let text = error("pgpass", r#"{"entries":"hunter2, expected 5"}"#);
        assert!(!text.contains("hunter2"), "{text}");
    }

    #[test]
    fn every_renderer_has_a_function() {
        // One folder of goldens for each file that is rendered.
        let goldens =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../render/tests/goldens");
        let other = [("conf", "postgresql_conf"), ("hba", "pg_hba"), ("passfile", "pgpass")];
        for folder in std::fs::read_dir(goldens).expect("goldens") {
            let folder = folder.expect("readable").file_name();
            let folder = folder.to_str().expect("a name");
            let name = other.iter().find(|(f, _)| *f == folder).map_or(folder, |(_, name)| name);
            assert!(schemas().iter().any(|s| s.name == name), "{name} is not a function");
        }
    }
}
