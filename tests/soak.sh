#!/usr/bin/env bash
# The pair at length: what must hold each time is tried 20 times, every step of every change of roles
# is struck in turn, and every fault is tried. `tests/all.sh` tries a few of each. The stories named, or
# all.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

say "Building the provider and the test tools"
cargo test --locked --workspace --no-run
"$rig" deps
"$rig" image bookworm bullseye
export BREAKWATER_RUNS=${BREAKWATER_RUNS:-20} BREAKWATER_SOAK=1
stories=(switchover_under_load failover_with_the_dead_disk failover_with_sync
  faults switchover_struck_at_each_step failover_struck_at_each_step rejoin_struck_at_each_step)
for story in "${@:-${stories[@]}}"; do
  say "$story"
  cargo test --locked --workspace --test roles -- --exact "$story"
done
