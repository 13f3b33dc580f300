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
