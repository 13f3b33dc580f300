//! Shell scripts, POSIX, run as root with `set -eu`. None holds a secret or prints one.

use super::settings::AdoptFrom;
use super::units::Unit;
use crate::shell::{OWN, WAYS, word};

/// Says mode, owner and group of the directory, and whether openssl is there.
pub fn place(directory: &str) -> String {
    format!(
        "if [ -d {0} ]; then stat -c '%a %U %G' {0}; else echo; fi\n\
         if command -v openssl >/dev/null 2>&1; then echo openssl; fi",
        word(directory)
    )
}

/// Names the secrets that can be adopted.
pub fn adoptable(from: &AdoptFrom) -> String {
    format!(
        "{}[ ! -s \"$data/secret/core/private_key.pem\" ] || echo private_key.pem\n\
         for key in secretkey defaultalias; do\n  \
         [ ! -s \"$data/secret/keys/$key\" ] && [ ! -s \"$data/$key\" ] || echo $key\ndone\n\
         [ ! -s \"$env\" ] || echo env\n",
        source(from)
    )
}

fn source(from: &AdoptFrom) -> String {
    let env = from.directory.as_ref().map(|d| format!("{d}/common/config/core/env"));
    format!("data={} env={}\n", word(&from.data_volume), word(&env.unwrap_or_default()))
}

/// Makes the directory.
pub fn directory(path: &str) -> String {
    let path = word(path);
    format!("{WAYS}d={path}\n(missing=make; enter \"${{d%/*}}\")\ngive \"$d\" root:root 0700\n")
}

/// Installs openssl.
pub fn install_openssl() -> String {
    crate::apt::function() + "apt update\napt --no-install-recommends install openssl\n"
}

/// Makes secrets in the directory, each adopted where that is possible and wanted. `marks` are
/// written last, so that a rotation that was cut is done again as a whole.
pub fn make(
    directory: &str,
    units: &[&Unit],
    adopt: Option<&AdoptFrom>,
    marks: &[(&str, i64)],
) -> String {
    let mut script = format!("umask 077\ndir={}\n{OWN}{FUNCTIONS}", word(directory));
    script.push_str(&adopt.map_or("data= env=\n".to_owned(), source));
    for unit in units {
        script.push_str(&one(unit));
    }
    for (name, number) in marks {
        script.push_str(&mark(name, *number));
    }
    script
}

fn mark(name: &str, number: i64) -> String {
    format!(
        "echo {number} > \"$dir/.{name}.new\"; chmod 644 \"$dir/.{name}.new\"\n\
         mv -f \"$dir/.{name}.new\" \"$dir/{name}\"\n"
    )
}

fn one(unit: &Unit) -> String {
    let (name, length) = (unit.files[0], unit.length);
    let exactly = if unit.exact { length } else { 0 };
    match (unit.length, unit.variable) {
        (0, _) => "token_key\n".to_owned(),
        (_, Some(variable)) => {
            format!("variable {name} {exactly} {variable} || random {name} {length}\n")
        }
        (_, None) if unit.group == super::units::Group::Permanent => {
            format!("key {name} {exactly} || random {name} {length}\n")
        }
        (_, None) => format!("random {name} {length}\n"),
    }
}

/// `put` is the one way into the directory: whole, synced, by rename. `theirs` reads what stands in a
/// directory of Harbor's containers, with their rights.
const FUNCTIONS: &str = r#"theirs() ( cd "${1%/*}" && own cat "./${1##*/}" )
fail() { rm -f "$dir"/.*.new; echo "$1" >&2; exit 1; }
put() {
  chmod 600 "$dir/.$1.new"
  sync "$dir/.$1.new"; mv -f "$dir/.$1.new" "$dir/$1"
}
random() {
  LC_ALL=C tr -dc A-Za-z0-9 < /dev/urandom | head -c "$2" > "$dir/.$1.new"
  [ "$(wc -c < "$dir/.$1.new")" -eq "$2" ] || fail "failed to make $1 from /dev/urandom"
  put "$1"
}
checked() {
  if [ ! -s "$dir/.$1.new" ]; then rm -f "$dir/.$1.new"; return 1; fi
  [ "$2" -eq 0 ] || [ "$(wc -c < "$dir/.$1.new")" -eq "$2" ] ||
    fail "$3 does not hold $2 characters, so Harbor cannot work with it"
  put "$1"
}
key() {
  [ -n "$data" ] || return 1
  for from in "$data/secret/keys/$1" "$data/$1"; do
    [ -s "$from" ] || continue
    theirs "$from" | tr -d '\r\n' > "$dir/.$1.new"
    checked "$1" "$2" "$from" && return 0
  done
  return 1
}
variable() {
  [ -s "$env" ] || return 1
  theirs "$env" | sed -n "s/^$3=//p" | tail -n 1 | tr -d '\r\n' > "$dir/.$1.new"
  checked "$1" "$2" "$3 in $env"
}
pkcs1() {
  head -n 1 "$1" | grep -q 'BEGIN RSA PRIVATE KEY' && return 0
  openssl rsa -traditional -in "$1" -out "$1.new" 2>/dev/null ||
    openssl rsa -in "$1" -out "$1.new" 2>/dev/null || fail "openssl failed to read the token key"
  mv -f "$1.new" "$1"
}
token_key() {
  k="$dir/.private_key.pem.new" c="$dir/.root.crt.new"
  if [ -n "$data" ] && [ -s "$data/secret/core/private_key.pem" ]; then
    theirs "$data/secret/core/private_key.pem" > "$k"
    [ ! -s "$data/secret/registry/root.crt" ] || theirs "$data/secret/registry/root.crt" > "$c"
  else
    openssl genrsa -traditional -out "$k" 4096 2>/dev/null ||
      openssl genrsa -out "$k" 4096 2>/dev/null || fail "openssl failed to make the token key"
  fi
  pkcs1 "$k"
  [ -s "$c" ] || openssl req -new -x509 -sha256 -days 3650 -subj /CN=harbor-token-issuer \
    -key "$k" -out "$c" 2>/dev/null || fail "openssl failed to make the certificate of the token key"
  [ "$(openssl x509 -in "$c" -noout -pubkey)" = "$(openssl rsa -in "$k" -pubout 2>/dev/null)" ] ||
    fail "private_key.pem and root.crt are not a pair"
  put private_key.pem; put root.crt
}
"#;

/// Keeps a copy of a file that is about to be replaced and can never be made again.
pub fn keep(directory: &str, name: &str) -> String {
    let (path, copy) = (format!("{directory}/{name}"), format!("{directory}/{name}.replaced"));
    format!("[ ! -f {0} ] || cp -p {0} {1}\n", word(&path), word(&copy))
}

/// Removes the files, and the directory where nothing else is in it.
pub fn purge(directory: &str, names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| word(name)).collect();
    format!(
        "cd {0}\nrm -f -- {1}\ncd /\nrmdir -- {0} 2>/dev/null || true\n",
        word(directory),
        names.join(" ")
    )
}
