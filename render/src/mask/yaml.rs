//! YAML, by lines: a key that says secret, and what is indented below it.

use super::secret::{MASK, is_secret_key};
use super::{json, lines};

pub(super) fn mask(text: &str) -> String {
    let mut open: Option<Open> = None;
    lines::each(text, |line| {
        if let Some(below) = &mut open {
            if below.goes_on(line) {
                return mask_body(line);
            }
            open = None;
        }
        let Some(key) = Key::of(line) else { return json::pairs(line) };
        if !is_secret_key(key.name) {
            return json::pairs(line);
        }
        open = Some(Open { indent: key.indent, quote: open_quote(&line[key.value..]) });
        let value = line[key.value..].trim();
        // A block scalar's mark stays: the lines below it hold the value.
        if value.starts_with(['|', '>']) && value.len() <= 3 {
            return line.to_owned();
        }
        lines::replace_rest(line, key.value)
    })
}

/// A secret value that may go on below its key.
struct Open {
    indent: usize,
    quote: Option<char>,
}

impl Open {
    fn goes_on(&mut self, line: &str) -> bool {
        if let Some(quote) = self.quote {
            if line.contains(quote) {
                self.quote = None;
            }
            return true;
        }
        let body = line.trim_start();
        body.is_empty() || line.len() - body.len() > self.indent
    }
}

/// The quote that a value opens and does not close on its line.
fn open_quote(value: &str) -> Option<char> {
    let value = value.trim();
    let quote = value.chars().next().filter(|c| ['"', '\''].contains(c))?;
    let closed = value.len() > 1 && value[1..].contains(quote);
    (!closed).then_some(quote)
}

fn mask_body(line: &str) -> String {
    let body = line.trim_start();
    if body.is_empty() {
        return line.to_owned();
    }
    format!("{}{MASK}", &line[..line.len() - body.len()])
}

/// A key at the start of a line, in a list or commented out as it may be.
struct Key<'a> {
    name: &'a str,
    indent: usize,
    value: usize,
}

impl<'a> Key<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let body = line.trim_start_matches(['#', '-', ' ', '\t']);
        let indent = line.len() - body.len();
        let (name, value) = if let Some(quote @ ('"' | '\'')) = body.chars().next() {
            let end = 1 + body[1..].find(quote)?;
            (&body[1..end], body[end + 1..].trim_start().strip_prefix(':')?)
        } else {
            let end = colon(body)?;
            (&body[..end], &body[end + 1..])
        };
        let value = value.trim_start();
        Some(Self { name: name.trim_end(), indent, value: line.len() - value.len() })
    }
}

/// The colon that ends a plain key: before a space or the end of the line.
fn colon(body: &str) -> Option<usize> {
    body.match_indices(':')
        .map(|(i, _)| i)
        .find(|&i| body[i + 1..].is_empty() || body[i + 1..].starts_with([' ', '\t']))
}
