//! `password=` inside the value of a `postgresql.conf` line, which is quoted twice: by libpq's
//! rules, and by the file's around them.

use super::MASK;

pub(super) fn mask(line: &str) -> String {
    let Some(open) = line.find('\'') else { return line.to_owned() };
    let inner = decode(line, open + 1);
    let Some((from, to)) = password(&inner) else { return line.to_owned() };
    let raw = |i: usize| inner.get(i).map_or(line.len(), |&(_, at)| at);
    format!("{}{MASK}{}", &line[..raw(from)], &line[raw(to)..])
}

/// The characters of the value with the place of each in the line; one more for its end.
fn decode(line: &str, start: usize) -> Vec<(char, usize)> {
    let mut out = Vec::new();
    let mut chars = line[start..].char_indices().map(|(i, c)| (c, start + i)).peekable();
    while let Some((c, at)) = chars.next() {
        match c {
            '\'' if chars.next_if(|(next, _)| *next == '\'').is_none() => {
                out.push(('\n', at)); // the closing quote; no value holds a line end
                break;
            }
            '\\' => {
                let escaped = chars.next().map_or('\\', |(next, _)| next);
                out.push((escaped, at));
            }
            c => out.push((c, at)),
        }
    }
    out
}

/// The range of the password's value, its quotes included, by libpq's grammar.
fn password(text: &[(char, usize)]) -> Option<(usize, usize)> {
    let is = |i: usize, want: &dyn Fn(char) -> bool| text.get(i).is_some_and(|&(c, _)| want(c));
    let mut i = 0;
    while i < text.len() {
        while is(i, &char::is_whitespace) {
            i += 1;
        }
        let name_start = i;
        while is(i, &|c| c != '=' && !c.is_whitespace()) {
            i += 1;
        }
        let name: String = text[name_start..i].iter().map(|&(c, _)| c).collect();
        while is(i, &char::is_whitespace) {
            i += 1;
        }
        if !is(i, &|c| c == '=') {
            continue;
        }
        i += 1;
        while is(i, &|c| c == ' ' || c == '\t') {
            i += 1;
        }
        let value_start = i;
        i = value_end(text, i);
        if ["password", "sslpassword"].contains(&name.as_str()) && i > value_start {
            return Some((value_start, i));
        }
    }
    None
}

fn value_end(text: &[(char, usize)], start: usize) -> usize {
    let quoted = text.get(start).is_some_and(|&(c, _)| c == '\'');
    let mut i = start + usize::from(quoted);
    while let Some(&(c, _)) = text.get(i) {
        match c {
            '\n' => return i,
            '\\' => i += 1,
            '\'' if quoted => return i + 1,
            c if !quoted && c.is_whitespace() => return i,
            _ => {}
        }
        i += 1;
    }
    text.len()
}
