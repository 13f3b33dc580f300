# Shared by the scripts of this folder: paths, the built binaries, and how Terraform finds ours.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
command -v cargo >/dev/null || export PATH="$HOME/.cargo/bin:$PATH"
target=$(realpath -m "${CARGO_TARGET_DIR:-$root/target}")
rig=$target/debug/rig
provider=$target/debug/terraform-provider-harbor
export CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

# Builds the provider and the test tools; progress is cargo's own.
build() {
  say "Building the provider and the test tools"
  cargo build --locked -p breakwater-provider -p breakwater-tests
}

# A CLI configuration, in folder $1, by which `terraform init` finds the provider without a network.
mirror() {
  local version dir
  version=$("$provider" --version | awk '{print $NF}')
  dir=$1/mirror/registry.terraform.io/breakwater/harbor/$version/linux_$(dpkg --print-architecture)
  mkdir -p "$dir"
  ln -sf "$provider" "$dir/terraform-provider-harbor_v$version"
  cat > "$1/terraformrc" <<EOF
provider_installation {
  filesystem_mirror {
    path = "$1/mirror"
  }
}
EOF
  export TF_CLI_CONFIG_FILE=$1/terraformrc
}
