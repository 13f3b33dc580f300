#!/usr/bin/env bash
# The main job, as a user sees it: two bare hosts, one terraform apply, a Harbor in high
# availability behind a load balancer, and a second plan with no changes.
set -euo pipefail
. "$(dirname "$0")/../lib.sh"

work=$root/.demo
release=${HARBOR_VERSION:-2.15.2}
distro=${DISTRO:-bookworm}
postgresql=${POSTGRESQL_VERSION:-15}

build
say "Preparing the base image of the test hosts ($distro; once per machine)"
"$rig" deps
"$rig" image "$distro"

say "Starting two hosts, Redis, a shared folder and a TCP load balancer on 443"
"$rig" up demo --host a="$distro" --host b="$distro"
mkdir -p "$work"
chmod 700 "$work"
"$rig" show demo > "$work/rig.json"
mirror "$work"

say "Packing the stand-in for Harbor's offline installer $release"
"$target/debug/standin-harbor" pack --version "$release" --out "$work"

python3 tests/demo/variables.py "$work" "$release" "$postgresql"

terraform() {
  "$rig" run demo -- env TF_DATA_DIR="$work/data" \
    "$(command -v terraform)" -chdir="$root/examples/local" "$@"
}
vars=(-var-file="$work/demo.tfvars.json")

say "terraform init"
# A provider that was built anew has another checksum than the one locked by the last demo.
rm -f "$root/examples/local/.terraform.lock.hcl"
terraform init -input=false -no-color -backend-config=path="$work/terraform.tfstate"
say "terraform apply"
terraform apply "${vars[@]}" -input=false -auto-approve

say "A write through the primary appears on the standby"
tests/demo/replicated.sh "$rig" demo "$work"

say "Health of both nodes, and the name behind the load balancer"
python3 tests/demo/health.py "$rig" demo "$work"

say "terraform plan: nothing left to do"
code=0
terraform plan "${vars[@]}" -input=false -detailed-exitcode || code=$?
[ "$code" = 0 ] || { echo "the second plan is not empty" >&2; exit 1; }

say "Done. Look around:"
cat <<EOF
  $rig ssh demo a                    log in to host a (b)
  $rig run demo -- curl -sk https://harbor.example.test/api/v2.0/health
  make demo-down                     remove everything
EOF
