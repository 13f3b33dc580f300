//! The operating system: os-release(5), architecture, libc.

use std::collections::BTreeMap;

use crate::question::{Answers, Question};

/// What runs on the host.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Os {
    /// `debian`, `ubuntu`
    pub id: String,
    /// `bookworm`, `jammy`
    pub codename: String,
    /// `12`
    pub version: String,
    /// As dpkg says it: `amd64`
    pub arch: String,
    /// glibc's version: collations depend on it.
    pub libc: String,
}

/// The question whose answer `fact` reads.
pub fn question(host: &str) -> Question {
    let script = "cat /etc/os-release; echo ARCH=$(dpkg --print-architecture 2>/dev/null); \
                  echo LIBC=$(getconf GNU_LIBC_VERSION 2>/dev/null)";
    Question::script(host, "os", script)
}

/// The fact from the answers; empty where there is none.
pub fn fact(answers: &Answers, host: &str) -> Os {
    answers.stdout(host, "os").map(parse).unwrap_or_default()
}

/// Read os-release lines.
pub fn parse(output: &str) -> Os {
    let pairs: BTreeMap<&str, &str> = output
        .lines()
        .filter_map(|l| l.split_once('='))
        .map(|(k, v)| (k.trim(), v.trim().trim_matches('"')))
        .collect();
    let get = |k: &str| (*pairs.get(k).unwrap_or(&"")).to_owned();
    Os {
        id: get("ID"),
        codename: get("VERSION_CODENAME"),
        version: get("VERSION_ID"),
        arch: get("ARCH"),
        libc: get("LIBC").trim_start_matches("glibc ").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_debian() {
        let text = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\n\
                    VERSION_CODENAME=bookworm\nID=debian\nARCH=amd64\nLIBC=glibc 2.36\n";
        let os = parse(text);
        assert_eq!((os.id.as_str(), os.codename.as_str()), ("debian", "bookworm"));
        assert_eq!((os.arch.as_str(), os.libc.as_str()), ("amd64", "2.36"));
    }
}
