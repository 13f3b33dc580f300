#!/usr/bin/env bash
# Every example is valid for the built provider. Needs no hosts, no root and no network.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say "Examples"
[ -x "$provider" ] || cargo build --locked -p breakwater-provider
# With an override Terraform validates without `init`.
cat > "$work/terraformrc" <<RC
provider_installation {
  dev_overrides {
    "breakwater/harbor" = "$(dirname "$provider")"
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
  printf -- '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n' > "$1/harbor.crt"
}

failed=0
for folder in $(find examples -name '*.tf' -printf '%h\n' | sort -u); do
  copy=$work/$folder
  mkdir -p "$copy"
  cp "$folder"/*.tf "$copy"
  complete "$copy"
  if said=$(terraform -chdir="$copy" validate -no-color 2>&1); then
    echo "ok      $folder"
  else
    echo "FAILED  $folder"
    echo "$said" | sed -n '/^Error/,$p'
    failed=1
  fi
done
exit $failed
