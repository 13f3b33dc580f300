#!/usr/bin/env bash
# Builds the stand-in Harbor as one static binary and packs it as the offline installer of release $1
# into folder $2.
set -euo pipefail
. "$(dirname "$0")/../lib.sh"
triple=$(rustc -vV | sed -n 's/^host: //p')
RUSTFLAGS='-C target-feature=+crt-static' \
  cargo build --locked --target "$triple" -p breakwater-tests --bin standin-harbor
"$target/$triple/debug/standin-harbor" pack --version "$1" --out "$2"
