//! Shell scripts, POSIX, run as root with `set -eu` (those of steps). None holds a secret.

mod observe;
mod previous;
mod shared;

pub use observe::{observe, ours};
pub use previous::{explain, forget, keep, put_back};

use shared::{BACK, waits};

use super::layout;
use super::settings::HaNode;
use crate::shell::{WAYS, word};
use crate::step::File;

/// The `digest` function, and `inputs`: what the result of prepare depends on, a digest a line.
fn inputs(s: &HaNode, head: &str) -> String {
    let (certificate, key) = s.tls_paths().unwrap_or_default();
    format!(
        "digest() {{ if [ -f \"$1\" ]; then sha256sum < \"$1\" | cut -c1-64; else echo -; fi; }}\n{OTHERS}\
         inputs() {{ printf '%s\\n' {}; digest harbor.yml; digest {}; digest {}; others{}; }}\n",
        word(head),
        word(&certificate),
        word(&key),
        of_others(s),
    )
}

/// The function `others PATH...`: one digest of these files and of those in these directories, with their
/// names; nothing where no path is given.
const OTHERS: &str = r#"others() {
  [ "$#" -gt 0 ] || return 0
  for at in "$@"; do
    for file in "$at" "$at"/*; do
      [ ! -f "$file" ] || { printf '%s\n' "$file"; sha256sum < "$file"; }
    done
  done | sha256sum | cut -c1-64
}
"#;

/// The arguments of `others`.
fn of_others(s: &HaNode) -> String {
    layout::read_by_prepare(s).iter().map(|path| format!(" {}", word(path))).collect()
}

/// The shell's side of [`super::input_digest::InputDigest`]: a salt, a digest of the salt and of what
/// `$2` (a function) prints, and the digest of the compose file.
const MARK: &str = r#"mark() {
  salt=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  sum=$({ printf '%s\n' "$salt"; "$2"; } | sha256sum | cut -c1-64)
  ( umask 077; printf '%s\n%s\n%s\n' "$salt" "$sum" "$(digest docker-compose.yml)" > "$1.new" )
  mv -f "$1.new" "$1"
}
"#;

/// Unpacks the installer. `prepare`, which says the release, is moved last, so that a cut before
/// it leaves the old release's name in place and the next apply begins again.
pub fn unpack(s: &HaNode, archive: &str, release: &str) -> String {
    UNPACK
        .replace("@DIR@", &word(&s.directory))
        .replace("@ARCHIVE@", &word(archive))
        .replace("@RELEASE@", release)
}

const UNPACK: &str = r#"dir=@DIR@ archive=@ARCHIVE@ stage=@DIR@/.breakwater-unpack
mkdir -p "$dir"
need=$(( $(stat -c %s "$archive") / 524288 + 64 ))
free=$(df -Pm "$dir" | awk 'NR==2 {print $4}')
if [ "$free" -lt "$need" ]; then
  echo "the installer needs about $need MB in $dir to unpack, $free MB are free" >&2; exit 1
fi
rm -rf "$stage"; mkdir "$stage"
tar -xzf "$archive" -C "$stage"
found=$(find "$stage" -maxdepth 2 -type f -name prepare | head -n 1)
[ -n "$found" ] || { echo "the archive holds no Harbor installer: no file prepare in it" >&2; exit 1; }
grep -q 'goharbor/prepare:v@RELEASE@' "$found" || {
  echo "the archive is not Harbor @RELEASE@: its prepare names $(grep -o 'goharbor/prepare:v[0-9.]*' "$found" | head -n 1)" >&2; exit 1; }
source=$(dirname "$found")
rm -f "$dir"/harbor.v*.tar.gz
for file in "$source"/*; do
  name=$(basename "$file")
  case $name in prepare|common|harbor.yml|docker-compose.yml) continue ;; esac
  rm -rf "$dir/.breakwater-old"; [ ! -e "$dir/$name" ] || mv "$dir/$name" "$dir/.breakwater-old"
  mv "$file" "$dir/$name"
done
[ -e "$dir/common" ] || [ ! -d "$source/common" ] || mv "$source/common" "$dir/common"
sync -f "$dir" 2>/dev/null || sync
mv -f "$found" "$dir/prepare"
rm -rf "$stage" "$dir/.breakwater-old" "$archive"
"#;

/// Loads the images of an offline installer, once; pulls the image of prepare otherwise.
pub fn images(s: &HaNode, release: &str) -> String {
    format!(
        r#"cd {}
archive=$(ls harbor.v{release}.tar.gz harbor*.tar.gz 2>/dev/null | head -n 1)
if [ -n "$archive" ]; then
  docker load -i "$archive"
  rm -f "$archive"
fi
docker image inspect goharbor/prepare:v{release} >/dev/null 2>&1 || docker pull goharbor/prepare:v{release}
"#,
        word(&s.directory)
    )
}

/// Copies the shared secrets to where prepare looks for them, in place of other ones where they
/// may be replaced. Harbor's containers read them as user 10000.
pub fn seed(s: &HaNode, names: &[(&str, &str)]) -> String {
    let shared = s.shared_secrets.as_deref().unwrap_or_default();
    let mut script = format!(
        "{WAYS}shared={} data={} missing=make\n\
         seed() {{ write \"$data/$2\" 10000:10000 0600 <\"$shared/$1\"; }}\n",
        word(shared),
        word(&s.data_volume)
    );
    for (name, place) in names {
        script.extend(["seed ", name, " ", place, "\n"]);
    }
    script
}

/// Fails if a shared secret is missing, so that no placeholder is ever written.
pub fn need_secrets(s: &HaNode) -> String {
    let shared = s.shared_secrets.as_deref().unwrap_or_default();
    let mut names: Vec<&str> = layout::seeded(s).iter().map(|(name, _)| *name).collect();
    names.extend(layout::OVERRIDE_SECRETS);
    format!(
        "for name in {}; do\n  [ -s {}/\"$name\" ] || {{ echo \"{shared} holds no $name: let \
         harbor_shared_secrets make it first (depends_on)\" >&2; exit 1; }}\ndone\n",
        names.join(" "),
        word(shared),
    )
}

/// Gives a file its owner and mode, and leaves the time it was written.
pub fn protect(file: &File) -> String {
    let owner = word(&format!("{}:{}", file.owner, file.group));
    format!("{WAYS}protect {} {owner} {:o}\n", word(&file.path), file.mode)
}

/// Runs prepare. It wipes its old result first, so that is kept and put back if it fails, and the
/// node runs on as before. A copy that an earlier, cut run left is the good one and stays.
pub fn prepare(s: &HaNode, head: &str, flags: &str) -> String {
    let script = PREPARE
        .replace("@DIR@", &word(&s.directory))
        .replace("@DATA@", &word(&s.data_volume))
        .replace("@FLAGS@", flags);
    let inputs = inputs(s, head);
    format!("{WAYS}cd {}\n{inputs}{MARK}{BACK}{script}", word(&s.directory))
}

const PREPARE: &str = r#"data=@DATA@ keep=.breakwater-keep
if [ ! -e "$keep/complete" ]; then
  rm -rf "$keep"; ( umask 077; mkdir "$keep" )
  [ ! -d common/config ] || cp -a common/config "$keep/config"
  [ ! -f docker-compose.yml ] || cp -a docker-compose.yml "$keep/docker-compose.yml"
  [ ! -d "$data/secret/cert" ] || cp -a "$data/secret/cert" "$keep/cert"
  touch "$keep/complete"
fi
before=$(inputs)
mkdir -p "$data" common/config
if ! ./prepare @FLAGS@ > .breakwater-prepare.log 2>&1 < /dev/null; then
  back; rm -rf "$keep"
  echo "Harbor's prepare refused the configuration; the node runs on with the one before:" >&2
  tail -n 12 .breakwater-prepare.log >&2
  exit 1
fi
[ "$before" = "$(inputs)" ] || { back; echo "harbor.yml or a certificate changed while prepare ran" >&2; exit 1; }
mark .breakwater-prepared inputs
rm -rf "$keep"
"#;

/// Pulls what images the compose file needs and are not there.
pub fn pull(s: &HaNode, compose: &str) -> String {
    format!(
        r"cd {}
images=$(sed -n 's/^ *image: *//p' docker-compose.yml)
docker image inspect $images >/dev/null 2>&1 || {compose} pull
",
        word(&s.directory)
    )
}

/// Brings the node up, all containers anew if `anew`, and waits until each runs.
pub fn up(s: &HaNode, head: &str, compose: &str, anew: bool) -> String {
    let down = if anew { format!("{compose} down --remove-orphans\n") } else { String::new() };
    let seeded = if s.shared_secrets.is_some() { layout::seeded(s) } else { Vec::new() };
    let digests = seeded.iter().map(|(_, place)| format!("; digest {}", word(&s.data(place))));
    let seeded = digests.collect::<Vec<_>>().concat();
    let wait = waits(s);
    format!(
        "cd {}\n{}{MARK}started() {{ inputs; digest docker-compose.override.yml{seeded}; }}\n{down}\
         {compose} up -d --remove-orphans\n{wait}mark .breakwater-up started\n",
        word(&s.directory),
        inputs(s, head),
    )
}

/// Installs packages, at their pinned versions where there are any; some may come from the mirror.
pub fn install(packages: &[String], mirror: &str) -> String {
    let words: Vec<String> = packages.iter().map(|p| word(p)).collect();
    format!(
        r#"{}apt update
set -- {}
# In some releases the client is a package of its own. One that is only named by others is shown, too.
case " $* " in
*" docker.io"*) if apt-cache show docker-cli 2>/dev/null | grep -q '^Version:'; then set -- "$@" docker-cli; fi ;;
esac
apt --no-install-recommends install "$@"
"#,
        crate::apt::function_for(mirror),
        words.join(" ")
    )
}

/// Stops the node: its containers go, its data stays.
pub fn down(s: &HaNode, compose: &str) -> String {
    format!(
        "cd {}\nif systemctl is-active -q harbor.service; then systemctl stop harbor.service; fi\n\
         {compose} down --remove-orphans\nrm -f .breakwater-up\n",
        word(&s.directory)
    )
}

/// `systemctl`, and if it fails why: it says no more than where to look.
fn unit(verb: &str, unit: &str) -> String {
    let unit = word(unit);
    format!(
        "systemctl {verb} {unit} || {{ systemctl --no-pager -n 0 status {unit} | sed -n 1,3p >&2; \
         journalctl -n 8 --no-pager -o cat -u {unit} >&2; exit 1; }}\n"
    )
}

/// Starts Docker, also at boot.
pub fn docker_starts() -> String {
    format!("systemctl -q enable docker.service\n{}", unit("start", "docker.service"))
}

/// Has Docker take up `daemon.json`: checks it first where Docker can, then reloads or restarts.
pub fn docker_takes(how: &str) -> String {
    format!(
        "if dockerd --help 2>/dev/null | grep -q -- '--validate'; then\n  \
         dockerd --validate --config-file {} >/dev/null\nfi\n\
         {}rm -f {}\n",
        layout::DAEMON_JSON,
        unit(how, "docker.service"),
        layout::PENDING
    )
}

/// Harbor's prepare and its containers give files to user 10000. A share that does not let root do so
/// is not left mounted, so that the next apply tries it again.
const PROBE: &str = r#"if [ -z "$before" ] && ! why=$( { enter "$place" && echo probe | put .breakwater-probe 10000:10000 0600; } 2>&1 ); then
  systemctl stop "$unit" || :
  echo "root of this host cannot give a file on the share to user 10000, as Harbor has to. The export must not squash root: no_root_squash, or \"no squash\" in the permission group of a NAS. It said: $(printf '%s\n' "$why" | tail -n 1)" >&2
  exit 1
fi
( enter "$place"; rm -f ./.breakwater-probe )
"#;

/// Mounts what a unit says. The source of a bind mount is made if its parent is there: a parent
/// that is missing is a NAS that is not mounted.
pub fn mount(name: &str, place: &str, source: Option<&str>) -> String {
    let source = source.map_or(String::new(), |path| {
        let path = word(path);
        format!("[ -d {path} ] || mkdir {path}\n")
    });
    format!(
        "{WAYS}place={} unit={}\n{source}(missing=make; enter \"$place\")\n\
         before=$(mountpoint -q \"$place\" && echo mounted || :)\n\
         systemctl daemon-reload\nsystemctl -q enable \"$unit\"\n{}mountpoint -q \"$place\"\n{PROBE}",
        word(place),
        word(name),
        unit("restart", name),
    )
}

/// Enables and starts the boot unit; the containers run already, so nothing happens to them.
pub const BOOT: &str = "systemctl daemon-reload\nsystemctl enable harbor.service\n\
    systemctl reset-failed harbor.service 2>/dev/null || :\nsystemctl start harbor.service\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::words;

    fn others(paths: &[String]) -> String {
        let script = format!("{OTHERS}others {}", words(paths));
        let output = std::process::Command::new("sh").args(["-euc", &script]).output();
        let output = output.expect("sh runs");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    #[test]
    fn the_digest_of_others_files_is_of_their_names_and_contents() {
        let folder = tempfile::tempdir().expect("a folder");
        let (dir, bundle) = (folder.path().join("internal tls"), folder.path().join("s3-ca.crt"));
        std::fs::create_dir_all(dir.join("below")).expect("made");
        let paths = [&dir, &bundle].map(|path| path.display().to_string());
        let mut seen = vec![others(&paths)];
        let mut steps: Vec<Box<dyn Fn()>> = Vec::new();
        for (name, text) in [("core.crt", "one"), ("core.crt", "two"), ("core.key", "two")] {
            let path = dir.join(name);
            steps.push(Box::new(move || std::fs::write(&path, text).expect("written")));
        }
        let (from, to) = (dir.join("core.crt"), dir.join("portal.crt"));
        steps.push(Box::new(move || std::fs::rename(&from, &to).expect("renamed")));
        steps.push(Box::new(|| std::fs::write(&bundle, "ca").expect("written")));
        for step in steps {
            step();
            let digest = others(&paths);
            assert_eq!(digest, others(&paths), "the same twice");
            assert_eq!(digest.len(), 64);
            assert!(!seen.contains(&digest), "a change that is not seen");
            seen.push(digest);
        }
        assert_eq!(others(&[]), "", "a node that reads none has no line");
    }
}
