#!/usr/bin/env bash
# What is proven at length: every change of roles 20 times under load, each step of every change and of
# the install struck in turn, every fault, the oldest and the newest PostgreSQL. PART=2/4 tells the second
# of four parts, STORY=name one story; tests/stories/main.rs says what they are and how long they take.
# The first part also builds a release of the provider in two folders and compares them.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

build
"$rig" deps
"$rig" image bookworm bullseye trixie
export BREAKWATER_SOAK=${PART:-1/1}
say "At length: part $BREAKWATER_SOAK"
if [ -n "${STORY:-}" ]; then
  story "$STORY"
else
  case $BREAKWATER_SOAK in 1/*) tests/release.sh --whole ;; esac
  stories --test-threads=4
fi
