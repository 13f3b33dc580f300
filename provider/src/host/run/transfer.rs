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
use crate::shell::{OWN, word};

/// Bytes that travel at a time: half of what one script may print.
const PIECE: u64 = 8 << 20;

/// What is not whole yet is named so.
const SUFFIX: &str = ".breakwater-carry";

/// What [`Host::copy_from`] brings.
#[derive(Clone, Copy, Debug)]
pub struct Transfer<'a> {
    /// A script that prints on the other host a line `SIZE SHA256 NAME` for each file.
    pub list: &'a str,
    /// The directory on the other host.
    pub from: &'a str,
    /// Which names, and of which size, may come from there.
    pub takes: fn(&str, u64) -> bool,
    /// The directory on this host, which must be there.
    pub to: &'a str,
    /// Who owns the files, on either host, and with whose rights they are read and written; their group
    /// is that user's own.
    pub owner: &'a str,
    /// For all of it.
    pub limit: Duration,
}

impl Host {
    /// Runs `read` on `from`, and then `write` here with what `pass` makes of what it printed (at most
    /// 16 MiB) as its standard input; each is ended after `limit`. Where `read` fails, or `pass` says
    /// that it is not what it should be, `write` is not run.
    pub async fn relay(
        &self,
        from: &Self,
        read: &str,
        pass: impl Fn(&[u8]) -> Result<Vec<u8>, String>,
        write: &str,
        limit: Duration,
    ) -> Result<(), HostError> {
        let doing = format!("read what goes to {}", self.name());
        let data = from.read_out(&doing, &format!("set -eu\n{read}"), limit).await?;
        let data = pass(&data).map_err(|reason| HostError::UnexpectedOutput {
            host: from.name().to_owned(),
            doing: doing.clone(),
            reason,
        })?;
        let data = Zeroizing::new(data);
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
    pub async fn copy_from(
        &self,
        from: &Self,
        what: &Transfer<'_>,
    ) -> Result<BTreeMap<String, Upload>, HostError> {
        let work = Work { here: self, from, what, deadline: Instant::now() + what.limit };
        let files = work.list().await?;
        let found = work.look(&files).await?;
        let mut done = BTreeMap::new();
        for (file, existing) in files.into_iter().zip(found) {
            let upload = match existing {
                Existing::Same => Upload::Present,
                Existing::Part { size, sum } => {
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
pub(in crate::host) struct ListedFile {
    size: u64,
    sum: String,
    name: String,
}

/// What the directory holds of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::host) enum Existing {
    /// All of it.
    Same,
    /// Its beginning, or what an earlier attempt took for it.
    Part { size: u64, sum: String },
}

struct Work<'a> {
    here: &'a Host,
    from: &'a Host,
    what: &'a Transfer<'a>,
    deadline: Instant,
}

impl Work<'_> {
    async fn list(&self) -> Result<Vec<ListedFile>, HostError> {
        let doing = "list the files to carry";
        let script = format!("set -eu\n{}", self.what.list);
        let left = self.left(self.from, doing)?;
        let output = self.from.run_as(doing, &script, &[][..], left).await?;
        let output = output.require(self.from.name(), doing)?;
        listed(&output.stdout(), self.what.takes).map_err(|(line, why)| self.wrong(&line, why))
    }

    /// What is there already, in the order of the files.
    async fn look(&self, files: &[ListedFile]) -> Result<Vec<Existing>, HostError> {
        let doing = format!("look for files in {}", self.what.to);
        let mut script = LOOK_SCRIPT.to_owned();
        for ListedFile { size, sum, name, .. } in files {
            let _ = writeln!(script, "look {size} {sum} {}", word(name));
        }
        let script = self.as_owner(&[("directory", self.what.to)], &script);
        let output = self.here.run_as(&doing, &script, &[][..], self.left(self.here, &doing)?);
        let output = output.await?.require(self.here.name(), &doing)?;
        let found: Vec<Existing> = output.stdout().lines().map(existing).collect();
        if found.len() == files.len() {
            return Ok(found);
        }
        Err(self.wrong(self.what.to, "the look into the directory gave too few lines"))
    }

    /// Where to go on: at the end of what arrived, if that is the beginning of the file.
    async fn resume_at(&self, file: &ListedFile, size: u64, sum: &str) -> Result<u64, HostError> {
        if size == 0 || size > file.size {
            return Ok(0);
        }
        let doing = format!("compare the beginning of {}", file.name);
        let script = format!("head -c {size} -- \"$path\" | sha256sum | cut -d ' ' -f 1\n");
        let script = self.as_owner(&[("path", &self.path(file))], &script);
        let left = self.left(self.from, &doing)?;
        let output = self.from.run_as(&doing, &script, &[][..], left).await?;
        let output = output.require(self.from.name(), &doing)?;
        Ok(if output.stdout().trim() == sum { size } else { 0 })
    }

    async fn bring(&self, file: &ListedFile, mut at: u64) -> Result<(), HostError> {
        while at < file.size {
            let size = PIECE.min(file.size - at);
            let piece = self.read(file, at, size).await?;
            if piece.len() as u64 != size {
                return Err(self.wrong(&file.name, "it became shorter under way"));
            }
            self.put(file, at, &piece).await?;
            at += size;
        }
        self.finish(file).await
    }

    async fn read(
        &self,
        file: &ListedFile,
        at: u64,
        size: u64,
    ) -> Result<Zeroizing<Vec<u8>>, HostError> {
        let doing = format!("read {}", file.name);
        let script = format!(
            "dd if=\"$path\" bs=1M iflag=skip_bytes,count_bytes,fullblock \
             skip={at} count={size} status=none\n"
        );
        let script = self.as_owner(&[("path", &self.path(file))], &script);
        self.from.read_out(&doing, &script, self.left(self.from, &doing)?).await
    }

    async fn put(&self, file: &ListedFile, at: u64, piece: &[u8]) -> Result<(), HostError> {
        let more = ("size", piece.len().to_string());
        self.here_with(file, at, &more, PUT_SCRIPT, piece).await
    }

    async fn finish(&self, file: &ListedFile) -> Result<(), HostError> {
        let more = ("want", file.sum.clone());
        self.here_with(file, file.size, &more, FINISH_SCRIPT, &[]).await
    }

    /// Runs a script here on what arrived, of which the first `at` bytes are right.
    async fn here_with(
        &self,
        file: &ListedFile,
        at: u64,
        more: &(&str, String),
        script: &str,
        stdin: &[u8],
    ) -> Result<(), HostError> {
        let doing = format!("bring {} from {}", file.name, self.from.name());
        let at = at.to_string();
        let directory = ("directory", self.what.to);
        let words = [directory, ("name", &file.name), ("at", &at), (more.0, &more.1)];
        let script = self.as_owner(&words, &format!("{OPEN_SCRIPT}{script}"));
        let left = self.left(self.here, &doing)?;
        let output = self.here.run_as(&doing, &script, stdin, left).await?;
        output.require(self.here.name(), &doing).map(drop)
    }

    /// Where a file is on the other host.
    fn path(&self, file: &ListedFile) -> String {
        format!("{}/{}", self.what.from, file.name)
    }

    /// A script that runs with the rights of the files' owner, and with these variables.
    fn as_owner(&self, words: &[(&str, &str)], script: &str) -> String {
        let mut text = format!("set -eu\nsuffix={SUFFIX}\n");
        for (name, value) in words {
            let _ = writeln!(text, "{name}={}", word(value));
        }
        format!("{OWN}as {} sh -euc {}\n", word(self.what.owner), word(&(text + script)))
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
        HostError::Transfer {
            from: self.from.name().to_owned(),
            host: self.here.name().to_owned(),
            path: path.to_owned(),
            reason: reason.to_owned(),
        }
    }
}

/// The files of a list, or the line that is wrong, and why.
pub(in crate::host) fn listed(
    text: &str,
    takes: fn(&str, u64) -> bool,
) -> Result<Vec<ListedFile>, (String, &'static str)> {
    let mut files: Vec<ListedFile> = Vec::new();
    let mut names = BTreeSet::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let wrong = |why| (line.to_owned(), why);
        let file = one(line).ok_or_else(|| wrong("the list's line is not SIZE SHA256 NAME"))?;
        if !takes(&file.name, file.size) {
            return Err(wrong("nothing of that name and size was asked for"));
        }
        if !names.insert(file.name.clone()) {
            return Err(wrong("the list names a file twice"));
        }
        files.push(file);
    }
    Ok(files)
}

fn one(line: &str) -> Option<ListedFile> {
    let (size, rest) = line.split_once(' ')?;
    let (sum, name) = rest.split_once(' ')?;
    let hexadecimal = sum.len() == 64 && sum.bytes().all(|c| c.is_ascii_hexdigit());
    let named = !name.contains('/') && !["", ".", ".."].contains(&name) && !name.ends_with(SUFFIX);
    if !hexadecimal || !named {
        return None;
    }
    Some(ListedFile { size: size.parse().ok()?, sum: sum.to_lowercase(), name: name.to_owned() })
}

/// A line of [`LOOK_SCRIPT`].
pub(in crate::host) fn existing(line: &str) -> Existing {
    match line.split_once(' ') {
        None => Existing::Same,
        Some((size, sum)) => {
            Existing::Part { size: size.parse().unwrap_or(0), sum: sum.to_owned() }
        }
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
    fn a_list_gives_each_file() {
        let text = format!("4 {SUM} a file \n\n0 {} 0\n", SUM.to_uppercase());
        let files = listed(&text, |_, _| true).expect("a good list");
        let names: Vec<_> = files.iter().map(|f| (f.size, f.name.as_str())).collect();
        assert_eq!(names, [(4, "a file "), (0, "0")]);
        assert_eq!(files[1].sum, SUM);
    }

    #[test]
    fn a_list_that_could_lead_elsewhere_is_refused() {
        for line in [
            format!("4 {SUM} /etc/passwd"),
            format!("4 {SUM} ../y"),
            format!("4 {SUM} .."),
            format!("4 {SUM} "),
            format!("4 {SUM} y{SUFFIX}"),
            format!("-4 {SUM} y"),
            "4 abc y".to_owned(),
            "sha256sum: y: No such file".to_owned(),
            format!("4 {SUM} y\n4 {SUM} y"),
        ] {
            assert!(listed(&line, |_, _| true).is_err(), "{line}");
        }
        let small = |name: &str, size| name == "y" && size < 9;
        assert!(listed(&format!("8 {SUM} y"), small).is_ok());
        assert!(listed(&format!("9 {SUM} y"), small).is_err(), "too long");
        assert!(listed(&format!("8 {SUM} z"), small).is_err(), "another name");
    }
}
