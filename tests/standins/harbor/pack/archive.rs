//! tar files with nothing in them that changes from run to run.

use std::io::Write;

use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

use crate::error::{Doing, Result};

/// A tar file being made.
pub struct Archive(Builder<Vec<u8>>);

impl Default for Archive {
    fn default() -> Self {
        Self(Builder::new(Vec::new()))
    }
}

impl Archive {
    /// Adds a file of root's.
    pub fn file(&mut self, path: &str, bytes: &[u8], mode: u32) -> Result<()> {
        self.entry(path, bytes, mode, EntryType::Regular)
    }

    /// Adds a folder.
    pub fn folder(&mut self, path: &str, mode: u32) -> Result<()> {
        self.entry(path, b"", mode, EntryType::Directory)
    }

    fn entry(&mut self, path: &str, bytes: &[u8], mode: u32, kind: EntryType) -> Result<()> {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(bytes.len() as u64);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        self.0.append_data(&mut header, path, bytes).doing(&format!("pack {path}"))
    }

    /// The finished tar file.
    pub fn bytes(self) -> Result<Vec<u8>> {
        self.0.into_inner().doing("finish an archive")
    }

    /// The same, compressed. Speed matters here and size does not.
    pub fn compressed(self) -> Result<Vec<u8>> {
        let bytes = self.bytes()?;
        let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::fast());
        encoder.write_all(&bytes).doing("compress")?;
        encoder.finish().doing("compress")
    }
}
