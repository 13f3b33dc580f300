//! No value leaves its place, whatever it contains. Each syntax is read back by a reader written
//! here from the rules of the program that reads it, or by that program itself.

use std::process::{Command, Stdio};

use proptest::prelude::*;
use render::quote;

/// Any text, and texts that are mostly made of what syntaxes care about.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        r#"[ a-c'"\\$%#:=@,(){}\[\]\n\r\t\x00;|&<>`!*?~/+-]{0,24}"#,
        r#"[a-z'"\\ ]{0,12}"#,
    ]
}

fn has_nul(text: &str) -> bool {
    text.contains('\0')
}

fn has_line_end(text: &str) -> bool {
    text.contains(['\n', '\r'])
}

/// A refusal must name what is wrong without showing the value.
fn refused(result: &Result<String, render::Error>, value: &str) -> bool {
    match result {
        Ok(_) => false,
        Err(error) => value.len() < 8 || !error.to_string().contains(value),
    }
}

fn run(program: &str, args: &[&str]) -> Option<Vec<u8>> {
    let output = Command::new(program).args(args).stdin(Stdio::null()).output().ok()?;
    Some(output.stdout)
}

/// A failure prints its input; nothing is kept beside the sources.
fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn shell_words_reach_the_program_as_they_are(a in value(), b in value()) {
        let (Ok(x), Ok(y)) = (quote::shell(&a), quote::shell(&b)) else {
            prop_assert!(has_nul(&a) || has_nul(&b));
            return Ok(());
        };
        let script = format!("printf '%s\\001' {x} {y} end");
        let out = run("sh", &["-c", &script]).expect("sh runs");
        prop_assert_eq!(out, format!("{a}\u{1}{b}\u{1}end\u{1}").into_bytes());
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn postgresql_conf_values_stay_on_their_line(a in value()) {
        let quoted = quote::postgresql_conf(&a);
        if has_nul(&a) || has_line_end(&a) {
            prop_assert!(refused(&quoted, &a));
            return Ok(());
        }
        let line = format!("x = {} # end", quoted.expect("writable"));
        prop_assert_eq!(read_guc(&line), Some((a, " # end".to_owned())));
    }

    #[test]
    fn pg_hba_names_are_one_token(a in value(), b in "[a-z]{1,8}") {
        let quoted = quote::pg_hba(&a);
        if has_nul(&a) || has_line_end(&a) || a.contains('"') || a.is_empty() || a.starts_with('/') {
            prop_assert!(refused(&quoted, &a));
            return Ok(());
        }
        let line = format!("host {},{b} peer", quoted.expect("writable"));
        let expected = vec![vec!["host".to_owned()], vec![a, b], vec!["peer".to_owned()]];
        prop_assert_eq!(read_hba(&line), expected);
    }

    #[test]
    fn conninfo_values_are_one_value(a in value(), b in value()) {
        let (Ok(x), Ok(y)) = (quote::conninfo(&a), quote::conninfo(&b)) else {
            prop_assert!(has_nul(&a) || has_nul(&b));
            return Ok(());
        };
        let expected = vec![("user".to_owned(), a), ("host".to_owned(), b)];
        prop_assert_eq!(read_conninfo(&format!("user={x} host={y}")), Some(expected));
    }

    #[test]
    fn passfile_fields_are_one_field(a in value(), b in value()) {
        let (x, y) = (quote::passfile(&a), quote::passfile(&b));
        let bad = |s: &str| has_nul(s) || has_line_end(s) || s.is_empty();
        if bad(&a) || bad(&b) {
            prop_assert!(x.is_err() || y.is_err());
            return Ok(());
        }
        let line = format!("{}:5432:*:{}:end", x.expect("writable"), y.expect("writable"));
        prop_assert!(!line.starts_with('#'), "a comment");
        let expected = [a.as_str(), "5432", "*", b.as_str(), "end"].map(str::to_owned).to_vec();
        prop_assert_eq!(read_passfile(&line), expected);
    }

    #[test]
    fn sql_names_and_texts_stay_inside(a in value(), b in value()) {
        let (Ok(x), Ok(y)) = (quote::sql_identifier(&a), quote::sql_literal(&b)) else {
            prop_assert!(has_nul(&a) || has_nul(&b) || a.is_empty());
            return Ok(());
        };
        prop_assert_eq!(read_sql(&format!("{x};{y};")), Some((a, b)));
    }

    #[test]
    fn systemd_words_are_one_word(a in value(), b in value()) {
        let (Ok(x), Ok(y)) = (quote::systemd_exec_word(&a), quote::systemd_word(&b)) else {
            prop_assert!(has_nul(&a) || has_nul(&b));
            return Ok(());
        };
        prop_assert!(!has_line_end(&x) && !has_line_end(&y));
        prop_assert_eq!(read_systemd(&format!("{x} end"), true), [a.as_str(), "end"]);
        prop_assert_eq!(read_systemd(&format!("{y} end"), false), [b.as_str(), "end"]);
    }

    #[test]
    fn systemd_values_stay_on_their_line(a in value()) {
        let quoted = quote::systemd_value(&a);
        let bad = has_nul(&a) || has_line_end(&a) || a.ends_with('\\') || a.trim() != a;
        if bad {
            prop_assert!(refused(&quoted, &a));
            return Ok(());
        }
        let text = quoted.expect("writable");
        prop_assert_eq!(specifiers(&text), a);
    }

    #[test]
    fn deb822_values_stay_in_their_field(a in value()) {
        let quoted = quote::deb822(&a);
        let bad = a.is_empty() || a.trim() != a || a.contains(char::is_control);
        if bad {
            prop_assert!(refused(&quoted, &a));
            return Ok(());
        }
        let text = quoted.expect("writable");
        prop_assert_eq!(text.lines().collect::<Vec<_>>(), vec![a.as_str()]);
    }
}

#[test]
fn mount_units_are_named_as_systemd_names_them() {
    let paths = [
        "/",
        "/data",
        "/data/harbor_nas",
        "/data/harbor-nas",
        "//a///b/",
        "/.hidden/.x",
        "/a b/c%d",
        "/ümlaut",
        "/a/./b",
        "/x\\y",
        "/a:b",
    ];
    let mut compared = 0;
    for path in paths {
        let ours = quote::systemd_path(path).expect(path);
        let Some(theirs) = run("systemd-escape", &["--path", path]) else { continue };
        assert_eq!(ours, String::from_utf8_lossy(&theirs).trim_end(), "{path}");
        compared += 1;
    }
    if compared == 0 {
        eprintln!("SKIPPED: systemd-escape is not installed, names were not compared");
    }
    assert!(quote::systemd_path("relative").is_err());
    assert!(quote::systemd_path("/a/../b").is_err());
}

/// guc-file.l: a string is `'`, then no quote, backslash or line end but doubled or escaped.
fn read_guc(line: &str) -> Option<(String, String)> {
    let mut chars = line.strip_prefix("x = '")?.chars();
    let mut out = String::new();
    loop {
        match chars.next()? {
            '\n' => return None,
            '\'' => {
                let rest = chars.as_str();
                match rest.strip_prefix('\'') {
                    Some(rest) => {
                        out.push('\'');
                        chars = rest.chars();
                    }
                    None => return Some((out, rest.to_owned())),
                }
            }
            '\\' => out.push(match chars.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'b' => '\u{8}',
                'f' => '\u{c}',
                '0'..='7' => return None,
                other => other,
            }),
            c => out.push(c),
        }
    }
}

/// hba.c, `next_token`: fields by white space, lists by commas, quotes hold both; `#` is a comment.
fn read_hba(line: &str) -> Vec<Vec<String>> {
    let mut fields = Vec::new();
    let mut field = Vec::new();
    let mut token: Option<String> = None;
    let mut quoted = false;
    for c in line.chars().chain([' ']) {
        match c {
            '"' => {
                quoted = !quoted;
                token.get_or_insert_default();
            }
            '#' if !quoted => break,
            ',' if !quoted => field.extend(token.take()),
            c if !quoted && c.is_ascii_whitespace() => {
                field.extend(token.take());
                if !field.is_empty() {
                    fields.push(std::mem::take(&mut field));
                }
            }
            c => token.get_or_insert_default().push(c),
        }
    }
    fields
}

/// fe-connect.c, `conninfo_parse`.
fn read_conninfo(text: &str) -> Option<Vec<(String, String)>> {
    let mut chars = text.chars().peekable();
    let mut out = Vec::new();
    loop {
        while chars.next_if(char::is_ascii_whitespace).is_some() {}
        if chars.peek().is_none() {
            return Some(out);
        }
        let mut name = String::new();
        while let Some(c) = chars.next_if(|c| *c != '=' && !c.is_ascii_whitespace()) {
            name.push(c);
        }
        chars.next_if_eq(&'=')?;
        let mut value = String::new();
        if chars.next_if_eq(&'\'').is_some() {
            loop {
                match chars.next()? {
                    '\\' => value.push(chars.next()?),
                    '\'' => break,
                    c => value.push(c),
                }
            }
        } else {
            while let Some(c) = chars.next_if(|c| !c.is_ascii_whitespace()) {
                value.push(c);
            }
        }
        out.push((name, value));
    }
}

/// fe-connect.c, `passwordFromFile`: fields by bare colons, a backslash takes the next character.
fn read_passfile(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        let last = fields.last_mut().expect("never empty");
        match c {
            '\\' => last.extend(chars.next()),
            ':' => fields.push(String::new()),
            c => last.push(c),
        }
    }
    fields
}

/// `"name";'text';` or `"name"; E'text';`.
fn read_sql(text: &str) -> Option<(String, String)> {
    let (name, rest) = until_quote(text.strip_prefix('"')?, '"', false)?;
    let rest = rest.strip_prefix(';')?;
    let (text, rest) = match rest.strip_prefix(" E'") {
        Some(rest) => until_quote(rest, '\'', true)?,
        None => until_quote(rest.strip_prefix('\'')?, '\'', false)?,
    };
    (rest == ";").then_some((name, text))
}

fn until_quote(text: &str, quote: char, escapes: bool) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next()? {
            '\\' if escapes => out.push(chars.next()?),
            c if c == quote => match chars.as_str().strip_prefix(quote) {
                Some(rest) => {
                    out.push(quote);
                    chars = rest.chars();
                }
                None => return Some((out, chars.as_str())),
            },
            c => out.push(c),
        }
    }
}

/// systemd's `extract_first_word` with quotes and C escapes, then specifiers, then `$$`.
fn read_systemd(text: &str, dollars: bool) -> Vec<String> {
    let mut words = Vec::new();
    let mut chars = text.chars().peekable();
    while chars.peek().is_some() {
        let mut word = String::new();
        let mut quoted = false;
        while let Some(c) = chars.next() {
            match c {
                '"' => quoted = !quoted,
                ' ' | '\t' if !quoted => break,
                '\\' => word.push(match chars.next() {
                    Some('n') => '\n',
                    Some('t') => '\t',
                    Some('r') => '\r',
                    Some(c @ ('"' | '\\')) => c,
                    other => panic!("unknown escape {other:?}"),
                }),
                c => word.push(c),
            }
        }
        let word = specifiers(&word);
        words.push(if dollars { doubled(&word, '$') } else { word });
    }
    words
}

fn specifiers(text: &str) -> String {
    doubled(text, '%')
}

fn doubled(text: &str, mark: char) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == mark {
            assert_eq!(chars.next(), Some(mark), "a bare {mark} in {text:?}");
        }
        out.push(c);
    }
    out
}
