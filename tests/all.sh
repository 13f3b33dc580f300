#!/usr/bin/env bash
# The tests on real hosts.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

build
"$rig" deps
"$rig" image bookworm bullseye trixie
say "Tests on real hosts"
cargo test --locked --no-fail-fast -p breakwater-tests -- --test-threads=1
