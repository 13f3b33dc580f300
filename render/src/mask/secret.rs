//! What is a secret, and what stands in its place.

/// What stands in place of a secret.
pub const MASK: &str = "(secret)";

/// Whether a key's value is a secret, by its name: `harbor_admin_password`, `CORE_SECRET`,
/// `accesskeysecret`, `github_token`.
pub fn is_secret_key(key: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "password",
        "passwd",
        "passphrase",
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
    let key: String =
        key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    ENDINGS.iter().any(|ending| key.ends_with(ending))
}
