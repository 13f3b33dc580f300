//! Files: written whole or not at all.

use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use crate::host::connection::Host;
use crate::host::error::HostError;
use crate::host::script::quote;
use crate::step::File;

/// Time for a small file on a slow disk.
const WRITE_LIMIT: Duration = Duration::from_secs(120);

/// Slowest transfer that is waited for, in bytes per second.
const SLOWEST: u64 = 64 << 10;

impl Host {
    /// Writes a file: beside it, synced, with owner and mode, then renamed over it, and the
    /// directory synced. Whoever reads it sees the old file or the new one, whatever happens.
    /// Missing parent directories are made (0755, root).
    pub async fn write(&self, file: &File) -> Result<(), HostError> {
        let File { path, content, owner, group, mode } = file;
        let doing = format!("write {path}");
        let script = self.write_script(&doing, path, owner, group)?;
        let bytes = content.expose().as_bytes();
        let head = format!("size={}\nmode={mode:04o}\n", bytes.len());
        let output = self.run_as(&doing, &(head + &script), bytes, WRITE_LIMIT).await?;
        output.require(self.name(), &doing).map(drop)
    }

    fn write_script(
        &self,
        doing: &str,
        path: &str,
        owner: &str,
        group: &str,
    ) -> Result<String, HostError> {
        let quote = |word: &str| quote(self.name(), doing, word);
        let (directory, name) = path.rsplit_once('/').unwrap_or((".", path));
        let directory = if directory.is_empty() { "/" } else { directory };
        Ok(format!(
            "path={}\ndirectory={}\nname={}\nowner={}\n{WRITE_SCRIPT}",
            quote(path)?,
            quote(directory)?,
            quote(name)?,
            quote(&format!("{owner}:{group}"))?
        ))
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
        let quoted = quote(self.name(), &doing, remote)?;
        let head = format!("path={quoted}\nwant={}\nmode={mode:04o}\n", sha256.to_lowercase());
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
        let script = format!("{head}from={from}\n{SEND_SCRIPT}");
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

/// Old temporary files are of runs that were killed; a running one is younger than its limit.
const WRITE_SCRIPT: &str = r#"set -eu
mkdir -p -- "$directory"
find "$directory" -maxdepth 1 -name ".$name.breakwater.*" -mmin +10 -delete 2>/dev/null || :
umask 077
new=$(mktemp -- "$directory/.$name.breakwater.XXXXXX")
trap 'rm -f -- "$new"' EXIT
cat >"$new"
if [ "$(stat -c %s -- "$new")" -ne "$size" ]; then
  echo "the content arrived cut short" >&2
  exit 1
fi
chown -- "$owner" "$new"
chmod -- "$mode" "$new"
sync -- "$new"
mv -fT -- "$new" "$path"
trap - EXIT
sync -- "$directory"
"#;

const LOOK_SCRIPT: &str = r#"sum() { sha256sum <"$1" | cut -d ' ' -f 1; }
if [ -f "$path" ] && [ "$(sum "$path")" = "$want" ]; then
  echo same
elif [ -f "$path.part" ]; then
  echo part "$(stat -c %s -- "$path.part")" "$(sum "$path.part")"
else
  echo none
fi
"#;

const SEND_SCRIPT: &str = r#"set -eu
umask 077
part="$path.part"
[ "$from" -gt 0 ] || rm -f -- "$part"
if [ "$from" -gt 0 ] && [ "$(stat -c %s -- "$part")" -ne "$from" ]; then
  echo "$part was changed by somebody else" >&2
  exit 1
fi
cat >>"$part"
got=$(sha256sum <"$part" | cut -d ' ' -f 1)
if [ "$got" != "$want" ]; then
  rm -f -- "$part"
  echo "the SHA-256 of what arrived is $got, not $want" >&2
  exit 1
fi
chmod -- "$mode" "$part"
sync -- "$part"
mv -fT -- "$part" "$path"
sync -- "$(dirname -- "$path")"
"#;
