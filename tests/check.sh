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
if [ "$(id -u)" = 0 ]; then
  cargo test --locked -p breakwater-render -p breakwater-provider
else
  echo "Not root: the SSH layer's tests, which start an sshd, are left to make test."
  cargo test --locked -p breakwater-render
  cargo test --locked -p breakwater-provider --lib \
    --test plans --test docs --test tidy --test generated --test terraform
fi
if command -v terraform >/dev/null; then
  tests/examples.sh
fi
