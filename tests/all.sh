#!/usr/bin/env bash
# All tests: those that need no hosts, while the images of hosts are made, and then the stories on hosts,
# four at a time: they wait more than they compute, and each has hosts of its own. With STORY=name that
# story alone.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

images() {
  "$rig" image bookworm bullseye trixie noble jammy focal
}

build
# Some tests without hosts try programs that the hosts' tools bring.
"$rig" deps
if [ -n "${STORY:-}" ]; then
  images
  story "$STORY"
  exit
fi
images > "$target/images.log" 2>&1 & images=$!
# What failed is told when nothing is left running.
tests/check.sh || { wait "$images" || true; exit 1; }
say "Images of the hosts"
wait "$images" || { cat "$target/images.log" >&2; exit 1; }
say "Tests on real hosts"
stories --test-threads=4
