#!/usr/bin/env bash
# What needs neither root nor hosts.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

say "Format"
cargo fmt --check
if command -v terraform >/dev/null; then
  terraform fmt -check -diff -recursive examples
fi
say "Lints"
cargo clippy --locked --workspace --all-targets -- -D warnings
if command -v cargo-deny >/dev/null; then
  say "Licences, bans, sources"
  cargo deny --offline check bans licenses sources
fi
say "Unit tests, goldens, plan cases, docs"
cargo test --locked -p breakwater-render -p breakwater-provider
if command -v terraform >/dev/null; then
  tests/examples.sh
fi
