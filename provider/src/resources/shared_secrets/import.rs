//! Import IDs: `a=root@198.51.100.11:22,b=root@198.51.100.12:22`, and after it the directory where
//! it is not the usual one: `a=...,b=.../etc/breakwater/secrets/other`.

use std::collections::BTreeMap;

use super::facts::MARKS;
use super::questions::questions;
use super::settings::{HostPlace, Secrets};
use crate::diag::{Diag, Diags, Path};
use crate::facts::file;
use crate::resource::{Answers, ImportRequest};
use crate::resources::common;
use crate::settings::{Field as _, Settings as _};
use crate::value::{Object, Value};

fn parse(id: &str) -> Result<Secrets, Diag> {
    let bad = || {
        Diag::error(
            "Invalid import ID",
            format!(
                "\"{id}\" is not NAME=USER@HOST[:PORT],NAME=...[/DIRECTORY], such as \
             a=root@198.51.100.11:22,b=root@198.51.100.12:22."
            ),
        )
    };
    let (hosts, directory) = match id.split_once('/') {
        Some((hosts, directory)) => (hosts, Some(format!("/{directory}"))),
        None => (id, None),
    };
    let mut places = BTreeMap::new();
    for host in hosts.split(',') {
        let (name, ssh) = host.split_once('=').ok_or_else(bad)?;
        let ssh = common::ssh(ssh).filter(|_| !name.is_empty()).ok_or_else(bad)?;
        places.insert(name.to_owned(), HostPlace { ssh });
    }
    let mut object = Object::from([("hosts".to_owned(), places.to_value())]);
    if let Some(directory) = directory.map(Value::from) {
        super::settings::absolute(&directory).map_err(|_| bad())?;
        object.insert("directory".to_owned(), directory);
    }
    Secrets::from_object(&object, &Path::root()).map_err(|_| bad())
}

/// The questions of a read.
pub fn request(id: &str) -> Result<ImportRequest, Diag> {
    let settings = parse(id)?;
    let targets = settings.hosts.iter().map(|(n, h)| (n.clone(), h.ssh.clone())).collect();
    Ok(ImportRequest { targets, questions: questions(&settings) })
}

/// The settings of what is there.
pub fn import(id: &str, answers: &Answers) -> Result<Object, Diags> {
    let settings = parse(id).map_err(|diag| vec![diag])?;
    let there = |host: &String, name: &str| file::fact(answers, host, &settings.path(name));
    let found = |host: &String| there(host, "secretkey").is_present();
    if !settings.hosts.keys().any(found) {
        let detail = format!(
            "No host holds {}. A Harbor that was set up by hand is taken over by a new resource \
             with adopt_from, and not by an import.",
            settings.path("secretkey")
        );
        return Err(vec![Diag::error("Nothing to import", detail)]);
    }
    let mut object = settings.to_object();
    for mark in MARKS {
        let number = settings.hosts.keys().find_map(|host| {
            let fact = there(host, mark);
            fact.text()?.trim().parse::<i64>().ok()
        });
        object.insert(mark.to_owned(), Value::Int(number.unwrap_or(1)));
    }
    Ok(object)
}
