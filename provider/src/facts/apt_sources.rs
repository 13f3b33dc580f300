//! The repositories that apt on a host knows: `sources.list`, and what stands in `sources.list.d`.

use std::fmt;

use crate::question::{Answers, Question};

/// Key of the answer.
const KEY: &str = "apt sources";

const SCRIPT: &str = r#"for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
  [ ! -f "$f" ] || { echo "file $f"; sed 's/^/ /' "$f"; }
done 2>/dev/null
true
"#;

/// One suite of one repository, in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AptSource {
    /// The file that names it.
    pub file: String,
    /// Where it is, without a slash at its end and without a login.
    pub uri: String,
    /// The suite.
    pub suite: String,
    /// What `Signed-By` says: a path or fingerprints; empty where it says nothing.
    pub signed_by: String,
}

impl AptSource {
    /// The keys in words.
    pub fn keys(&self) -> &str {
        match self.signed_by.as_str() {
            "" => "no key of its own",
            text if text.contains("BEGIN PGP") => "a key in that file itself",
            text => text,
        }
    }
}

impl fmt::Display for AptSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} in {}, signed by {}", self.uri, self.suite, self.file, self.keys())
    }
}

/// The question whose answer `facts` reads.
pub fn question(host: &str) -> Question {
    Question::script(host, KEY, SCRIPT)
}

/// The fact from the answers: all of them, also of files of ours.
pub fn facts(answers: &Answers, host: &str) -> Vec<AptSource> {
    answers.stdout(host, KEY).map(parse).unwrap_or_default()
}

/// The source of another file that apt will not read beside this one: of the same suite of the same
/// repository, with another key or none. Apt then does nothing at all any more.
pub fn conflict<'a>(sources: &'a [AptSource], ours: &AptSource) -> Option<&'a AptSource> {
    let ours = AptSource { uri: bare(&ours.uri), ..ours.clone() };
    sources.iter().find(|s| {
        let same =
            s.uri == ours.uri && s.suite.trim_end_matches('/') == ours.suite.trim_end_matches('/');
        same && s.file != ours.file && s.signed_by != ours.signed_by
    })
}

/// Read lines `file PATH`, each followed by the file's own lines with a blank before them.
pub fn parse(output: &str) -> Vec<AptSource> {
    let mut sources = Vec::new();
    for part in format!("\n{output}").split("\nfile ").skip(1) {
        let (file, text) = part.split_once('\n').unwrap_or((part, ""));
        let lines: Vec<&str> = text.lines().map(|l| l.strip_prefix(' ').unwrap_or(l)).collect();
        if file.ends_with(".sources") {
            sources.extend(lines.split(|l| l.trim().is_empty()).flat_map(|s| stanza(file, s)));
        } else {
            sources.extend(lines.iter().filter_map(|line| one_line(file, line)));
        }
    }
    sources
}

/// `deb [signed-by=/x.gpg arch=amd64] https://mirror.example/linux/debian bookworm stable`.
fn one_line(file: &str, line: &str) -> Option<AptSource> {
    let line = line.split('#').next().unwrap_or_default().trim();
    let rest = line.strip_prefix("deb-src").or_else(|| line.strip_prefix("deb"))?;
    let rest = rest.starts_with([' ', '\t', '[']).then(|| rest.trim_start())?;
    let (options, rest) = match rest.strip_prefix('[') {
        Some(inner) => inner.split_once(']')?,
        None => ("", rest),
    };
    let signed_by = options
        .split_whitespace()
        .filter_map(|option| option.split_once('='))
        .find(|(name, _)| name.eq_ignore_ascii_case("signed-by"))
        .map_or("", |(_, keys)| keys);
    let mut words = rest.split_whitespace();
    let (uri, suite) = (words.next()?, words.next()?);
    Some(source(file, uri, suite, signed_by))
}

/// A stanza in deb822 form: each of its URIs with each of its suites.
fn stanza(file: &str, lines: &[&str]) -> Vec<AptSource> {
    let field = |wanted: &str| {
        let mut text: Vec<&str> = Vec::new();
        let mut inside = false;
        for line in lines.iter().filter(|l| !l.starts_with('#')) {
            if line.starts_with([' ', '\t']) {
                text.extend(inside.then_some(line.trim()));
            } else if let Some((name, value)) = line.split_once(':') {
                inside = name.trim().eq_ignore_ascii_case(wanted);
                text.extend(inside.then_some(value.trim()));
            }
        }
        text.join("\n").trim().to_owned()
    };
    if ["no", "false", "0", "off", "disable"].contains(&field("Enabled").to_lowercase().as_str()) {
        return Vec::new();
    }
    let (uris, suites, keys) = (field("URIs"), field("Suites"), field("Signed-By"));
    let of = |uri: &str| {
        let suites = suites.split_whitespace();
        suites.map(|suite| source(file, uri, suite, &keys)).collect::<Vec<_>>()
    };
    uris.split_whitespace().flat_map(of).collect()
}

fn source(file: &str, uri: &str, suite: &str, signed_by: &str) -> AptSource {
    AptSource {
        file: file.to_owned(),
        uri: bare(uri),
        suite: suite.to_owned(),
        signed_by: signed_by.to_owned(),
    }
}

/// Without a slash at its end, and without a login, which nobody needs to see.
fn bare(uri: &str) -> String {
    let uri = uri.trim_end_matches('/');
    match uri.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
            format!("{scheme}://{host}{path}")
        }
        None => uri.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "file /etc/apt/sources.list\n \
        # deb https://old.example/debian bookworm main\n \
        deb http://deb.example/debian bookworm main # and more\n \
        deb-src [trusted=yes] http://deb.example/debian/ bookworm main\n \
        debug of somebody\n\
        file /etc/apt/sources.list.d/docker.list\n \
        deb [arch=amd64 signed-by=/usr/share/keyrings/docker.gpg] https://u:p@mirror.example/linux/debian/ bookworm stable\n\
        file /etc/apt/sources.list.d/pgdg.sources\n \
        # by hand\n \
        Types: deb\n \
        URIs: https://pg.example/apt\n \
        Suites: bookworm-pgdg bookworm-pgdg-testing\n \
        Components: main\n \
        Signed-By:\n  \
        -----BEGIN PGP PUBLIC KEY BLOCK-----\n  \
        .\n  \
        abc\n \
        \n \
        Enabled: no\n \
        Types: deb\n \
        URIs: https://off.example/apt\n \
        Suites: bookworm\n";

    fn ours(uri: &str, suite: &str, signed_by: &str) -> AptSource {
        source("/etc/apt/sources.list.d/ours.sources", uri, suite, signed_by)
    }

    #[test]
    fn both_forms_are_read() {
        let all: Vec<String> = parse(HOST).iter().map(ToString::to_string).collect();
        let pg = "in /etc/apt/sources.list.d/pgdg.sources, signed by a key in that file itself";
        assert_eq!(
            all,
            [
                "http://deb.example/debian bookworm in /etc/apt/sources.list, signed by no key of its own",
                "http://deb.example/debian bookworm in /etc/apt/sources.list, signed by no key of its own",
                "https://mirror.example/linux/debian bookworm in /etc/apt/sources.list.d/docker.list, \
                 signed by /usr/share/keyrings/docker.gpg",
                &format!("https://pg.example/apt bookworm-pgdg {pg}"),
                &format!("https://pg.example/apt bookworm-pgdg-testing {pg}"),
            ]
        );
        assert!(parse("").is_empty());
    }

    #[test]
    fn the_same_suite_with_another_key_is_a_conflict() {
        let all = parse(HOST);
        let with = |uri, suite, key| conflict(&all, &ours(uri, suite, key)).map(|s| s.file.clone());
        let (docker, key) = ("https://mirror.example/linux/debian", "/etc/apt/keyrings/docker.asc");
        let file = "/etc/apt/sources.list.d/docker.list".to_owned();
        let list = Some(file.clone());
        assert_eq!(with(docker, "bookworm", key), list);
        assert_eq!(with("https://mirror.example/linux/debian/", "bookworm", key), list);
        // What apt takes: the same key, another suite, another place.
        assert_eq!(with(docker, "bookworm", "/usr/share/keyrings/docker.gpg"), None);
        assert_eq!(with(docker, "trixie", key), None);
        assert_eq!(with("https://other.example/linux/debian", "bookworm", key), None);
        // No key against one is another key.
        assert!(with("http://deb.example/debian", "bookworm", key).is_some());
        assert!(with("https://pg.example/apt", "bookworm-pgdg", key).is_some());
        // What stands in the file that is written anew does not count.
        let own = AptSource { file, ..ours(docker, "bookworm", key) };
        assert_eq!(conflict(&all, &own), None);
    }

    /// What apt itself says, where it is there: it reads both files, and refuses them.
    #[test]
    fn apt_refuses_what_is_called_a_conflict() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let apt = |second: &str| {
            std::fs::create_dir_all(at("d")).expect("made");
            let uri = format!("file:{}", at("repository").display());
            let first = format!("deb [signed-by=/x/a.gpg] {uri} bookworm main\n");
            let second = second.replace('@', &uri);
            std::fs::write(at("d/a.list"), &first).expect("written");
            std::fs::write(at("d/b.list"), &second).expect("written");
            let set = |name: &str, value: String| format!("-oDir::Etc::{name}={value}");
            let output = std::process::Command::new("apt-get")
                .args([
                    set("SourceParts", at("d").display().to_string()),
                    set("SourceList", "/dev/null".into()),
                ])
                .args(["-qq", "indextargets"])
                .output();
            let lines = |name: &str, text: &str| format!("file {}\n {text}", at(name).display());
            let all = parse(&lines("d/a.list", &first));
            let ours = parse(&lines("d/b.list", &second));
            output.ok().map(|o| (o.status.success(), conflict(&all, &ours[0]).is_none()))
        };
        for second in [
            "deb [signed-by=/x/b.gpg] @ bookworm main\n",
            "deb @ bookworm contrib\n",
            "deb [signed-by=/x/a.gpg] @ bookworm contrib\n",
            "deb [signed-by=/x/b.gpg] @ trixie main\n",
            "deb [signed-by=/x/b.gpg] @/ bookworm main\n",
        ] {
            let Some((taken, free)) = apt(second) else { return };
            assert_eq!(taken, free, "{second}");
        }
    }
}
