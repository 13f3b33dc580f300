//! A file on a host: its text, owner and mode.

use crate::question::{Answer, Answers, Question};
use crate::secret::Secret;
use crate::shell::{OWN, word};
use crate::step::File;

/// What a link leads to; it may be nothing.
const READ: &str =
    r#"if [ -f "$1" ]; then stat -Lc '%a %U %G' "$1" && cat "$1"; else echo absent; fi"#;

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum FileFact {
    /// No regular file.
    #[default]
    Absent,
    /// A regular file, or a link to one.
    Present {
        /// Its whole text; a byte that is not UTF-8 reads as U+FFFD.
        text: Secret,
        /// Owner's name.
        owner: String,
        /// Group's name.
        group: String,
        /// Permission bits.
        mode: u32,
    },
}

/// The question whose answer `parse` reads; its key is the path. A link is followed with the rights of
/// the directory's owner: it must not show us, and everybody to whom we show it, what that user may not
/// read.
pub fn question(host: &str, path: &str) -> Question {
    let (directory, name) = path.rsplit_once('/').unwrap_or((".", path));
    let script = format!(
        "{OWN}f={}\n\
         if ! cd {}/ 2>/dev/null; then echo absent\n\
         elif [ -L \"$f\" ]; then own sh -c {} sh \"$f\"\n\
         elif [ -f \"$f\" ]; then stat -c '%a %U %G' \"$f\" && \
         dd if=\"$f\" iflag=nofollow,nonblock bs=64k status=none\n\
         else echo absent; fi",
        word(&format!("./{name}")),
        word(directory),
        word(READ),
    );
    Question::script(host, path, script)
}

/// The fact from the answers; absent where the question was not asked or failed.
pub fn fact(answers: &Answers, host: &str, path: &str) -> FileFact {
    match answers.get(host, path) {
        Some(Answer::Output { status: 0, stdout, .. }) => parse(stdout),
        _ => FileFact::Absent,
    }
}

/// Read `MODE OWNER GROUP`, a newline, and the text.
pub fn parse(output: &str) -> FileFact {
    let Some((head, text)) = output.split_once('\n') else { return FileFact::Absent };
    let mut words = head.split(' ');
    let (Some(mode), Some(owner), Some(group)) = (words.next(), words.next(), words.next()) else {
        return FileFact::Absent;
    };
    let Ok(mode) = u32::from_str_radix(mode, 8) else { return FileFact::Absent };
    FileFact::Present {
        text: Secret::from(text),
        owner: owner.to_owned(),
        group: group.to_owned(),
        mode,
    }
}

impl FileFact {
    /// Whether a file stands there.
    pub fn is_present(&self) -> bool {
        matches!(self, Self::Present { .. })
    }

    /// Its text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Absent => None,
            Self::Present { text, .. } => Some(text.expose()),
        }
    }

    /// Its text, still wrapped: to carry it on.
    pub fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Absent => None,
            Self::Present { text, .. } => Some(text),
        }
    }

    /// Whether owner, group and mode are as wanted. A wanted number is not compared with a name.
    pub fn has_permissions(&self, wanted: &File) -> bool {
        let same =
            |have: &str, want: &str| have == want || want.bytes().all(|b| b.is_ascii_digit());
        match self {
            Self::Absent => false,
            Self::Present { owner, group, mode, .. } => {
                same(owner, &wanted.owner) && same(group, &wanted.group) && *mode == wanted.mode
            }
        }
    }

    /// The same file with the owner and mode of this one, where it is there.
    pub fn kept(&self, file: File) -> File {
        match self {
            Self::Absent => file,
            Self::Present { owner, group, mode, .. } => {
                File { owner: owner.clone(), group: group.clone(), mode: *mode, ..file }
            }
        }
    }

    /// A line that says owner and mode, where they are not as wanted: a plan's text diff is the
    /// place where a user sees it.
    pub fn odd_permissions(&self, wanted: &File) -> String {
        match self {
            Self::Present { owner, group, mode, .. } if !self.has_permissions(wanted) => format!(
                "(mode {mode:04o} {owner}:{group} instead of {:04o} {}:{})\n",
                wanted.mode, wanted.owner, wanted.group
            ),
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Ask;
    use crate::shell::tests::attack::Place;

    /// What a plan would show of a file.
    fn seen(path: &std::path::Path) -> FileFact {
        let Ask::Script(script) = question("a", &path.display().to_string()).ask else {
            panic!("a script")
        };
        let output = std::process::Command::new("sh").args(["-c", &script]).output();
        let output = output.expect("sh runs");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(!text.contains("alone") || output.status.success(), "{text}");
        if output.status.success() { parse(&text) } else { FileFact::Absent }
    }

    #[test]
    fn a_file_is_seen_whatever_its_name() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("it's a \"file\" $x");
        assert_eq!(seen(&path), FileFact::Absent);
        let text = "line\n".repeat(40_000) + "no newline";
        std::fs::write(&path, &text).expect("written");
        assert_eq!(seen(&path).text(), Some(text.as_str()));
        assert_eq!(seen(directory.path()), FileFact::Absent, "a directory");
        assert_eq!(seen(&directory.path().join("missing/file")), FileFact::Absent);
    }

    #[test]
    fn a_link_shows_what_the_owner_of_its_directory_may_read() {
        let Some(place) = Place::new() else { return };
        let link = |to: &str, name: &str| {
            std::os::unix::fs::symlink(place.path(to), place.path(name)).expect("linked");
            seen(&place.path(name))
        };
        assert_eq!(link("prey/shadow", "by-root").text(), Some("root's alone\n"));
        assert_eq!(link("prey/shadow", "theirs/link"), FileFact::Absent);
        assert_eq!(link("prey/below/file", "theirs/open").text(), Some("root's too\n"));
    }

    #[test]
    fn reads_text_to_the_last_byte() {
        let FileFact::Present { text, owner, group, mode } =
            parse("640 postgres ssl-cert\nline\n\nno newline at end")
        else {
            panic!("a file was there");
        };
        assert_eq!(text.expose(), "line\n\nno newline at end");
        assert_eq!((owner.as_str(), group.as_str(), mode), ("postgres", "ssl-cert", 0o640));
    }

    #[test]
    fn absent_is_not_an_empty_file() {
        assert_eq!(parse("absent\n"), FileFact::Absent);
        assert!(parse("644 root root\n").is_present());
        assert_eq!(parse("644 root root\n").text(), Some(""));
    }

    #[test]
    fn odd_permissions_are_named() {
        let fact = parse("644 root root\nx");
        let wanted = File::private("/etc/x", "x");
        assert!(!fact.has_permissions(&wanted));
        assert_eq!(
            fact.odd_permissions(&wanted),
            "(mode 0644 root:root instead of 0600 root:root)\n"
        );
    }
}
