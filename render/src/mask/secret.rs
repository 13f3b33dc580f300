//! What is a secret, and what stands in its place.

/// What stands in place of a secret.
pub const MASK: &str = "(secret)";

/// Whether a key's value is a secret, by its name: `harbor_admin_password`, `CORE_SECRET`,
/// `accesskeysecret`, `github_token`, `smtp_pass`; one or several of them.
pub fn is_secret_key(key: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "password",
        "passwd",
        "passphrase",
        "pwd",
        "secret",
        "secretkey",
        "secretaccesskey",
        "token",
        "csrfkey",
        "accountkey",
        "keydata",
        "apikey",
        "encryptionkey",
        "credentials",
    ];
    /// What ends as `pass` and is no password.
    const OTHERS: &[&str] = &["bypass", "compass", "proxypass"];
    let key: String =
        key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let one = key.strip_suffix('s').unwrap_or(&key);
    let pass = key.ends_with("pass") && !OTHERS.iter().any(|other| key.ends_with(other));
    pass || ENDINGS.iter().any(|ending| key.ends_with(ending) || one.ends_with(ending))
}
