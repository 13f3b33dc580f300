#!/usr/bin/env bash
# What needs neither root nor hosts.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

say "Format"
cargo fmt --check
if command -v terraform >/dev/null; then
  terraform fmt -check -diff -recursive examples
fi
build
say "Lints"
[ -n "${RUSTC_WORKSPACE_WRAPPER:-}" ] || { echo "clippy is missing: rustup component add clippy" >&2; exit 1; }
# What the build has warned of, cargo says again.
warnings=$(cargo test --locked --workspace --no-run 2>&1 >/dev/null | grep -A 12 '^warning' || true)
[ -z "$warnings" ] || { echo "$warnings"; echo "breakwater: the lints have something to say, see above" >&2; exit 1; }
say "Licences, bans, sources, advisories"
if cargo_deny; then
  checks=(bans licenses sources)
  if advisories; then
    checks+=(advisories)
  else
    echo "NOT CHECKED: advisories; their database can neither be fetched nor is it here." >&2
  fi
  for manifest in Cargo.toml fuzz/Cargo.toml; do
    cargo deny --manifest-path "$manifest" --config deny.toml --offline check "${checks[@]}"
  done
else
  echo "NOT CHECKED: licences, bans, sources, advisories; cargo-deny could not be installed." >&2
fi
say "Unit tests, goldens, plan cases, docs"
# The whole workspace is selected, as by the build: with another selection dependencies would have other
# features, and most of them would be built once more.
targets=(--lib --bins)
for file in {render,provider}/tests/*.rs {render,provider}/tests/*/main.rs; do
  [ -e "$file" ] || continue
  name=$(basename "${file%/main.rs}" .rs)
  if [ "$name" = host ] && [ "$(id -u)" != 0 ]; then
    echo "Not root: the SSH layer's tests, which start an sshd, are left to make test."
  else
    targets+=(--test "$name")
  fi
done
cargo test --locked --workspace "${targets[@]}"
if command -v terraform >/dev/null; then
  tests/examples.sh
fi
tests/release.sh
