//! What can be masked one line at a time.

use super::secret::{MASK, is_secret_key};

/// Applies a function to each line and keeps the line ends.
pub(super) fn each(text: &str, mut f: impl FnMut(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let body = line.trim_end_matches(['\n', '\r']);
        out.push_str(&f(body));
        out.push_str(&line[body.len()..]);
    }
    out
}

/// The lines of private keys in PEM form.
pub(super) fn private_keys(text: &str) -> String {
    let mut inside = false;
    each(text, |line| {
        let mark = line.contains("PRIVATE KEY-----");
        if mark && line.contains("-----BEGIN") {
            inside = !line.contains("-----END");
            return if inside { line.to_owned() } else { MASK.to_owned() };
        }
        if mark && line.contains("-----END") {
            inside = false;
            return line.to_owned();
        }
        if inside { MASK.to_owned() } else { line.to_owned() }
    })
}

/// The last field of a password file.
pub(super) fn passfile(line: &str) -> String {
    let mut colons = 0;
    let mut escaped = false;
    for (i, c) in line.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ':' => colons += 1,
            _ => {}
        }
        if colons == 4 {
            return replace_rest(line, i + 1);
        }
    }
    line.to_owned()
}

/// The hash after a user's name.
pub(super) fn htpasswd(line: &str) -> String {
    line.find(':').map_or_else(|| line.to_owned(), |i| replace_rest(line, i + 1))
}

/// Redis: `requirepass x` and `masterauth x`.
pub(super) fn redis(line: &str) -> String {
    let body = line.trim_start_matches(['#', ' ', '\t']);
    let start = line.len() - body.len();
    for word in ["requirepass", "masterauth"] {
        if let Some(rest) = body.strip_prefix(word)
            && rest.starts_with([' ', '\t'])
        {
            let value = rest.trim_start();
            return replace_rest(line, start + body.len() - value.len());
        }
    }
    line.to_owned()
}

/// `NAME=value` and `NAME = value`, at the start of a line or of a word in it, where the name says
/// secret. The value goes to the end of the line, or to the quote that opened the word.
pub(super) fn assignments(line: &str) -> String {
    for (at, _) in line.match_indices('=') {
        let name = line[..at].trim_end();
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-' || c == '.';
        let before = name.char_indices().rev().find(|(_, c)| !word(*c));
        let start = before.map_or(0, |(i, c)| i + c.len_utf8());
        if !is_secret_key(&name[start..]) {
            continue;
        }
        let value = at + 1 + (line.len() - at - 1 - line[at + 1..].trim_start().len());
        return match line[..start].chars().next_back() {
            Some(quote @ ('"' | '\'')) => replace_quoted(line, value, quote),
            _ => replace_rest(line, value),
        };
    }
    line.to_owned()
}

/// From `start` to the end of the line, unless nothing is there.
pub(super) fn replace_rest(line: &str, start: usize) -> String {
    if is_empty_value(&line[start..]) {
        line.to_owned()
    } else {
        format!("{}{MASK}", &line[..start])
    }
}

/// No value, or one that only says that there is none.
pub(super) fn is_empty_value(value: &str) -> bool {
    ["", "''", "\"\"", "null", "~"].contains(&value.trim())
}

/// From `start` to the closing quote, and the rest of the line as more of the same.
fn replace_quoted(line: &str, start: usize, quote: char) -> String {
    let mut escaped = false;
    for (i, c) in line[start..].char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote && i == 0 => return line.to_owned(),
            c if c == quote => {
                return format!(
                    "{}{MASK}{quote}{}",
                    &line[..start],
                    assignments(&line[start + i + 1..])
                );
            }
            _ => {}
        }
    }
    replace_rest(line, start)
}

/// Commands: the password in `-u user:password`, and the value of `--password value`.
pub(super) fn arguments(text: &str) -> String {
    let mut open = None;
    each(text, |line| arguments_of_line(line, &mut open))
}

/// What the word after an option is.
#[derive(Clone, Copy)]
enum Argument {
    /// A user, with a password behind a colon.
    Login,
    /// A secret.
    Secret,
}

/// A list of words may stand on lines of their own: `open` is an option whose value comes next.
fn arguments_of_line(line: &str, open: &mut Option<Argument>) -> String {
    let mut out = String::with_capacity(line.len());
    let mut done = 0;
    if let Some(argument) = open.take() {
        let from = line.find(|c| !is_gap(c) && c != '-').unwrap_or(line.len());
        done = hide(line, 0, from, argument, &mut out);
    }
    for (at, _) in line.match_indices('-') {
        let before = line[..at].chars().next_back();
        let starts = before.is_none_or(is_gap);
        if at < done || !starts {
            continue;
        }
        let end = line[at..].find(is_gap).map_or(line.len(), |i| at + i);
        let flag = &line[at..end];
        // Behind `=` it is a part of a value, such as of a password in a URL.
        if flag.starts_with("-u") && flag.contains(':') && before != Some('=') {
            done = hide(line, done, at + 2, Argument::Login, &mut out);
        } else if let Some(argument) = argument_of(flag) {
            match line[end..].find(|c| !is_gap(c)) {
                Some(gap) => done = hide(line, done, end + gap, argument, &mut out),
                None => *open = Some(argument),
            }
        }
    }
    out.push_str(&line[done..]);
    out
}

/// What divides the words of a command, written as one or as a list.
fn is_gap(c: char) -> bool {
    c.is_whitespace() || "\"',=[]".contains(c)
}

fn argument_of(flag: &str) -> Option<Argument> {
    if ["-u", "-U", "--user", "--proxy-user"].contains(&flag) {
        return Some(Argument::Login);
    }
    (flag.starts_with("--") && is_secret_key(flag)).then_some(Argument::Secret)
}

/// Writes the line from `done` on, up to the end of the word at `from`, its secret masked; where that
/// is.
fn hide(line: &str, done: usize, from: usize, argument: Argument, out: &mut String) -> usize {
    let quote = line[..from].chars().next_back().filter(|c| ['"', '\''].contains(c));
    let length = match quote {
        Some(quote) => line[from..].find(quote),
        None => line[from..].find(char::is_whitespace),
    };
    let to = length.map_or(line.len(), |i| from + i);
    let word = &line[from..to];
    let secret = match argument {
        Argument::Login => word.split_once(':').and_then(|(user, password)| {
            let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
            let ids = number(user) && number(password);
            (!password.is_empty() && !ids).then_some(from + user.len() + 1)
        }),
        // An option takes no other for its value.
        Argument::Secret => (!word.is_empty() && !word.starts_with('-')).then_some(from),
    };
    let shown = secret.unwrap_or(from);
    out.push_str(&line[done..shown]);
    match secret {
        Some(_) => {
            out.push_str(MASK);
            to
        }
        None => shown,
    }
}

/// The password of each `scheme://user:password@host`. It ends at the last `@` of the word: a
/// password that should have been escaped may hold one.
pub(super) fn urls(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("://") {
        let (head, tail) = rest.split_at(at + 3);
        out.push_str(head);
        let end =
            tail.find(|c: char| c.is_whitespace() || "\"'`<>".contains(c)).unwrap_or(tail.len());
        let (word, after) = tail.split_at(end);
        match (word.find(':'), word.rfind('@')) {
            (Some(colon), Some(at)) if colon + 1 < at => {
                out.push_str(&word[..=colon]);
                out.push_str(MASK);
                out.push_str(&word[at..]);
            }
            _ => out.push_str(word),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}
