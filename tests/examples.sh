#!/usr/bin/env bash
# Every example is valid for the built provider and the cloud's; the module passes its own tests, and
# its README is current. Needs no hosts, no root and no network.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
module=examples/modules/harbor-ha

say "Examples"
[ -x "$provider" ] && [ -x "$alicloud" ] || build
# With an override Terraform validates without `init`, and hashes no large debug build.
cat > "$work/terraformrc" <<RC
provider_installation {
  dev_overrides {
    "breakwater/harbor" = "$(dirname "$provider")"
    "goharbor/harbor"   = "$(dirname "$provider")"
    "aliyun/alicloud"   = "$(dirname "$alicloud")"
  }
  direct {}
}
RC
export TF_CLI_CONFIG_FILE=$work/terraformrc

# An example for the documentation leaves out what every configuration has.
complete() {
  grep -qs required_providers "$1"/*.tf || cat > "$1/versions.tf" <<TF
terraform {
  required_providers {
    harbor = { source = "breakwater/harbor" }
  }
}
TF
  cp tests/examples/harbor.crt "$1/harbor.crt"
}

failed=0
check() {
  local name=$1 said
  shift
  if said=$("$@" 2>&1); then
    echo "ok      $name"
  else
    echo "FAILED  $name"
    echo "$said"
    failed=1
  fi
}

valid() {
  ! grep -q 'module "' "$1"/*.tf || terraform -chdir="$1" get -no-color || return
  terraform -chdir="$1" validate -no-color
}

cp -r examples "$work"
for folder in $(find examples -name '*.tf' -printf '%h\n' | sort -u); do
  # goharbor's provider is another's, and cannot be had here: its configuration is parsed by fmt.
  ! grep -q goharbor/harbor "$folder"/*.tf || continue
  complete "$work/$folder"
  check "$folder" valid "$work/$folder"
done
# Both providers in one configuration: what is goharbor's own is left out, and ours answers for theirs,
# since Terraform settles the names before it asks anybody.
together() {
  mkdir "$work/$1"
  cp examples/with-goharbor/together/{main,variables,versions}.tf "$work/$1"
}
module_of() {
  cat >> "$work/$1/main.tf" <<TF
module "registry" {
  source = "../$module"
  $2
  name              = "registry"
  hostname          = var.hostname
  zones             = ["cn-hangzhou-h", "cn-hangzhou-i"]
  ssh_public_key    = "ssh-ed25519 AAAA"
  installer         = var.installer
  certificate       = var.certificate
  private_key       = var.private_key
  admin_password    = var.admin_password
  database_password = var.database_password
  redis_password    = "Redis_1"
}
TF
}
theirs_first() {
  sed -i 's/^    harbor = {/    breakwater = {/; s/^    goharbor = {/    harbor = {/' "$work/$1/versions.tf"
  sed -i 's/^provider "harbor"/provider "breakwater"/
    s/^resource "harbor_.*/&\n  provider = breakwater/' "$work/$1/main.tf"
}
refused() {
  local words=$1 said
  ! said=$(valid "$2" 2>&1) || { echo "it is valid"; return 1; }
  tr '\n' ' ' <<< "$said" | grep -q "$words" || { echo "$said"; return 1; }
}
together ours
module_of ours "providers = { harbor = harbor }"
check "with goharbor: theirs has another name" valid "$work/ours"
together theirs
theirs_first theirs
module_of theirs ""
check "with goharbor: ours has another name" valid "$work/theirs"
cp -r "$work/theirs" "$work/mapped"
sed -i 's/^module .*/&\n  providers = { harbor = breakwater }/' "$work/mapped/main.tf"
check "with goharbor: a map of names is refused" refused "Provider type mismatch" "$work/mapped"
together forgotten
sed -i '/^    harbor = {/,/^    }/d' "$work/forgotten/versions.tf"
sed -i '/^provider "harbor"/,/^}/d' "$work/forgotten/main.tf"
check "with goharbor: nobody has the name" refused "hashicorp/harbor" "$work/forgotten"

check "README of the module" tests/examples/module_readme.py $module
check "tests of the module" terraform -chdir="$work/$module" test -no-color
check "tests of the module, for Terraform alone" \
  terraform -chdir="$work/$module" test -no-color -test-directory=tests/terraform
# `tofu init` and `tofu validate` read these files, and stop at what OpenTofu's language of tests has not.
check "tests that OpenTofu reads" test -z "$(grep -nE '^ +source +=|override_during|\brun\.|^ *target +=.*\[' \
  $module/tests/*.hcl)"
mkdir "$work/$module/cloud"
cp tests/examples/cloud.tftest.hcl "$work/$module/cloud"
export BREAKWATER_CLOUD=$work/cloud.json
check "module in the stand-in cloud" terraform -chdir="$work/$module" test -no-color -test-directory=cloud
check "order of the module" tests/examples/order.py "$work/$module" $module/tests/order.txt
exit $failed
