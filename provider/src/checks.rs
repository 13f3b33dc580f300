//! Checks of one value that several types share.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use render::address;

use crate::certificates::readable;
use crate::value::Value;

/// What is wrong, for a user.
type Checked = Result<(), String>;

/// A value with what `render` says of it.
fn check_text(value: &Value, judge: impl Fn(&str) -> Checked) -> Checked {
    let text = value.as_str().unwrap_or_default();
    match judge(text) {
        Ok(()) => Ok(()),
        // A password may stand in it.
        Err(why) if text.contains('@') => Err(format!("The value {why}.")),
        Err(why) => Err(format!("\"{text}\" {why}.")),
    }
}

/// The name or address of a host.
pub fn host(value: &Value) -> Checked {
    check_text(value, address::host)
}

/// The name that clients of Harbor use.
pub fn registry_name(value: &Value) -> Checked {
    check_text(value, address::registry_name)
}

/// `https://host` or `http://host`, with a port or without.
pub fn origin(value: &Value) -> Checked {
    check_text(value, |text| address::origin(text).map(|_| ()))
}

/// A URL of a file that is fetched over HTTPS.
pub fn https_url(value: &Value) -> Checked {
    check_text(value, |text| address::url(text, &["https"]).map(|_| ()))
}

/// The URL of a package repository or its mirror, or `file:` and a path. What it has is signed, so it
/// may come in clear; a password would stand in the state and on the host.
pub fn repository(value: &Value) -> Checked {
    if value.as_str().is_some_and(|text| text.starts_with("file:/")) {
        return Ok(());
    }
    check_text(value, |text| match address::url(text, &["https", "http"]) {
        Ok(url) if url.user.is_some() => Err("must not hold a user or a password".to_owned()),
        Ok(url) if url.rest.contains(['?', '#']) => Err("must not hold a query".to_owned()),
        other => other.map(|_| ()),
    })
}

/// The URL of a proxy, with a user and a password where it asks for them.
pub fn proxy_url(value: &Value) -> Checked {
    check_text(value, |text| match address::url(text, &["http", "https", "socks5"]) {
        Ok(url) if url.rest.len() > 1 => Err("must not hold a path".to_owned()),
        other => other.map(|_| ()),
    })
}

/// Names, domains and networks, divided by commas.
pub fn no_proxy(value: &Value) -> Checked {
    let fits = |c: char| c.is_ascii_alphanumeric() || ".-_:*/[]".contains(c);
    for part in value.as_str().unwrap_or_default().split(',').map(str::trim) {
        if part.contains("://") || !part.chars().all(fits) {
            return Err(format!("\"{part}\" is no name, domain or network."));
        }
    }
    Ok(())
}

/// An `OpenPGP` key as text.
pub fn armoured_key(value: &Value) -> Checked {
    let text = value.as_str().unwrap_or_default();
    let whole = ["BEGIN", "END"].map(|e| format!("-----{e} PGP PUBLIC KEY BLOCK-----"));
    if text.contains("PRIVATE KEY BLOCK") {
        return Err(
            "It is a private key, whose place is with its owner: give the public one.".into()
        );
    }
    if whole.iter().all(|mark| text.contains(mark.as_str())) {
        return Ok(());
    }
    Err("It must be an OpenPGP public key, ASCII-armoured (-----BEGIN PGP PUBLIC KEY BLOCK-----)."
        .to_owned())
}

/// One or more PEM certificates.
pub fn certificate(value: &Value) -> Checked {
    readable(value.as_str().unwrap_or_default())
}

/// A TCP port; the schema's type already says that it is at most 65535.
pub fn port(value: &Value) -> Checked {
    match value {
        Value::Int(1..=65535) => Ok(()),
        _ => Err("It must be a port from 1 to 65535.".to_owned()),
    }
}

/// A public key as OpenSSH writes it: `ssh-ed25519 AAAA...`, with a comment or without.
pub fn host_key(value: &Value) -> Checked {
    let mut words = value.as_str().unwrap_or_default().split_whitespace();
    let (kind, key) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let bytes = BASE64.decode(key).unwrap_or_default();
    // The key names its own kind, behind its length.
    if !kind.is_empty() && bytes.get(4..4 + kind.len()) == Some(kind.as_bytes()) {
        return Ok(());
    }
    Err("It must be a public host key as `ssh-keyscan` and /etc/ssh/ssh_host_*_key.pub have it, \
         without the host's name: ssh-ed25519 AAAA... ."
        .to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_key_is_of_the_kind_that_it_says() {
        let key = "AAAAC3NzaC1lZDI1NTE5AAAAIJ3Vd9BFkOgvfqUwYPyZpZG5PW1mMXlRRrSrjI6nTUqV";
        for (text, ok) in [
            (format!("ssh-ed25519 {key}"), true),
            (format!("ssh-ed25519 {key} root@host"), true),
            (format!("198.51.100.11 ssh-ed25519 {key}"), false),
            (format!("ssh-rsa {key}"), false),
            (key.to_owned(), false),
            ("SHA256:abc".to_owned(), false),
            ("ssh-ed25519 AAAA".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(host_key(&text.as_str().into()).is_ok(), ok, "{text}");
        }
    }

    #[test]
    fn a_password_in_a_url_is_not_told() {
        let why = origin(&"https://user:hidden@h/".into()).expect_err("refused");
        assert!(!why.contains("hidden"), "{why}");
    }
}
