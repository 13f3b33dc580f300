//! The same text with its secret values replaced by [`MASK`], for plans and for drift.
//!
//! Lines keep their number and order, so that a diff of two masked texts lines up. Where it is not
//! clear how far a secret goes, more is masked rather than less. A value that is empty stays, since
//! that a password is missing is no secret.

mod conninfo;
mod json;
mod lines;
mod secret;
mod yaml;

pub use secret::{MASK, is_secret_key};

/// Masks a text by the kind of file that its path says.
pub fn mask(path: &str, text: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    if is_wholly_secret(name, extension) {
        return lines::each(text, |line| if line.is_empty() { String::new() } else { MASK.into() });
    }
    let text = lines::private_keys(text);
    let text = match extension {
        _ if name.contains("pgpass") || name.contains("passfile") => {
            lines::each(&text, lines::passfile)
        }
        _ if name == "passwd" || name == "htpasswd" => lines::each(&text, lines::htpasswd),
        "yml" | "yaml" => yaml::mask(&text),
        "json" => json::mask(&text),
        "conf" => lines::each(&text, |line| {
            conninfo::mask(line).unwrap_or_else(|| pair(&lines::redis(line)))
        }),
        _ => lines::each(&text, pair),
    };
    lines::each(&lines::arguments(&text), lines::urls)
}

/// `NAME=value` or `name: value`; a value may hold what looks like the other.
fn pair(line: &str) -> String {
    let assigned = lines::assignments(line);
    yaml::secret_line(&assigned).unwrap_or(assigned)
}

/// Files that hold nothing but a key.
fn is_wholly_secret(name: &str, extension: &str) -> bool {
    ["secretkey", "defaultalias"].contains(&name) || extension == "key"
}
