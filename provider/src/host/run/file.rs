//! Files: written whole or not at all.

use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use crate::host::connection::Host;
use crate::host::error::HostError;
use crate::shell::{WAYS, word};
use crate::step::File;

/// Time for a small file on a slow disk.
const WRITE_LIMIT: Duration = Duration::from_secs(120);

/// Slowest transfer that is waited for, in bytes per second.
const SLOWEST: u64 = 64 << 10;

impl Host {
    /// Writes a file: in a directory of root's beside it, synced, with owner and mode, then renamed over
    /// it, and the directory synced. Whoever reads it sees the old file or the new one, whatever happens.
    /// Missing parent directories are made (0755, root).
    pub async fn write(&self, file: &File) -> Result<(), HostError> {
        let File { path, content, owner, group, mode } = file;
        let doing = format!("write {path}");
        let owner = word(&format!("{owner}:{group}"));
        let script = format!("{WAYS}write {} {owner} \"$mode\"\n", word(path));
        let bytes = content.expose().as_bytes();
        let head = format!("size={}\nmode={mode:04o}\nmissing=make\n", bytes.len());
        let output = self.run_as(&doing, &(head + &script), bytes, WRITE_LIMIT).await?;
        output.require(self.name(), &doing).map(drop)
    }

    /// Copies a file of this machine to the host, with root as owner. `sha256` (hexadecimal) is
    /// what it must have. Nothing is sent when the host has it already; a transfer that broke off
    /// goes on where it stopped.
    pub async fn upload(
        &self,
        local: &Path,
        remote: &str,
        mode: u32,
        sha256: &str,
    ) -> Result<(), HostError> {
        self.transfer(local, remote, mode, sha256).await.map(drop)
    }

    /// As [`Host::upload`], and tells what there was to do.
    pub async fn transfer(
        &self,
        local: &Path,
        remote: &str,
        mode: u32,
        sha256: &str,
    ) -> Result<Upload, HostError> {
        let doing = format!("upload {remote}");
        let (path, want) = (word(remote), word(&sha256.to_lowercase()));
        let head = format!("path={path}\nwant={want}\nmode={mode:04o}\n");
        let look = format!("{head}{LOOK_SCRIPT}");
        let limit = Duration::from_secs(600);
        let seen = self.ask(&look, limit).await?.require(self.name(), &doing)?;
        let seen = seen.stdout().into_owned();
        let mut fields = seen.split_ascii_whitespace();
        if fields.next() == Some("same") {
            return Ok(Upload::Present);
        }
        let part: u64 = fields.next().and_then(|size| size.parse().ok()).unwrap_or(0);
        let part_sum = fields.next().unwrap_or_default().to_owned();
        let from = resume_at(local, part, &part_sum).await?;
        self.send_part(local, from, &doing, &head).await?;
        Ok(Upload::Sent { from })
    }

    async fn send_part(
        &self,
        local: &Path,
        from: u64,
        doing: &str,
        head: &str,
    ) -> Result<(), HostError> {
        let unreadable = |source| HostError::Local { path: local.to_owned(), source };
        let mut file = tokio::fs::File::open(local).await.map_err(unreadable)?;
        let size = file.metadata().await.map_err(unreadable)?.len();
        file.seek(std::io::SeekFrom::Start(from)).await.map_err(unreadable)?;
        let script = format!("{head}from={from}\n{WAYS}{SEND_SCRIPT}");
        let limit = WRITE_LIMIT + Duration::from_secs((size - from.min(size)) / SLOWEST);
        let output = self.run_as(doing, &script, file, limit).await?;
        output.require(self.name(), doing).map(drop)
    }
}

/// What [`Host::upload`] had to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upload {
    /// Nothing: the host had it.
    Present,
    /// Sent it from this byte on.
    Sent {
        /// Bytes that an earlier attempt had left.
        from: u64,
    },
}

/// SHA-256 of a file of this machine, in hexadecimal.
pub async fn sha256_of(local: &Path) -> Result<String, HostError> {
    sum_of(local, u64::MAX).await.map(|(_, sum)| sum)
}

/// Where to go on: at the end of what is there, if that is the beginning of our file.
async fn resume_at(local: &Path, part: u64, part_sum: &str) -> Result<u64, HostError> {
    if part == 0 {
        return Ok(0);
    }
    let (size, sum) = sum_of(local, part).await?;
    Ok(if size == part && sum == part_sum { part } else { 0 })
}

/// Size and SHA-256 of the beginning of a file.
async fn sum_of(local: &Path, part: u64) -> Result<(u64, String), HostError> {
    let unreadable = |source| HostError::Local { path: local.to_owned(), source };
    let file = tokio::fs::File::open(local).await.map_err(unreadable)?;
    let mut beginning = file.take(part);
    let mut digest = Sha256::new();
    let mut piece = vec![0; 256 << 10];
    let mut size = 0;
    loop {
        let read = beginning.read(&mut piece).await.map_err(unreadable)?;
        if read == 0 {
            break;
        }
        digest.update(&piece[..read]);
        size += read as u64;
    }
    let sum: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((size, sum))
}

/// What arrived of a file stands beside it, in a directory of root's.
const LOOK_SCRIPT: &str = r#"sum() { sha256sum <"$1" | cut -d ' ' -f 1; }
part="${path%/*}/.${path##*/}.breakwater-upload/part"
if [ -f "$path" ] && [ "$(sum "$path")" = "$want" ]; then
  echo same
elif [ -f "$part" ]; then
  echo part "$(stat -c %s -- "$part")" "$(sum "$part")"
else
  echo none
fi
"#;

const SEND_SCRIPT: &str = r#"set -eu
name=${path##*/}
enter "${path%/*}"
room ".$name.breakwater-upload"
umask 077
[ "$from" -gt 0 ] || rm -f ./part
if [ "$from" -gt 0 ] && [ "$(stat -c %s ./part)" -ne "$from" ]; then
  echo "what had arrived of $path was changed by somebody else" >&2
  exit 1
fi
cat >>./part
got=$(sha256sum <./part | cut -d ' ' -f 1)
if [ "$got" != "$want" ]; then
  rm -f ./part
  echo "the SHA-256 of what arrived is $got, not $want" >&2
  exit 1
fi
chmod "$mode" ./part
sync ./part
mv -fT ./part "../$name"
cd ..
rmdir "./.$name.breakwater-upload" || :
sync .
"#;
