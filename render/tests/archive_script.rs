//! The archive script, run by the real shell.

use std::{fs, path::Path, process::Command};

use render::postgres::archive_script::{Settings, render};

struct Fixture {
    root: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("temporary directory");
        // A name that would break an unquoted script.
        fs::create_dir(root.path().join("it's $HOME archive")).expect("archive");
        Self { root }
    }

    fn archive(&self) -> std::path::PathBuf {
        self.root.path().join("it's $HOME archive")
    }

    fn run(&self, archive: &Path, content: &str) -> bool {
        let directory = archive.to_str().expect("UTF-8").to_owned();
        let script = render(&Settings { directory, member: "a".to_owned() }).expect("renders");
        let path = self.root.path().join("script");
        let source = self.root.path().join("segment");
        fs::write(&path, script).expect("script");
        fs::write(&source, content).expect("segment");
        let output =
            Command::new("sh").arg(path).arg(source).arg("000000010000000000000001").output();
        output.expect("sh runs").status.success()
    }

    fn listing(&self) -> Vec<(String, String)> {
        let mut all: Vec<_> = fs::read_dir(self.archive())
            .expect("archive")
            .map(|entry| {
                let path = entry.expect("readable").path();
                let name = path.file_name().expect("named").to_string_lossy().into_owned();
                (name, fs::read_to_string(path).expect("text"))
            })
            .collect();
        all.sort();
        all
    }
}

fn segment(content: &str) -> Vec<(String, String)> {
    vec![("000000010000000000000001".to_owned(), content.to_owned())]
}

#[test]
fn the_same_segment_again_is_a_success() {
    let f = Fixture::new();
    assert!(f.run(&f.archive(), "wal"));
    assert!(f.run(&f.archive(), "wal"), "after a crash before .done");
    assert_eq!(f.listing(), segment("wal"));
}

#[test]
fn other_content_is_never_overwritten() {
    let f = Fixture::new();
    assert!(f.run(&f.archive(), "wal"));
    assert!(!f.run(&f.archive(), "other history"));
    assert_eq!(f.listing(), segment("wal"));
}

#[test]
fn a_copy_that_was_cut_off_does_not_stop_archiving() {
    let f = Fixture::new();
    fs::write(f.archive().join(".000000010000000000000001.a.tmp"), "w").expect("torn copy");
    assert!(f.run(&f.archive(), "wal"));
    assert_eq!(f.listing(), segment("wal"));
}

#[test]
fn a_missing_archive_is_a_failure_and_is_not_made() {
    let f = Fixture::new();
    let missing = f.root.path().join("not mounted");
    assert!(!f.run(&missing, "wal"));
    assert!(!missing.exists());
}
