//! `password=` inside the value of a `postgresql.conf` line, which is quoted twice: by libpq's
//! rules, and by the file's around them.

use super::secret::MASK;

/// The masked line, if it holds a connection string with a password.
pub(super) fn mask(line: &str) -> Option<String> {
    let open = line.find('\'')?;
    let inner = decode(line, open + 1);
    let raw = |i: usize| inner.get(i).map_or(line.len(), |&(_, at)| at);
    let mut out = String::with_capacity(line.len());
    let mut done = 0;
    for (from, to) in passwords(&inner) {
        out.push_str(&line[done..raw(from)]);
        out.push_str(MASK);
        done = raw(to);
    }
    (done > 0).then(|| out + &line[done..])
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

/// The ranges of the passwords' values, their quotes included, by libpq's grammar.
fn passwords(text: &[(char, usize)]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
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
            found.push((value_start, i));
        }
    }
    found
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
