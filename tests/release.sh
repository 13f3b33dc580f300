#!/usr/bin/env bash
# The release script: the same bytes from two folders, what the registries ask of names, sums and signature,
# and `terraform init` from a mirror of the archives. A small program stands for the provider, because
# building it takes minutes; `tests/release.sh --whole` builds the provider itself twice.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
unset GPG_PRIVATE_KEY GPG_PASSPHRASE DIST
command -v gpg >/dev/null || { echo "gpg is missing: apt-get install gnupg" >&2; exit 1; }

work=$(mktemp -d)
trap 'gpgconf --homedir "$work/keys" --kill all 2>/dev/null || true; rm -rf "$work"' EXIT
fail() { echo "FAILED  $*" >&2; exit 1; }
number=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
host=$(rustc -vV | sed -n 's/^host: //p')
name=terraform-provider-harbor_$number

for address in $(grep -rhoE '[?]ref=v[0-9.]+' examples docs README.md | sort -u); do
  [ "$address" = "?ref=v$number" ] || fail "the source of a module ends with $address, and this is $number"
done

# A work tree with the script, and a program whose panics would tell where it was built: one text of a
# file in the target directory, one that asks for its folder by name.
tree() {
  mkdir -p "$1/.ci" "$1/provider/src"
  cp .ci/release "$1/.ci"
  cat > "$1/Cargo.toml" <<TOML
[workspace]
resolver = "3"
members = ["provider"]
[profile.release]
strip = true
TOML
  cat > "$1/provider/Cargo.toml" <<TOML
[package]
name = "breakwater-provider"
version = "$number"
edition = "2024"
[[bin]]
name = "terraform-provider-harbor"
path = "src/main.rs"
TOML
  cat > "$1/provider/build.rs" <<'RUST'
fn main() {
    let path = format!("{}/made.rs", std::env::var("OUT_DIR").unwrap());
    std::fs::write(path, "pub fn made(n: usize) { assert!(n == 1, \"in {}\", file!()); }").unwrap();
}
RUST
  cat > "$1/provider/src/main.rs" <<'RUST'
include!(concat!(env!("OUT_DIR"), "/made.rs"));
fn main() {
    made(std::env::args().count());
}
RUST
  (cd "$1" && cargo generate-lockfile --offline --quiet)
}

whole() {
  git archive HEAD | tar -x -C "$1"
}

# What the script makes in a folder, signed.
released() {
  (cd "$1" && env -u CARGO_TARGET_DIR SOURCE_DATE_EPOCH=1700000000 .ci/release)
}

key() {
  gpg --homedir "$work/keys" --batch --quiet --passphrase "${3:-}" --pinentry-mode loopback \
    --quick-generate-key "$1" "$2" sign never
  gpg --homedir "$work/keys" --batch --quiet --passphrase "${3:-}" --pinentry-mode loopback \
    --armor --export-secret-keys "$1"
}

say "Release: the same bytes from two folders"
mkdir -p -m 700 "$work/keys" "$work/first" "$work/second/somewhere/deeper"
make=tree
[ "${1:-}" != --whole ] || make=whole
for folder in first second/somewhere/deeper; do
  $make "$work/$folder"
done
GPG_PRIVATE_KEY=$(key first@example.com rsa3072 'a passphrase')
export GPG_PRIVATE_KEY GPG_PASSPHRASE='a passphrase'
released "$work/first"
released "$work/second/somewhere/deeper"
one=$work/first/dist
other=$work/second/somewhere/deeper/dist
[ "$(ls "$one")" = "$(ls "$other")" ] || fail "other files: $(ls "$other")"
for file in "$one"/*; do
  case $file in
    *.sig) ;;
    *) cmp "$file" "$other/$(basename "$file")" || fail "$(basename "$file") depends on the folder" ;;
  esac
done
! grep -q "$work" "$work/first/target/$host/release/terraform-provider-harbor" ||
  fail "the folder stands in what was made"

say "Release: names, manifest, sums, signature"
case $host in x86_64-*) platform=linux_amd64 ;; aarch64-*) platform=linux_arm64 ;; esac
want="${name}_SHA256SUMS
${name}_SHA256SUMS.sig
${name}_$platform.zip
${name}_manifest.json"
[ "$(LC_ALL=C ls "$one")" = "$want" ] || fail "not the files of a release: $(ls "$one")"
(cd "$one" && sha256sum --quiet --check --strict "${name}_SHA256SUMS")
[ "$(awk '{print $2}' "$one/${name}_SHA256SUMS")" = "$(printf '%s\n' "${name}_$platform.zip" "${name}_manifest.json")" ] ||
  fail "the sums are of other files"
python3 - "$one/${name}_manifest.json" "$one/${name}_$platform.zip" "terraform-provider-harbor_v$number" <<'PY'
import json, sys, zipfile
manifest, archive, program = sys.argv[1:]
assert json.load(open(manifest)) == {"version": 1, "metadata": {"protocol_versions": ["6.0"]}}
entries = zipfile.ZipFile(archive).infolist()
assert [e.filename for e in entries] == [program], entries
assert entries[0].external_attr >> 16 == 0o100755, "it must be executable"
assert entries[0].date_time == (2023, 11, 14, 22, 13, 20), entries[0].date_time
PY
! grep -q BEGIN "$one/${name}_SHA256SUMS.sig" || fail "the signature is armoured"
gpg --homedir "$work/keys" --batch --quiet --verify "$one/${name}_SHA256SUMS.sig" "$one/${name}_SHA256SUMS" 2>/dev/null ||
  fail "the signature does not verify"
echo "tampered" >> "$other/${name}_SHA256SUMS"
! gpg --homedir "$work/keys" --batch --quiet --verify "$one/${name}_SHA256SUMS.sig" "$other/${name}_SHA256SUMS" 2>/dev/null ||
  fail "the signature is of anything"

refused() {
  local why=$1 said
  shift
  ! said=$("$@" 2>&1) || fail "not refused: $*"
  grep -q "$why" <<< "$said" || fail "refused in other words: $said"
}
in_first() { (cd "$work/first" && "$@"); }
GPG_PRIVATE_KEY=$(key second@example.com ed25519) GPG_PASSPHRASE='' \
  refused "not an RSA key" in_first .ci/release sign
GPG_PASSPHRASE=wrong refused "gpg failed" in_first .ci/release sign
GPG_PRIVATE_KEY='' refused "GPG_PRIVATE_KEY is not set" in_first .ci/release sign
DIST=$work/empty refused "holds no archive" in_first .ci/release sums
refused "no platform of a release" in_first .ci/release build riscv64gc-unknown-linux-gnu
refused "no such file" in_first env SOURCE_DATE_EPOCH=1 .ci/release pack nothing linux_amd64

say "Release: terraform init from a mirror of the archives"
command -v terraform >/dev/null || { echo "NOT CHECKED: there is no terraform." >&2; exit 0; }
[ -x "$provider" ] || build
mirror=$work/archives/registry.terraform.io/breakwater/harbor
mkdir -p "$mirror" "$work/root"
strip -o "$work/provider" "$provider"
SOURCE_DATE_EPOCH=1700000000 DIST=$mirror .ci/release pack "$work/provider" "$platform"
cat > "$work/terraformrc" <<RC
provider_installation {
  filesystem_mirror {
    path = "$work/archives"
  }
}
RC
cp examples/local/*.tf "$work/root"
export TF_CLI_CONFIG_FILE=$work/terraformrc
terraform -chdir="$work/root" init -no-color -input=false -backend=false > "$work/init.log" 2>&1 ||
  { cat "$work/init.log" >&2; fail "terraform init"; }
grep -q "Installed breakwater/harbor v$number" "$work/init.log" || fail "$(cat "$work/init.log")"
terraform -chdir="$work/root" validate -no-color
