//! Where the container finds and leaves its files.

use std::path::{Path, PathBuf};

/// Where the container's mounts are.
#[derive(Debug, Clone)]
pub struct Places {
    pub input: PathBuf,
    pub config: PathBuf,
    pub data: PathBuf,
    pub compose: PathBuf,
    pub host: PathBuf,
}

impl Places {
    /// All of them under one folder; the image's is `/`.
    pub fn under(root: &Path) -> Self {
        Self {
            input: root.join("input"),
            config: root.join("config"),
            data: root.join("data"),
            compose: root.join("compose_location"),
            host: root.join("hostfs"),
        }
    }
}
