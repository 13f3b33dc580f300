//! Directories of this process below the temporary directory, for sockets that nobody else may reach.
//! They go with their owner; those of one that was killed are swept by the next.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

const PREFIX: &str = "harbor-";

/// A file that the owner of a directory holds locked as long as it lives.
const LOCK: &str = "lock";

/// A directory may be so young that its owner has not locked it yet.
const YOUNG: Duration = Duration::from_secs(60);

/// One without a lock is of a version that made none; nothing of that version runs so long.
const OLD: Duration = Duration::from_secs(86_400);

/// A directory that only this user can enter; gone when this is dropped.
#[derive(Debug)]
pub struct Scratch {
    directory: TempDir,
    _lock: File,
}

impl Scratch {
    /// Make one below `parent`.
    pub fn new(parent: &Path) -> io::Result<Self> {
        let mode = Permissions::from_mode(0o700);
        let directory =
            tempfile::Builder::new().prefix(PREFIX).permissions(mode).tempdir_in(parent)?;
        let lock = File::create_new(directory.path().join(LOCK))?;
        lock.try_lock()?;
        Ok(Self { directory, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Remove what owners who are gone have left beside this one. What cannot be removed stays: it
    /// is in nobody's way.
    pub fn sweep(&self) {
        let Some(parent) = self.path().parent() else { return };
        let Ok(own) = fs::symlink_metadata(self.path()) else { return };
        for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
            let ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
            if ours && entry.path() != self.path() && is_left(&entry.path(), own.uid()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// Whether this is a directory of this user, and its owner is gone. Nobody else can change what is in
/// it, so what is seen here holds.
fn is_left(path: &Path, user: u32) -> bool {
    let Ok(meta) = fs::symlink_metadata(path) else { return false };
    let private = meta.is_dir() && meta.uid() == user && meta.mode() & 0o777 == 0o700;
    let age = meta.modified().ok().and_then(|time| SystemTime::now().duration_since(time).ok());
    let Some(age) = age.filter(|_| private) else { return false };
    let lock = path.join(LOCK);
    match fs::symlink_metadata(&lock) {
        Ok(meta) => {
            let free = || File::open(&lock).is_ok_and(|lock| lock.try_lock().is_ok());
            age > YOUNG && meta.is_file() && free()
        }
        Err(error) => error.kind() == io::ErrorKind::NotFound && age > OLD,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// What a process that was killed leaves, so long ago.
    fn left(parent: &Path, name: &str, age: Duration, locked: bool) -> PathBuf {
        let path = parent.join(name);
        fs::create_dir(&path).expect("made");
        fs::set_permissions(&path, Permissions::from_mode(0o700)).expect("ours");
        if locked {
            fs::write(path.join(LOCK), "").expect("written");
        }
        let time = SystemTime::now() - age;
        File::open(&path).and_then(|dir| dir.set_modified(time)).expect("dated");
        path
    }

    #[test]
    fn what_the_dead_have_left_is_swept_and_nothing_else() {
        let parent = tempfile::tempdir().expect("a directory");
        let parent = parent.path();
        let dead = left(parent, "harbor-dead01", YOUNG * 2, true);
        let old = left(parent, "harbor-old001", OLD * 2, false);
        let kept = [
            left(parent, "harbor-young1", Duration::ZERO, true),
            left(parent, "harbor-recent", YOUNG * 2, false),
            left(parent, "other", OLD * 2, true),
        ];
        let open = left(parent, "harbor-open01", OLD * 2, true);
        fs::set_permissions(&open, Permissions::from_mode(0o755)).expect("not ours");
        std::os::unix::fs::symlink(&open, parent.join("harbor-link01")).expect("linked");

        let living = Scratch::new(parent).expect("made");
        let time = SystemTime::now() - OLD * 2;
        File::open(living.path()).and_then(|dir| dir.set_modified(time)).expect("dated");
        Scratch::new(parent).expect("made").sweep();
        assert!(!dead.exists() && !old.exists());
        assert!(living.path().exists(), "its owner lives");
        assert!(kept.iter().chain([&open]).all(|path| path.exists()));
        assert!(fs::symlink_metadata(parent.join("harbor-link01")).is_ok());
    }

    #[test]
    fn it_goes_with_its_owner() {
        let parent = tempfile::tempdir().expect("a directory");
        let scratch = Scratch::new(parent.path()).expect("made");
        let path = scratch.path().to_owned();
        assert!(path.exists());
        drop(scratch);
        assert!(!path.exists());
    }
}
