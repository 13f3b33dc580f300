//! A directory of `nobody`'s, its owner who exchanges what stands in it while root works there, and
//! what that owner is after.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// `nobody`, in numbers.
const NOBODY: u32 = 65534;

/// What the owner does all the time.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    /// Exchange every file and directory for a link to the prey, as soon as it is there.
    Entries,
    /// Exchange the directories themselves, and put them back.
    Directories,
    /// Have links to the prey under every name that will be used, as far as it is known.
    Names,
}

pub const WAYS: [Way; 3] = [Way::Entries, Way::Directories, Way::Names];

/// The place.
pub struct Place {
    root: tempfile::TempDir,
}

impl Place {
    /// None where the test does not run as root: nobody then has anything to lose.
    pub fn new() -> Option<Self> {
        let uid = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").ok()?);
        if uid != 0 {
            eprintln!("passed over: not root");
            return None;
        }
        let root = tempfile::tempdir().expect("a directory");
        std::fs::set_permissions(root.path(), PermissionsExt::from_mode(0o755)).expect("opened");
        let place = Self { root };
        for directory in ["theirs", "theirs/conf.d", "theirs/data"] {
            std::fs::create_dir(place.path(directory)).expect("made");
            chown(place.path(directory), Some(NOBODY), Some(NOBODY)).expect("given");
        }
        std::fs::create_dir_all(place.path("prey/below")).expect("made");
        std::fs::write(place.path("prey/shadow"), "root's alone\n").expect("written");
        std::fs::write(place.path("prey/below/file"), "root's too\n").expect("written");
        let mode = PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(place.path("prey/shadow"), mode).expect("closed");
        Some(place)
    }

    /// Below the root of all.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// What root has to lose: every file with type, mode, owner, times, and content.
    pub fn prey(&self) -> String {
        let script = "cd \"$1\" && find . -printf '%y %m %U %G %s %T@ %p %l\\n' | sort && \
                      find . -type f -exec cat {} +";
        let prey = self.path("prey");
        let output = Command::new("sh").args(["-euc", script, "sh"]).arg(prey).output();
        String::from_utf8_lossy(&output.expect("sh runs").stdout).into_owned()
    }

    /// The owner sets to work; `names` are those of files that will be written.
    pub fn attacked(&self, way: Way, names: &[&str]) -> Owner {
        let words = [self.path("theirs"), self.path("prey")];
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--", "perl", "-e"]);
        command.arg(OWNER).arg(format!("{way:?}")).args(words).args(names);
        let child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn();
        Owner(child.expect("perl runs"))
    }

    /// Root does this until the owner has won; whether that came.
    pub fn is_lost_by(&self, script: &str) -> bool {
        let (before, end) = (self.prey(), Instant::now() + Duration::from_secs(120));
        while Instant::now() < end {
            root_does(script, 20);
            if self.prey() != before {
                return true;
            }
        }
        false
    }
}

/// Root does this again and again, `times`, whatever becomes of each.
pub fn root_does(script: &str, times: u32) {
    let script = format!(
        "i=0; while [ $i -lt {times} ]; do i=$((i + 1)); (\n{script}\n) </dev/null >/dev/null 2>&1 || :; done"
    );
    let status = Command::new("sh").args(["-uc", &script]).status();
    assert!(status.expect("sh runs").success());
}

/// Works until it is dropped.
pub struct Owner(Child);

impl Drop for Owner {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `Debug` of a path that a shell takes.
pub fn word(path: &Path) -> String {
    crate::shell::word(&path.display().to_string())
}

const OWNER: &str = r#"use strict;
my ($way, $theirs, $prey, @names) = @ARGV;
my @prey = ("$prey/shadow", $prey, "$prey/below", "$prey/below/file", "$prey/new");
my $n = 0;
sub link_to { symlink($prey[$n++ % @prey], $_[0]) }
while (1) {
  for my $dir ($theirs, "$theirs/conf.d", "$theirs/data") {
    if ($way eq 'Directories') {
      next if $dir eq $theirs;
      rename($dir, "$dir.away") or next;
      link_to($dir);
      select(undef, undef, undef, 0.0005 * ($n % 7));
      unlink($dir);
      rename("$dir.away", $dir);
      select(undef, undef, undef, 0.0005 * ($n % 5));
      next;
    }
    if ($way eq 'Names') {
      for my $name (@names) { link_to("$dir/$name") if $n % 3; unlink("$dir/$name") if $n++ % 5 == 0 }
      next;
    }
    opendir(my $all, $dir) or next;
    for my $name (readdir $all) {
      next if $name =~ /^(\.|\.\.|conf\.d|data|away\d+)$/ or -l "$dir/$name";
      $n++;
      rename("$dir/$name", "$dir/away" . $n % 9) or unlink("$dir/away" . $n % 9);
      link_to("$dir/$name");
    }
    closedir $all;
    for my $name (readlinks($dir)) { unlink($name) if rand() < 0.3 }
  }
}
sub readlinks { my ($dir) = @_; opendir(my $all, $dir) or return (); grep { -l } map { "$dir/$_" } readdir $all }
"#;
