//! Where image layers are kept.

use std::collections::BTreeMap;

use crate::diag::{Path, sentence};
use crate::resources::ha_node::layout;
use crate::resources::ha_node::settings::{HaNode, Shared};
use crate::rule::Findings;

/// What each driver does not start without, beside its secrets.
const NEEDED: &[(&str, &[&str])] = &[
    ("oss", &["bucket", "region", "accesskeyid"]),
    ("s3", &["bucket", "region"]),
    ("azure", &["accountname", "container"]),
    ("gcs", &["bucket"]),
    ("swift", &["authurl", "username", "container"]),
];

/// The secrets that each driver does not start without.
const NEEDED_SECRETS: &[(&str, &[&str])] =
    &[("oss", &["accesskeysecret"]), ("azure", &["accountkey"]), ("swift", &["password"])];

fn of<'a>(table: &[(&str, &'a [&'a str])], driver: &str) -> &'a [&'a str] {
    table.iter().find(|(name, _)| *name == driver).map_or(&[], |(_, needed)| needed)
}

/// A shared directory, and where it comes from.
pub fn shared(s: &HaNode, found: &mut Findings) {
    let Some((storage, shared)) = s.storage.as_ref().and_then(|t| Some((t, t.shared.as_ref()?)))
    else {
        return;
    };
    if storage.driver != "filesystem" {
        let detail = format!(
            "With the driver {} image layers are not in the data volume, so nothing is to be \
             shared. Remove storage.shared.",
            storage.driver
        );
        found.at("storage.shared", "Shared storage is not used", detail);
    }
    match (&shared.path, &shared.nfs) {
        (Some(path), None) => inside(s, path, found),
        (None, Some(nfs)) => {
            let parts = nfs.split_once(":/");
            if parts.is_none_or(|(server, _)| server.is_empty()) {
                let detail = "It must be server:/export.";
                found.at("storage.shared.nfs", "Invalid nfs", detail);
            } else {
                mount(s, shared, found);
            }
        }
        _ => found.at(
            "storage.shared",
            "One source of the shared directory",
            "Exactly one of path and nfs must be set.",
        ),
    }
}

/// A directory cannot be mounted inside itself.
fn inside(s: &HaNode, path: &str, found: &mut Findings) {
    let place = s.data("registry");
    let within = |inner: &str, outer: &str| format!("{inner}/").starts_with(&format!("{outer}/"));
    if within(&place, path) || within(path, &place) {
        let detail = format!("It is mounted at {place}, and must lie elsewhere on the host.");
        found.at("storage.shared.path", "A directory in itself", detail);
    }
}

/// What the mount unit refuses: each option by itself, so that it is named.
fn mount(s: &HaNode, shared: &Shared, found: &mut Findings) {
    let place = s.data("registry");
    let options = shared.nfs_options.clone().unwrap_or_default();
    let with = |options: Vec<String>| {
        let shared = Shared { nfs_options: Some(options), ..shared.clone() };
        layout::mount_unit_text(&shared, &place).err().map(|e| e.to_string())
    };
    if let Some(why) = with(Vec::new()) {
        let path = if why.contains("version") { "nfs_version" } else { "nfs" };
        found.at(&format!("storage.shared.{path}"), "Invalid NFS mount", sentence(&why));
        return;
    }
    for (i, option) in options.into_iter().enumerate() {
        if let Some(why) = with(vec![option]) {
            let path = Path::of("storage.shared.nfs_options").index(i);
            found.error(path, "Invalid mount option", sentence(&why));
        }
    }
}

/// Parameters whose values the registry misreads or refuses.
pub fn parameters(s: &HaNode, found: &mut Findings) {
    let Some(storage) = &s.storage else { return };
    let empty = BTreeMap::new();
    let all = storage.parameters.as_ref().unwrap_or(&empty);
    for (name, value) in all {
        if let Some(why) = misread(&storage.driver, name, value, all) {
            let path = Path::of("storage.parameters").key(name);
            found.error(path, format!("Invalid parameter {name}"), why);
        }
    }
}

fn misread(
    driver: &str,
    name: &str,
    value: &str,
    all: &BTreeMap<String, String>,
) -> Option<String> {
    let url = |schemes: &[&str]| render::address::url(value, schemes).map(|url| url.rest.len() > 1);
    match (driver, name) {
        ("filesystem", "rootdirectory") if value.trim_end_matches('/') != "/storage" => Some(
            "It is a path in the registry's container, where /storage is what the host keeps: layers \
             at any other place are lost with the container. Leave it out; data_volume and \
             storage.shared say where they are on the host."
                .to_owned(),
        ),
        (_, "rootdirectory") if value.contains("..") || value.contains("//") => {
            Some(format!("\"{value}\" is no plain prefix of object names."))
        }
        ("oss", "endpoint") => oss_endpoint(value, all.get("bucket").map(String::as_str)),
        ("s3", "regionendpoint") => match url(&["https", "http"]) {
            Err(_) if !value.contains("://") => {
                let bare = render::address::host_port(value);
                bare.err().map(|why| format!("\"{value}\" {why}."))
            }
            Err(why) => Some(format!("\"{value}\" {why}.")),
            Ok(true) => Some("It must not hold a path: the bucket has a parameter of its own.".into()),
            Ok(false) => None,
        },
        ("s3", "region") if !all.contains_key("regionendpoint") && !is_aws_region(value) => {
            Some(format!(
                "\"{value}\" is no region of AWS, and the registry does not start with it. For \
                 another server set regionendpoint, with which any region is taken."
            ))
        }
        ("swift", "authurl") => {
            render::address::url(value, &["https", "http"]).err().map(|why| format!("It {why}."))
        }
        _ => None,
    }
}

/// The driver puts the scheme before it and nothing else: the bucket must be part of it.
fn oss_endpoint(value: &str, bucket: Option<&str>) -> Option<String> {
    if let Err(why) = render::address::host_port(value) {
        return Some(format!("\"{value}\" {why}. Whether TLS is used says the parameter secure."));
    }
    let generic = value.starts_with("oss-") && value.ends_with(".aliyuncs.com");
    let bucket = bucket.unwrap_or("BUCKET");
    generic.then(|| {
        format!(
            "It is the region's endpoint, at which the registry finds no bucket: write \
             {bucket}.{value}, or leave endpoint out and set region and internal."
        )
    })
}

/// `eu-central-1`, `us-gov-west-1`.
fn is_aws_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let word = |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase());
    match parts.split_last() {
        Some((number, words)) => {
            (2..=3).contains(&words.len())
                && words.iter().all(|w| word(w))
                && !number.is_empty()
                && number.bytes().all(|b| b.is_ascii_digit())
        }
        None => false,
    }
}

/// A driver has all that it does not start without.
pub fn complete(s: &HaNode, found: &mut Findings) {
    let Some(storage) = &s.storage else { return };
    let given = |name: &str| {
        storage.parameters.iter().flatten().any(|(k, v)| k == name && !v.is_empty())
            || storage.parameters_wo.iter().flatten().any(|(k, _)| k == name)
    };
    let lacks = |path: &str, table: &[(&str, &'static [&'static str])], found: &mut Findings| {
        let lost: Vec<&str> =
            of(table, &storage.driver).iter().copied().filter(|n| !given(n)).collect();
        if !lost.is_empty() {
            let detail = format!(
                "The driver {} does not start without {}.",
                storage.driver,
                lost.join(" and ")
            );
            found.at(path, "Missing parameters", detail);
        }
    };
    lacks("storage.parameters", NEEDED, found);
    lacks("storage.parameters_wo", NEEDED_SECRETS, found);
}
