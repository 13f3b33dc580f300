//! Reads `known_hosts` files as sshd(8) describes them: wildcards, negation, hashed names,
//! `@revoked`, `@cert-authority`, tabs, any case. The SSH crate takes a line apart; what it means is
//! decided here, and keys are compared as bytes.

use std::path::PathBuf;

use ring::hmac;
use russh::keys::ssh_key::known_hosts::{Entry, HostPatterns, Marker};

use crate::host::connect::key::KeyBlob;
use crate::host::error::HostError;
use crate::host::settings::expand_home;

/// The lines of all files.
#[derive(Clone, Debug, Default)]
pub struct KnownHosts {
    lines: Vec<Line>,
}

/// What the files say about a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A line for this host has this key.
    Match,
    /// Lines for this host have other keys; the first one, and where.
    Changed {
        /// The key that the line has.
        known: KeyBlob,
        /// `file:line`.
        origin: String,
    },
    /// No line for this host.
    Unknown,
    /// Marked `@revoked`, at `file:line`.
    Revoked(String),
}

#[derive(Clone, Debug)]
struct Line {
    marker: Option<Marker>,
    names: HostPatterns,
    key: KeyBlob,
    origin: String,
}

impl KnownHosts {
    /// Reads the files; a leading `~/` is the home directory. One that is absent is empty; one that cannot be read is an error, because
    /// it may hold the line that forbids a key.
    pub fn load(paths: &[PathBuf]) -> Result<Self, HostError> {
        let mut all = Self::default();
        for path in paths {
            match std::fs::read(expand_home(path)) {
                Ok(bytes) => {
                    let text = String::from_utf8_lossy(&bytes);
                    all.lines.extend(Self::parse(&text, &path.display().to_string()).lines);
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(HostError::BadKey {
                        what: format!("known_hosts file {}", path.display()),
                        reason: error.to_string(),
                    });
                }
            }
        }
        Ok(all)
    }

    /// Reads one file's text; `origin` is its name in messages. Lines that make no sense are
    /// skipped, as OpenSSH does.
    pub fn parse(text: &str, origin: &str) -> Self {
        let lines = text.lines().enumerate();
        let lines = lines.filter_map(|(i, line)| parse_line(line, format!("{origin}:{}", i + 1)));
        Self { lines: lines.collect() }
    }

    /// Judges the key that a server presented.
    pub fn judge(&self, host: &str, port: u16, key: &KeyBlob) -> Verdict {
        if let Some(origin) = self.revoked(host, port, key) {
            return Verdict::Revoked(origin);
        }
        let name = lookup_name(host, port);
        let lines: Vec<&Line> = self.matching(&name, None).collect();
        if lines.iter().any(|line| line.key == *key) {
            return Verdict::Match;
        }
        // As OpenSSH: a key known for the bare name also vouches for another port of it, but a
        // different one says nothing about that port.
        let bare = host.to_lowercase();
        if port != 22 && self.matching(&bare, None).any(|line| line.key == *key) {
            return Verdict::Match;
        }
        match lines.first() {
            Some(line) => Verdict::Changed { known: line.key.clone(), origin: line.origin.clone() },
            None => Verdict::Unknown,
        }
    }

    /// Where this key (or the authority of a certificate) is revoked for this host.
    pub fn revoked(&self, host: &str, port: u16, key: &KeyBlob) -> Option<String> {
        let names = [lookup_name(host, port), host.to_lowercase()];
        let mut lines = names.iter().flat_map(|name| self.matching(name, Some(Marker::Revoked)));
        lines.find(|line| line.key == *key).map(|line| line.origin.clone())
    }

    /// Keys of the authorities that may vouch for this host.
    pub fn authorities(&self, host: &str, port: u16) -> Vec<KeyBlob> {
        let name = lookup_name(host, port);
        self.matching(&name, Some(Marker::CertAuthority)).map(|line| line.key.clone()).collect()
    }

    /// Algorithms (`ssh-ed25519`, ...) of the keys known for this host, each once.
    pub fn algorithms(&self, host: &str, port: u16) -> Vec<String> {
        let names = [lookup_name(host, port), host.to_lowercase()];
        let lines = names.iter().flat_map(|name| self.matching(name, None));
        let mut order: Vec<String> = Vec::new();
        for algorithm in lines.filter_map(|line| line.key.algorithm()) {
            if !order.contains(&algorithm) {
                order.push(algorithm);
            }
        }
        order
    }

    fn matching<'a>(
        &'a self,
        name: &'a str,
        marker: Option<Marker>,
    ) -> impl Iterator<Item = &'a Line> {
        self.lines.iter().filter(move |line| line.marker == marker && contain(&line.names, name))
    }
}

/// Whether a line is about this name; one that is negated counts more than any other.
fn contain(names: &HostPatterns, name: &str) -> bool {
    match names {
        HostPatterns::HashedName { salt, hash } => {
            let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, salt);
            hmac::verify(&key, name.as_bytes(), hash).is_ok()
        }
        HostPatterns::Patterns(patterns) => {
            let matches = |glob: &str| glob_matches(&glob.to_lowercase(), name);
            let not = |pattern: &String| pattern.strip_prefix('!').is_some_and(matches);
            !patterns.iter().any(not) && patterns.iter().any(|pattern| matches(pattern))
        }
    }
}

fn lookup_name(host: &str, port: u16) -> String {
    let host = host.to_lowercase();
    if port == 22 { host } else { format!("[{host}]:{port}") }
}

/// The SSH crate reads the fields, but knows of one space between them alone, and of no comments.
fn parse_line(line: &str, origin: String) -> Option<Line> {
    let mut fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let first = fields.first_mut().filter(|first| !first.starts_with('#'))?;
    let has_marker = first.starts_with('@');
    let lower = first.to_ascii_lowercase();
    if has_marker {
        *first = &lower;
    }
    let entry: Entry = fields.get(..if has_marker { 4 } else { 3 })?.join(" ").parse().ok()?;
    let key = KeyBlob(entry.public_key().to_bytes().ok()?);
    Some(Line { marker: entry.marker().copied(), names: entry.into(), key, origin })
}

/// `*` is any text, `?` any one byte. Linear in the text but for the last star's retries.
fn glob_matches(glob: &str, text: &str) -> bool {
    let (glob, text) = (glob.as_bytes(), text.as_bytes());
    let (mut g, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match glob.get(g) {
            Some(b'*') => {
                star = Some((g, t));
                g += 1;
            }
            Some(&c) if c == b'?' || c == text[t] => {
                g += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    g = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    glob[g..].iter().all(|&c| c == b'*')
}

#[cfg(test)]
mod tests;
