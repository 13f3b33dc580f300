//! One escape per syntax. Each function writes a complete literal, so a template or a writer puts
//! it in place as it is and never adds quotes of its own.
//!
//! Invariant, proven by `tests/quote.rs`: no value leaves its place, whatever it contains. A value
//! that a syntax cannot hold is an [`Error::Unquotable`], which does not hold the value.

use crate::Error;

fn refuse(syntax: &'static str, reason: &'static str) -> Error {
    Error::Unquotable { syntax, reason }
}

fn no_nul(syntax: &'static str, value: &str) -> Result<(), Error> {
    if value.contains('\0') { Err(refuse(syntax, "contains a NUL byte")) } else { Ok(()) }
}

/// Rejects NUL and line ends: the syntax is one line per value and has no escape for them.
fn one_line(syntax: &'static str, value: &str) -> Result<(), Error> {
    no_nul(syntax, value)?;
    if value.contains(['\n', '\r']) {
        return Err(refuse(syntax, "contains a line break"));
    }
    Ok(())
}

/// A word of a POSIX shell: `'...'`, with `'\''` for a quote.
pub fn shell(value: &str) -> Result<String, Error> {
    no_nul("a shell word", value)?;
    Ok(format!("'{}'", value.replace('\'', r"'\''")))
}

/// A value in `postgresql.conf`: always `'...'`, with `'` and `\` doubled.
pub fn postgresql_conf(value: &str) -> Result<String, Error> {
    one_line("a postgresql.conf value", value)?;
    Ok(format!("'{}'", value.replace('\\', r"\\").replace('\'', "''")))
}

/// A name in `pg_hba.conf`: `"..."`. The file has no escape for `"`, and PostgreSQL 16 takes even
/// a quoted name that starts with `/` for a regular expression.
pub fn pg_hba(value: &str) -> Result<String, Error> {
    const SYNTAX: &str = "a pg_hba.conf name";
    one_line(SYNTAX, value)?;
    if value.is_empty() {
        return Err(refuse(SYNTAX, "is empty"));
    }
    if value.contains('"') {
        return Err(refuse(SYNTAX, "contains a double quote"));
    }
    if value.starts_with('/') {
        return Err(refuse(SYNTAX, "starts with a slash"));
    }
    Ok(format!("\"{value}\""))
}

/// A value of a libpq connection string: `'...'`, with `\'` and `\\`.
pub fn conninfo(value: &str) -> Result<String, Error> {
    no_nul("a libpq connection value", value)?;
    Ok(format!("'{}'", value.replace('\\', r"\\").replace('\'', r"\'")))
}

/// A field of a libpq password file: `\:` and `\\`. The field `*` means "any" to libpq and is
/// written as it is; callers that mean a literal asterisk have no use for one.
pub fn passfile(value: &str) -> Result<String, Error> {
    const SYNTAX: &str = "a password file field";
    one_line(SYNTAX, value)?;
    if value.is_empty() {
        return Err(refuse(SYNTAX, "is empty"));
    }
    if value.starts_with('#') {
        // Escaped, or the line would be a comment where this is its first field.
        return Ok(format!(r"\{}", value.replace('\\', r"\\").replace(':', r"\:")));
    }
    Ok(value.replace('\\', r"\\").replace(':', r"\:"))
}

/// An SQL identifier: `"..."`, with `"` doubled.
pub fn sql_identifier(value: &str) -> Result<String, Error> {
    const SYNTAX: &str = "an SQL identifier";
    no_nul(SYNTAX, value)?;
    if value.is_empty() {
        return Err(refuse(SYNTAX, "is empty"));
    }
    Ok(format!("\"{}\"", value.replace('"', "\"\"")))
}

/// An SQL string literal, right under either value of `standard_conforming_strings`.
pub fn sql_literal(value: &str) -> Result<String, Error> {
    no_nul("an SQL literal", value)?;
    let quoted = value.replace('\'', "''");
    Ok(if quoted.contains('\\') {
        format!(" E'{}'", quoted.replace('\\', r"\\"))
    } else {
        format!("'{quoted}'")
    })
}

/// A field value of a deb822 file (`.sources`): one line, no leading or trailing space.
pub fn deb822(value: &str) -> Result<String, Error> {
    const SYNTAX: &str = "a deb822 value";
    one_line(SYNTAX, value)?;
    if value.chars().any(char::is_control) {
        return Err(refuse(SYNTAX, "contains a control character"));
    }
    if value.is_empty() || value.trim() != value {
        return Err(refuse(SYNTAX, "is empty or has space at an end"));
    }
    Ok(value.to_owned())
}

/// A setting of a systemd unit that is taken as it stands (`Description=`, `What=`): `%` doubled.
/// systemd does not unquote these, so a line break, a trailing `\` or space at an end cannot be
/// written.
pub fn systemd_value(value: &str) -> Result<String, Error> {
    const SYNTAX: &str = "a systemd setting";
    one_line(SYNTAX, value)?;
    if value.ends_with('\\') {
        return Err(refuse(SYNTAX, "ends with a backslash"));
    }
    if value.trim() != value {
        return Err(refuse(SYNTAX, "has space at an end"));
    }
    Ok(value.replace('%', "%%"))
}

/// A word of a systemd list setting (`Environment=`, `RequiresMountsFor=`): `"..."` with C
/// escapes, `%` doubled.
pub fn systemd_word(value: &str) -> Result<String, Error> {
    no_nul("a systemd word", value)?;
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str(r"\\"),
            '\n' => out.push_str(r"\n"),
            '\r' => out.push_str(r"\r"),
            '\t' => out.push_str(r"\t"),
            '%' => out.push_str("%%"),
            c => out.push(c),
        }
    }
    out.push('"');
    Ok(out)
}

/// A word of a systemd command line (`ExecStart=`): as [`systemd_word`], and `$` doubled.
pub fn systemd_exec_word(value: &str) -> Result<String, Error> {
    Ok(systemd_word(value)?.replace('$', "$$"))
}

/// The name of the unit for a path, without its suffix, by the rules of `systemd-escape --path`:
/// `/` becomes `-`, what is not `[A-Za-z0-9:_.]` becomes `\xNN`, a leading `.` too.
pub fn systemd_path(path: &str) -> Result<String, Error> {
    const SYNTAX: &str = "a unit name";
    no_nul(SYNTAX, path)?;
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty() && *p != ".").collect();
    if !path.starts_with('/') || parts.contains(&"..") {
        return Err(refuse(SYNTAX, "is not an absolute path without .."));
    }
    if parts.is_empty() {
        return Ok("-".to_owned());
    }
    let mut out = String::new();
    for (i, byte) in parts.join("/").bytes().enumerate() {
        match byte {
            b'/' => out.push('-'),
            b'.' if i == 0 => out.push_str(r"\x2e"),
            b if b.is_ascii_alphanumeric() || b":_.".contains(&b) => out.push(char::from(b)),
            b => {
                let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0');
                out.extend(['\\', 'x', digit(b >> 4), digit(b & 15)]);
            }
        }
    }
    Ok(out)
}
