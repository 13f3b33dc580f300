#!/usr/bin/env bash
# Removes the demo's hosts, network and files.
set -euo pipefail
. "$(dirname "$0")/../lib.sh"

if [ -x "$rig" ]; then
  "$rig" down demo
fi
rm -rf "$root/.demo" "$root/examples/local/.terraform.lock.hcl"
