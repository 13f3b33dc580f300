//! Debian packages: which version is installed, which could be.

use std::collections::BTreeMap;

use crate::question::{Answers, Question};

/// Installed and available version of one package.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Package {
    /// Installed version.
    pub installed: Option<String>,
    /// What `apt-get install` would take, as the package lists on the host say.
    pub candidate: Option<String>,
    /// Whether `apt-mark hold` keeps apt from installing or upgrading it.
    pub held: bool,
}

impl Package {
    /// What is installed and what should be, in the words of `status`: releases where one is wanted.
    pub fn status<'a>(found: Option<&'a Self>, release: Option<&'a str>) -> (&'a str, &'a str) {
        let installed = found.and_then(|p| p.installed.as_deref());
        match release {
            Some(release) => (installed.unwrap_or_default(), release),
            None => (installed.map_or("", |_| "installed"), "installed"),
        }
    }
}

/// The question whose answer `facts` reads.
pub fn question(host: &str, names: &[&str]) -> Question {
    let names: Vec<String> = names.iter().map(|n| crate::shell::word(n)).collect();
    let names = names.join(" ");
    let script = format!(
        "dpkg-query -W -f 'installed ${{Package}} ${{db:Status-Status}} ${{Version}} \
         ${{db:Status-Want}}\\n' {names} 2>/dev/null; LC_ALL=C apt-cache policy {names} 2>/dev/null; true"
    );
    Question::script(host, "packages", script)
}

/// The facts from the answers, by package name.
pub fn facts(answers: &Answers, host: &str) -> BTreeMap<String, Package> {
    answers.stdout(host, "packages").map(parse).unwrap_or_default()
}

/// Read dpkg-query's lines and `apt-cache policy`.
pub fn parse(output: &str) -> BTreeMap<String, Package> {
    let mut packages: BTreeMap<String, Package> = BTreeMap::new();
    let mut current = String::new();
    for line in output.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let ["installed", name, .., "hold"] = words[..] {
            packages.entry(name.to_owned()).or_default().held = true;
        }
        match words[..] {
            ["installed", name, "installed", version, ..] => {
                packages.entry(name.to_owned()).or_default().installed = Some(version.to_owned());
            }
            ["Candidate:", version] if version != "(none)" => {
                packages.entry(current.clone()).or_default().candidate = Some(version.to_owned());
            }
            [name] if !line.starts_with(' ') && name.ends_with(':') => {
                name.trim_end_matches(':').clone_into(&mut current);
                packages.entry(current.clone()).or_default();
            }
            _ => {}
        }
    }
    packages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_installed_and_candidate() {
        let text = "installed docker.io installed 20.10.24+dfsg1-1 hold\n\
                    installed gone config-files 1.0 deinstall\n\
                    installed docker-compose not-installed  hold\n\
                    docker.io:\n  Installed: 20.10.24+dfsg1-1\n  Candidate: 20.10.25\n  Version table:\n\
                    postgresql-15:\n  Installed: (none)\n  Candidate: 15.18-0+deb12u1\n\
                    postgresql-99:\n  Installed: (none)\n  Candidate: (none)\n";
        let facts = parse(text);
        assert_eq!(facts["docker.io"].installed.as_deref(), Some("20.10.24+dfsg1-1"));
        assert_eq!(facts["docker.io"].candidate.as_deref(), Some("20.10.25"));
        assert_eq!(facts["postgresql-15"].installed, None);
        assert_eq!(facts["postgresql-15"].candidate.as_deref(), Some("15.18-0+deb12u1"));
        assert_eq!(facts["postgresql-99"], Package::default());
        assert!(facts["docker.io"].held && facts["docker-compose"].held);
        assert!(!facts["postgresql-15"].held);
        assert_eq!(facts["docker-compose"].installed, None);
        assert_eq!(facts.get("gone").and_then(|p| p.installed.clone()), None);
    }
}
