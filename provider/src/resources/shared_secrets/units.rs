//! The secrets: what each is for, how it must look, and whether it may ever change.

/// Which changes may make a secret anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// None: what is encrypted with it would be lost.
    Permanent,
    /// `rotation`
    Rotating,
    /// `rotate_token_key`
    TokenKey,
}

/// Files that only make sense together.
#[derive(Debug, PartialEq, Eq)]
pub struct Unit {
    /// Their names in the directory.
    pub files: &'static [&'static str],
    /// Which changes make them anew.
    pub group: Group,
    /// Length of a new one, in characters; 0 for PEM files.
    pub length: usize,
    /// Whether Harbor takes this length alone.
    pub exact: bool,
    /// Variable of the core container's env file that holds it, where one does.
    pub variable: Option<&'static str>,
}

/// The key pair of tokens: core signs with the key, the registry checks with the certificate.
pub const TOKEN_KEY: Unit = Unit {
    files: &["private_key.pem", "root.crt"],
    group: Group::TokenKey,
    length: 0,
    exact: false,
    variable: None,
};

/// Passphrase of Notary's keys, for releases that have Notary (before 2.9).
pub const NOTARY: Unit = permanent(&["defaultalias"], 8, false);

/// What every release has. Lengths are those of Harbor's own prepare; for the HTTP secret, which
/// it leaves at a well-known value, that of a good key.
pub const ALWAYS: [Unit; 7] = [
    permanent(&["secretkey"], 16, true),
    rotating(&["core_secret"], 16, false, Some("CORE_SECRET")),
    rotating(&["jobservice_secret"], 16, false, Some("JOBSERVICE_SECRET")),
    rotating(&["csrf_key"], 32, true, Some("CSRF_KEY")),
    rotating(&["robot_scanner_name_prefix"], 8, false, Some("ROBOT_SCANNER_NAME_PREFIX")),
    rotating(&["registry_http_secret"], 32, false, None),
    TOKEN_KEY,
];

const fn rotating(
    files: &'static [&'static str],
    length: usize,
    exact: bool,
    variable: Option<&'static str>,
) -> Unit {
    Unit { files, group: Group::Rotating, length, exact, variable }
}

const fn permanent(files: &'static [&'static str], length: usize, exact: bool) -> Unit {
    Unit { files, group: Group::Permanent, length, exact, variable: None }
}

impl Unit {
    /// Why a text cannot be this file; the text itself is never in it.
    pub fn problem(&self, file: &str, text: &str) -> Option<String> {
        if self.length == 0 {
            let begin = match file {
                "root.crt" => "-----BEGIN CERTIFICATE-----",
                _ => "-----BEGIN RSA PRIVATE KEY-----",
            };
            return (!text.starts_with(begin)).then(|| format!("does not begin with {begin}"));
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        let count = text.chars().count();
        if self.exact && count != self.length {
            let wanted = self.length;
            return Some(format!("has {count} characters instead of {wanted} (a newline counts)"));
        }
        if text.is_empty() || !text.bytes().all(plain) {
            return Some("is empty or holds other characters than letters and digits".to_owned());
        }
        None
    }
}
