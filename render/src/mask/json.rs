//! JSON, and the flow collections of YAML: values after keys, however deep.

use super::lines;
use super::secret::{MASK, is_secret_key};

/// A whole text: a collection below a secret key may go over lines.
pub(super) fn mask(text: &str) -> String {
    let mut scanner = Scanner::default();
    lines::each(text, |line| lines::assignments(&scanner.line(line)))
}

/// Every `key: value` of a line whose key says secret, and `NAME=value`, which is how environments
/// stand in lists.
pub(super) fn pairs(line: &str) -> String {
    lines::assignments(&Scanner::default().line(line))
}

/// Where a text is read.
#[derive(Default)]
pub(super) struct Scanner {
    /// How many brackets are open below a secret key: all values in them are secret.
    depth: usize,
    /// A secret key and its colon were read, and no value yet.
    expecting: bool,
}

impl Scanner {
    /// Whether the next line goes on with a secret.
    pub(super) fn is_inside(&self) -> bool {
        self.depth > 0 || self.expecting
    }

    /// The next line, masked.
    pub(super) fn line(&mut self, line: &str) -> String {
        let mut out = String::with_capacity(line.len());
        let mut rest = line;
        while let Some(c) = rest.chars().next() {
            let length = match c {
                '{' | '[' => {
                    self.depth += usize::from(self.is_inside());
                    self.expecting = false;
                    out.push(c);
                    1
                }
                '}' | ']' | ',' => {
                    self.depth -= usize::from(c != ',' && self.depth > 0);
                    self.expecting = false;
                    out.push(c);
                    1
                }
                c if c.is_whitespace() || c == ':' => {
                    out.push(c);
                    c.len_utf8()
                }
                _ => self.word(rest, &mut out),
            };
            rest = &rest[length..];
        }
        out
    }

    /// A key with its colon, or a value; how long it is.
    fn word(&mut self, rest: &str, out: &mut String) -> usize {
        let quote = rest.chars().next().filter(|c| ['"', '\''].contains(c));
        let secret = self.is_inside();
        let length = match quote {
            Some(_) => quoted_length(rest),
            None if secret => rest.find([',', '}', ']']).unwrap_or(rest.len()),
            None => rest.find([' ', '\t', ',', '{', '[', '}', ']', ':']).unwrap_or(rest.len()),
        };
        let word = &rest[..length];
        let after = rest[length..].trim_start();
        let is_key = after.starts_with(':') && (quote.is_some() || !secret);
        if is_key {
            let name = word.trim_matches(['"', '\'']);
            self.expecting |= self.depth == 0 && (is_secret_key(name) || name == "auth");
            out.push_str(word);
            return length;
        }
        if secret && !lines::is_empty_value(word) {
            let mark = if quote == Some('"') { "\"" } else { "" };
            let gap = &word[word.trim_end().len()..];
            out.extend([mark, MASK, mark, gap]);
        } else {
            out.push_str(word);
        }
        self.expecting = false;
        length
    }
}

/// To the closing quote, or to the end of the line.
fn quoted_length(text: &str) -> usize {
    let quote = text.chars().next().unwrap_or('"');
    closing_quote(&text[1..], quote).map_or(text.len(), |at| at + 2)
}

/// Where a quoted text ends: `"` escapes with `\`, `'` by being doubled.
pub(super) fn closing_quote(text: &str, quote: char) -> Option<usize> {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if quote == '"' => {
                chars.next();
            }
            c if c == quote
                && (quote == '"' || chars.next_if(|(_, next)| *next == quote).is_none()) =>
            {
                return Some(at);
            }
            _ => {}
        }
    }
    None
}
