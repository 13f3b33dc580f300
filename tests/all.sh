#!/usr/bin/env bash
# The tests on real hosts, in three lanes side by side: they wait more than they compute, and each
# has hosts of its own.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

say "Building the provider and the test tools"
cargo test --locked --workspace --no-run
tests/standins/harbor/build >/dev/null
"$rig" deps
"$rig" image bookworm bullseye trixie
say "Tests on real hosts"

# One lane: test targets one after the other, $1 tests at a time, each line with the target's name.
lane() {
  local target failed=0 threads=$1
  shift
  for target in "$@"; do
    cargo test --locked --workspace --test "$target" -- --test-threads="$threads" 2>&1 |
      sed -u "s/^/$target | /" || failed=1
  done
  return $failed
}

lanes=()
lane 1 acceptance & lanes+=($!)
lane 2 roles & lanes+=($!)
lane 1 rig alicloud cloud faults & lanes+=($!)
failed=0
for pid in "${lanes[@]}"; do
  wait "$pid" || failed=1
done
exit $failed
