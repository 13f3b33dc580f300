#!/usr/bin/env bash
# A no-op plan of the demo against its floor in the same run, and the round trips of one refresh.
# Then the write gap of a switchover against a bare script.
# Uses the demo if it is up, and makes it otherwise (and then removes it).
set -euo pipefail
. "$(dirname "$0")/../lib.sh"

if ! "$rig" show demo >/dev/null 2>&1 || [ ! -s "$root/.demo/terraform.tfstate" ]; then
  trap 'tests/demo/down.sh' EXIT
  tests/demo/up.sh
fi
say "Building the release"
cargo build --locked --release -p breakwater-provider
python3 tests/bench/bench.py "$rig" demo "$root" "$target/release"

say "Write gap of a switchover, beside PostgreSQL's own commands"
BREAKWATER_RUNS=${BREAKWATER_RUNS:-20} cargo test --locked -q --workspace --test stories -- \
  --ignored --exact write_gap
