//! The folder layout of distribution: blobs by digest, links per repository.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tokio::fs;
use tokio::io::AsyncReadExt;

use crate::error::{Doing, Result, failure};
use crate::hex::hex;

/// A registry's folder.
pub struct Store {
    root: PathBuf,
}

/// A digest that was checked to be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest(String);

impl Digest {
    /// Accepts `sha256:` and 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix("sha256:")?;
        let right = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        right.then(|| Self(hex.to_owned()))
    }

    /// The digest of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex(&Sha256::digest(bytes)))
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "sha256:{}", self.0)
    }
}

impl Store {
    /// A store below `root`.
    pub fn new(root: &Path) -> Self {
        Self { root: root.join("docker/registry/v2") }
    }

    /// Where a blob's bytes are.
    pub fn blob(&self, digest: &Digest) -> PathBuf {
        let hex = &digest.0;
        self.root.join("blobs/sha256").join(&hex[..2]).join(hex).join("data")
    }

    fn repository(&self, name: &str) -> PathBuf {
        self.root.join("repositories").join(name)
    }

    fn layer_link(&self, name: &str, digest: &Digest) -> PathBuf {
        self.repository(name).join("_layers/sha256").join(&digest.0).join("link")
    }

    fn revision_link(&self, name: &str, digest: &Digest) -> PathBuf {
        self.repository(name).join("_manifests/revisions/sha256").join(&digest.0).join("link")
    }

    fn tag_link(&self, name: &str, tag: &str) -> PathBuf {
        self.repository(name).join("_manifests/tags").join(tag).join("current/link")
    }

    /// An upload's file.
    pub fn upload(&self, name: &str, id: &str) -> PathBuf {
        self.repository(name).join("_uploads").join(id).join("data")
    }

    /// Whether the repository has this layer.
    pub async fn has_layer(&self, name: &str, digest: &Digest) -> bool {
        exists(&self.layer_link(name, digest)).await && exists(&self.blob(digest)).await
    }

    /// Puts an uploaded file in its place, if its digest is right.
    pub async fn finish_upload(&self, name: &str, id: &str, digest: &Digest) -> Result<bool> {
        let file = self.upload(name, id);
        if digest_of_file(&file).await? != *digest {
            return Ok(false);
        }
        let target = self.blob(digest);
        make_folder(&target).await?;
        fs::rename(&file, &target).await.doing("store a blob")?;
        self.link_layer(name, digest).await?;
        if let Some(folder) = file.parent() {
            fs::remove_dir_all(folder).await.doing("end an upload")?;
        }
        Ok(true)
    }

    /// Makes a stored blob a layer of the repository.
    pub async fn link_layer(&self, name: &str, digest: &Digest) -> Result<()> {
        write(&self.layer_link(name, digest), digest.to_string().as_bytes()).await
    }

    /// Stores a manifest, by digest and, where it is one, by tag.
    pub async fn put_manifest(&self, name: &str, reference: &str, bytes: &[u8]) -> Result<Digest> {
        let digest = Digest::of(bytes);
        write(&self.blob(&digest), bytes).await?;
        let link = digest.to_string();
        write(&self.revision_link(name, &digest), link.as_bytes()).await?;
        if Digest::parse(reference).is_none() {
            write(&self.tag_link(name, reference), link.as_bytes()).await?;
        }
        Ok(digest)
    }

    /// A manifest's digest and bytes.
    pub async fn manifest(&self, name: &str, reference: &str) -> Option<(Digest, Vec<u8>)> {
        let digest = if let Some(digest) = Digest::parse(reference) {
            digest
        } else {
            let link = fs::read_to_string(self.tag_link(name, reference)).await;
            Digest::parse(link.ok()?.trim())?
        };
        if !exists(&self.revision_link(name, &digest)).await {
            return None;
        }
        let bytes = fs::read(self.blob(&digest)).await.ok()?;
        Some((digest, bytes))
    }

    /// Forgets a manifest; its bytes stay for a garbage collection.
    pub async fn delete_manifest(&self, name: &str, digest: &Digest) -> bool {
        fs::remove_file(self.revision_link(name, digest)).await.is_ok()
    }

    /// The repository's tags in order, or nothing where it is unknown.
    pub async fn tags(&self, name: &str) -> Option<Vec<String>> {
        let folder = self.repository(name).join("_manifests/tags");
        let mut entries = fs::read_dir(folder).await.ok()?;
        let mut tags = Vec::new();
        while let Ok(Some(entry)) = entries.next_entry().await {
            tags.push(entry.file_name().to_string_lossy().into_owned());
        }
        tags.sort();
        Some(tags)
    }
}

/// Whether a name stays inside the folder: components of a repository or tag.
pub fn is_safe(name: &str) -> bool {
    let good = |part: &str| {
        !part.is_empty()
            && !part.starts_with(['_', '.'])
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    name.split('/').all(good)
}

async fn exists(path: &Path) -> bool {
    fs::try_exists(path).await.unwrap_or(false)
}

/// Makes the folder of `path`.
pub async fn make_folder(path: &Path) -> Result<()> {
    let folder = path.parent().ok_or_else(|| failure("a path without folder"))?;
    fs::create_dir_all(folder).await.doing(&format!("make {}", folder.display()))
}

async fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    make_folder(path).await?;
    fs::write(path, bytes).await.doing(&format!("write {}", path.display()))
}

async fn digest_of_file(path: &Path) -> Result<Digest> {
    let mut file = fs::File::open(path).await.doing("open an upload")?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = file.read(&mut buffer).await.doing("read an upload")?;
        if count == 0 {
            return Ok(Digest(hex(&hasher.finalize())));
        }
        hasher.update(&buffer[..count]);
    }
}
