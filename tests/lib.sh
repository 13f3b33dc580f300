# Shared by the scripts of this folder: paths, the built binaries, and how Terraform finds ours.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
command -v cargo >/dev/null || export PATH="$HOME/.cargo/bin:$PATH"
target=$(realpath -m "${CARGO_TARGET_DIR:-$root/target}")
rig=$target/debug/rig
provider=$target/debug/terraform-provider-harbor
alicloud=$target/debug/terraform-provider-alicloud
export CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

# Builds the provider and the test tools; progress is cargo's own.
build() {
  say "Building the provider and the test tools"
  cargo build --locked -p breakwater-provider -p breakwater-tests
}

# Puts a provider's binary $2, whose address is $3, where the mirror in folder $1 has it.
mirrored() {
  local version dir registry
  version=$("$2" --version | awk '{print $NF}')
  for registry in registry.terraform.io registry.opentofu.org; do
    dir=$1/mirror/$registry/$3/$version/linux_$(dpkg --print-architecture)
    mkdir -p "$dir"
    ln -sf "$2" "$dir/$(basename "$2")_v$version"
  done
}

# A CLI configuration, in folder $1, by which `terraform init` finds the provider without a network,
# and the stand-in for Alibaba Cloud's where it has been built.
mirror() {
  mirrored "$1" "$provider" breakwater/harbor
  if [ -x "$alicloud" ]; then
    mirrored "$1" "$alicloud" aliyun/alicloud
  fi
  cat > "$1/terraformrc" <<EOF
provider_installation {
  filesystem_mirror {
    path = "$1/mirror"
  }
}
EOF
  export TF_CLI_CONFIG_FILE=$1/terraformrc
}
