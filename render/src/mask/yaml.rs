//! YAML, by lines: a key that says secret, and what belongs to it below.

use super::json::{Scanner, closing_quote, pairs};
use super::lines;
use super::secret::is_secret_key;

pub(super) fn mask(text: &str) -> String {
    let mut open: Option<Open> = None;
    let mut flow: Option<Scanner> = None;
    lines::each(text, |line| {
        if let Some(below) = &mut open {
            if below.goes_on(line) {
                return below.mask(line);
            }
            open = None;
        }
        if let Some(mut scanner) = flow.take() {
            let masked = scanner.line(line);
            flow = scanner.is_inside().then_some(scanner);
            return lines::assignments(&masked);
        }
        let Some(key) = Key::of(line) else { return in_flow(line, line, &mut flow) };
        if !is_secret_key(key.name) {
            return in_flow(line, &line[key.value..], &mut flow);
        }
        let value = line[key.value..].trim();
        open = Some(Open::below(&key, value));
        // A block scalar's mark stays: the lines below it hold the value.
        if value.starts_with(['|', '>']) && value.len() <= 3 {
            return line.to_owned();
        }
        lines::replace_rest(line, key.value)
    })
}

/// The line of a key that says secret, masked; for files that are no YAML.
pub(super) fn secret_line(line: &str) -> Option<String> {
    let key = Key::of(line).filter(|key| is_secret_key(key.name))?;
    Some(lines::replace_rest(line, key.value))
}

/// A line that may begin a flow collection, which goes over lines.
fn in_flow(line: &str, value: &str, flow: &mut Option<Scanner>) -> String {
    if !value.trim_start_matches(['-', ' ', '\t']).starts_with(['{', '[']) {
        return pairs(line);
    }
    let mut scanner = Scanner::default();
    let masked = scanner.line(line);
    *flow = scanner.is_inside().then_some(scanner);
    lines::assignments(&masked)
}

/// A secret value that may go on below its key.
struct Open {
    indent: usize,
    /// The key is commented out, and so are the lines of its value.
    commented: bool,
    /// Nothing stood behind the key: a list may begin below it, as far left as it.
    list: bool,
    quote: Option<char>,
    /// Brackets of a flow collection.
    depth: usize,
}

impl Open {
    fn below(key: &Key, value: &str) -> Self {
        let value = without_properties(value);
        let (indent, commented, list) = (key.indent, key.commented, value.is_empty());
        let mut open = Self { indent, commented, list, quote: None, depth: 0 };
        if value.starts_with(['"', '\'', '{', '[']) {
            open.read(value);
        }
        open
    }

    /// Quotes and brackets that are open at the end of this.
    fn read(&mut self, text: &str) {
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(quote) = self.quote {
                let Some(end) = closing_quote(rest, quote) else { return };
                self.quote = None;
                rest = &rest[end + 1..];
                continue;
            }
            let Some(at) = rest.find(['"', '\'', '{', '[', '}', ']']) else { return };
            match rest[at..].chars().next() {
                Some(quote @ ('"' | '\'')) => self.quote = Some(quote),
                Some('{' | '[') => self.depth += 1,
                _ => self.depth = self.depth.saturating_sub(1),
            }
            rest = &rest[at + 1..];
            if self.quote.is_none() && self.depth == 0 {
                return;
            }
        }
    }

    fn goes_on(&mut self, line: &str) -> bool {
        if self.quote.is_some() || self.depth > 0 {
            self.read(line);
            return true;
        }
        let body = self.body(line);
        if self.commented && !line.trim_start().starts_with('#') {
            return false;
        }
        let indent = line.len() - body.len();
        let item = body == "-" || body.starts_with("- ");
        body.is_empty() || indent > self.indent || (self.list && item && indent == self.indent)
    }

    /// What stands behind the indentation, and behind the mark of a comment.
    fn body<'a>(&self, line: &'a str) -> &'a str {
        let indentation: &[char] = if self.commented { &[' ', '\t', '#'] } else { &[' ', '\t'] };
        line.trim_start_matches(indentation)
    }

    fn mask(&self, line: &str) -> String {
        let body = self.body(line);
        if body.is_empty() {
            line.to_owned()
        } else {
            lines::replace_rest(line, line.len() - body.len())
        }
    }
}

/// A value without its anchor and its tag.
fn without_properties(value: &str) -> &str {
    let mut value = value;
    while value.starts_with(['&', '!']) {
        value = value.split_once([' ', '\t']).map_or("", |(_, rest)| rest.trim_start());
    }
    value
}

/// A key at the start of a line, in a list or commented out as it may be.
struct Key<'a> {
    name: &'a str,
    indent: usize,
    commented: bool,
    value: usize,
}

impl<'a> Key<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let body = line.trim_start_matches(['#', '-', ' ', '\t']);
        let indent = line.len() - body.len();
        let commented = line.trim_start().starts_with('#');
        let (name, value) = if let Some(quote @ ('"' | '\'')) = body.chars().next() {
            let end = 1 + body[1..].find(quote)?;
            (&body[1..end], body[end + 1..].trim_start().strip_prefix(':')?)
        } else {
            let end = colon(body)?;
            (&body[..end], &body[end + 1..])
        };
        let value = value.trim_start();
        Some(Self { name: name.trim_end(), indent, commented, value: line.len() - value.len() })
    }
}

/// The colon that ends a plain key: before a space or the end of the line.
fn colon(body: &str) -> Option<usize> {
    body.match_indices(':')
        .map(|(i, _)| i)
        .find(|&i| body[i + 1..].is_empty() || body[i + 1..].starts_with([' ', '\t']))
}
