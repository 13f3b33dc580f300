//! From one host to another, through this process's memory and never by its disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::host::connection::Host;
use crate::host::error::HostError;
use crate::host::run::file::Upload;
use crate::host::run::output::Output;
use crate::host::script::quote;

/// Bytes that travel at a time: half of what one script may print.
const PIECE: u64 = 8 << 20;

/// What is not whole yet is named so.
const SUFFIX: &str = ".breakwater-carry";

/// What [`Host::carry`] brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carry<'a> {
    /// A script that prints on the other host a line `SIZE SHA256 PATH` for each file.
    pub list: &'a str,
    /// The directory on this host, which must be there.
    pub to: &'a str,
    /// Who owns the files there; their group is that user's own.
    pub owner: &'a str,
    /// For all of it.
    pub limit: Duration,
}

impl Host {
    /// Runs `read` on `from`, and then `write` here with what it printed (at most 16 MiB) as its
    /// standard input; each is ended after `limit`. Where `read` fails, `write` is not run.
    pub async fn relay(
        &self,
        from: &Self,
        read: &str,
        write: &str,
        limit: Duration,
    ) -> Result<(), HostError> {
        let doing = format!("read what goes to {}", self.name());
        let data = from.read_out(&doing, &format!("set -eu\n{read}"), limit).await?;
        let doing = format!("take in what comes from {}", from.name());
        let output = self.run_as(&doing, &format!("set -eu\n{write}"), &data[..], limit).await?;
        output.require(self.name(), &doing).map(drop)
    }

    /// Brings files from another host into a directory here, each under its base name; tells what
    /// there was to do, by base name.
    ///
    /// A file that is there with the right SHA-256 is skipped. Every other one is written beside,
    /// in pieces, and proven before it takes its place. What arrived of a file that broke off is
    /// not carried again.
    pub async fn carry(
        &self,
        from: &Self,
        what: &Carry<'_>,
    ) -> Result<BTreeMap<String, Upload>, HostError> {
        let work = Work { here: self, from, what, deadline: Instant::now() + what.limit };
        let files = work.list().await?;
        let found = work.look(&files).await?;
        let mut done = BTreeMap::new();
        for (file, there) in files.into_iter().zip(found) {
            let upload = match there {
                There::Same => Upload::Present,
                There::Part { size, sum } => {
                    let at = work.resume_at(&file, size, &sum).await?;
                    work.bring(&file, at).await?;
                    Upload::Sent { from: at }
                }
            };
            done.insert(file.name, upload);
        }
        Ok(done)
    }

    /// Standard output of a script. In an error it does not show: it may hold secrets.
    async fn read_out(
        &self,
        doing: &str,
        script: &str,
        limit: Duration,
    ) -> Result<Zeroizing<Vec<u8>>, HostError> {
        let Output { status, stdout_bytes, stderr_bytes } =
            self.run_as(doing, script, &[][..], limit).await?;
        let data = Zeroizing::new(stdout_bytes);
        Output { status, stdout_bytes: Vec::new(), stderr_bytes }.require(self.name(), doing)?;
        Ok(data)
    }
}

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::host) struct Listed {
    size: u64,
    sum: String,
    path: String,
    /// The base name of `path`.
    name: String,
}

/// What the directory holds of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::host) enum There {
    /// All of it.
    Same,
    /// Its beginning, or what an earlier attempt took for it.
    Part { size: u64, sum: String },
}

struct Work<'a> {
    here: &'a Host,
    from: &'a Host,
    what: &'a Carry<'a>,
    deadline: Instant,
}

impl Work<'_> {
    async fn list(&self) -> Result<Vec<Listed>, HostError> {
        let doing = "list the files to carry";
        let script = format!("set -eu\n{}", self.what.list);
        let left = self.left(self.from, doing)?;
        let output = self.from.run_as(doing, &script, &[][..], left).await?;
        let output = output.require(self.from.name(), doing)?;
        listed(&output.stdout()).map_err(|(path, reason)| self.wrong(&path, reason))
    }

    /// What is there already, in the order of the files.
    async fn look(&self, files: &[Listed]) -> Result<Vec<There>, HostError> {
        let doing = format!("look for files in {}", self.what.to);
        let mut script = self.head(&[("directory", self.what.to)])? + LOOK_SCRIPT;
        for Listed { size, sum, name, .. } in files {
            let _ = writeln!(script, "look {size} {sum} {}", self.quote(name)?);
        }
        let output = self.here.run_as(&doing, &script, &[][..], self.left(self.here, &doing)?);
        let output = output.await?.require(self.here.name(), &doing)?;
        let found: Vec<There> = output.stdout().lines().map(there).collect();
        if found.len() == files.len() {
            return Ok(found);
        }
        Err(self.wrong(self.what.to, "the look into the directory gave too few lines"))
    }

    /// Where to go on: at the end of what arrived, if that is the beginning of the file.
    async fn resume_at(&self, file: &Listed, size: u64, sum: &str) -> Result<u64, HostError> {
        if size == 0 || size > file.size {
            return Ok(0);
        }
        let doing = format!("compare the beginning of {}", file.path);
        let script = self.head(&[("path", &file.path)])?
            + &format!("head -c {size} -- \"$path\" | sha256sum | cut -d ' ' -f 1\n");
        let left = self.left(self.from, &doing)?;
        let output = self.from.run_as(&doing, &script, &[][..], left).await?;
        let output = output.require(self.from.name(), &doing)?;
        Ok(if output.stdout().trim() == sum { size } else { 0 })
    }

    async fn bring(&self, file: &Listed, mut at: u64) -> Result<(), HostError> {
        while at < file.size {
            let size = PIECE.min(file.size - at);
            let piece = self.read(file, at, size).await?;
            if piece.len() as u64 != size {
                return Err(self.wrong(&file.path, "it became shorter under way"));
            }
            self.put(file, at, &piece).await?;
            at += size;
        }
        self.finish(file).await
    }

    async fn read(
        &self,
        file: &Listed,
        at: u64,
        size: u64,
    ) -> Result<Zeroizing<Vec<u8>>, HostError> {
        let doing = format!("read {}", file.path);
        let script = self.head(&[("path", &file.path)])?
            + &format!(
                "dd if=\"$path\" bs=1M iflag=skip_bytes,count_bytes,fullblock \
                 skip={at} count={size} status=none\n"
            );
        self.from.read_out(&doing, &script, self.left(self.from, &doing)?).await
    }

    async fn put(&self, file: &Listed, at: u64, piece: &[u8]) -> Result<(), HostError> {
        let script = format!("size={}\n{PUT_SCRIPT}", piece.len());
        self.here_with(file, at, &script, piece).await
    }

    async fn finish(&self, file: &Listed) -> Result<(), HostError> {
        let script = format!("want={}\n{FINISH_SCRIPT}", file.sum);
        self.here_with(file, file.size, &script, &[]).await
    }

    /// Runs a script here on what arrived, of which the first `at` bytes are right.
    async fn here_with(
        &self,
        file: &Listed,
        at: u64,
        script: &str,
        stdin: &[u8],
    ) -> Result<(), HostError> {
        let doing = format!("bring {} from {}", file.path, self.from.name());
        let owner = format!("{}:", self.what.owner);
        let words = [("directory", self.what.to), ("name", &file.name), ("owner", &owner)];
        let script = self.head(&words)? + &format!("at={at}\n{OPEN_SCRIPT}{script}");
        let left = self.left(self.here, &doing)?;
        let output = self.here.run_as(&doing, &script, stdin, left).await?;
        output.require(self.here.name(), &doing).map(drop)
    }

    /// The beginning of a script, with these variables.
    fn head(&self, words: &[(&str, &str)]) -> Result<String, HostError> {
        let mut head = format!("set -eu\nsuffix={SUFFIX}\n");
        for (name, value) in words {
            let _ = writeln!(head, "{name}={}", self.quote(value)?);
        }
        Ok(head)
    }

    fn quote(&self, word: &str) -> Result<String, HostError> {
        quote(self.here.name(), &format!("carry {word:?}"), word)
    }

    /// The time that is left, for whoever works next.
    fn left(&self, host: &Host, doing: &str) -> Result<Duration, HostError> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let (host, doing) = (host.name().to_owned(), doing.to_owned());
            return Err(HostError::Timeout { host, doing, limit: self.what.limit });
        }
        Ok(left)
    }

    fn wrong(&self, path: &str, reason: &str) -> HostError {
        HostError::Carry {
            from: self.from.name().to_owned(),
            host: self.here.name().to_owned(),
            path: path.to_owned(),
            reason: reason.to_owned(),
        }
    }
}

/// The files of a list, or the line that is wrong, and why.
pub(in crate::host) fn listed(text: &str) -> Result<Vec<Listed>, (String, &'static str)> {
    let mut files: Vec<Listed> = Vec::new();
    let mut names = BTreeSet::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let wrong = |why| (line.to_owned(), why);
        let file = one(line).ok_or_else(|| wrong("the list's line is not SIZE SHA256 PATH"))?;
        if !names.insert(file.name.clone()) {
            return Err(wrong("the list names two files of one base name"));
        }
        files.push(file);
    }
    Ok(files)
}

fn one(line: &str) -> Option<Listed> {
    let (size, rest) = line.split_once(' ')?;
    let (sum, path) = rest.split_once(' ')?;
    let hexadecimal = sum.len() == 64 && sum.bytes().all(|c| c.is_ascii_hexdigit());
    let (_, name) = path.rsplit_once('/').filter(|_| path.starts_with('/'))?;
    let named = !["", ".", ".."].contains(&name) && !name.ends_with(SUFFIX);
    if !hexadecimal || !named {
        return None;
    }
    let (sum, name) = (sum.to_lowercase(), name.to_owned());
    Some(Listed { size: size.parse().ok()?, sum, path: path.to_owned(), name })
}

/// A line of [`LOOK_SCRIPT`].
pub(in crate::host) fn there(line: &str) -> There {
    match line.split_once(' ') {
        None => There::Same,
        Some((size, sum)) => There::Part { size: size.parse().unwrap_or(0), sum: sum.to_owned() },
    }
}

/// Prints `same`, or size and SHA-256 of what arrived.
const LOOK_SCRIPT: &str = r#"cd -- "$directory"
sum() { sha256sum <"$1" | cut -d ' ' -f 1; }
look() {
  file="./$3"
  part="$file$suffix"
  if [ -f "$file" ] && [ ! -L "$file" ] && [ "$(stat -c %s -- "$file")" = "$1" ] &&
    [ "$(sum "$file")" = "$2" ]; then
    echo same
  elif [ -f "$part" ] && [ ! -L "$part" ] && [ -O "$part" ]; then
    echo "$(stat -c %s -- "$part") $(sum "$part")"
  else
    echo '0 -'
  fi
}
"#;

/// Whoever still writes for a connection that was lost must be gone before anybody else does.
/// What is no file of ours is not followed: the directory may be another user's.
const OPEN_SCRIPT: &str = r#"cd -- "$directory"
umask 077
file="./$name"
part="$file$suffix"
if [ -L "$part" ] || { [ -e "$part" ] && { [ ! -f "$part" ] || [ ! -O "$part" ]; }; }; then
  rm -f -- "$part"
fi
exec 8>>"$part"
flock -w 60 8 || { echo "another process writes $part" >&2; exit 1; }
have=$(stat -c %s -- "$part")
if [ "$(stat -L -c %i /dev/fd/8)" != "$(stat -c %i -- "$part")" ] || [ "$have" -lt "$at" ]; then
  echo "$part was changed by somebody else" >&2
  exit 1
fi
[ "$have" -eq "$at" ] || truncate -s "$at" -- "$part"
"#;

const PUT_SCRIPT: &str = r#"cat >&8
if [ "$(stat -c %s -- "$part")" -ne $((at + size)) ]; then
  echo "a piece arrived cut short" >&2
  exit 1
fi
"#;

const FINISH_SCRIPT: &str = r#"got=$(sha256sum <"$part" | cut -d ' ' -f 1)
if [ "$got" != "$want" ]; then
  rm -f -- "$part"
  echo "the SHA-256 of what arrived is $got, and not $want: the file changed under way" >&2
  exit 1
fi
chown -- "$owner" "$part"
chmod 0600 -- "$part"
sync -- "$part"
mv -fT -- "$part" "$file"
sync -- .
"#;

#[cfg(test)]
mod tests {
    use super::*;

    const SUM: &str = "3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7";

    #[test]
    fn a_list_gives_each_file_with_its_base_name() {
        let text = format!("4 {SUM} /x/a file \n\n0 {} /0\n", SUM.to_uppercase());
        let files = listed(&text).expect("a good list");
        let names: Vec<_> = files.iter().map(|f| (f.size, f.name.as_str())).collect();
        assert_eq!(names, [(4, "a file "), (0, "0")]);
        assert_eq!((files[0].path.as_str(), files[1].sum.as_str()), ("/x/a file ", SUM));
    }

    #[test]
    fn a_list_that_could_lead_elsewhere_is_refused() {
        for line in [
            format!("4 {SUM} relative"),
            format!("4 {SUM} /x/.."),
            format!("4 {SUM} /x/"),
            format!("4 {SUM} /x/y{SUFFIX}"),
            format!("-4 {SUM} /x/y"),
            "4 abc /x/y".to_owned(),
            "sha256sum: /x/y: No such file".to_owned(),
            format!("4 {SUM} /x/y\n4 {SUM} /z/y"),
        ] {
            assert!(listed(&line).is_err(), "{line}");
        }
    }
}
