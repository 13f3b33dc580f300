# Shared by the scripts of this folder: paths, the built binaries, and how Terraform finds ours.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
command -v cargo >/dev/null || export PATH="$HOME/.cargo/bin:$PATH"
target=$(realpath -m "${CARGO_TARGET_DIR:-$root/target}")
rig=$target/debug/rig
provider=$target/debug/terraform-provider-harbor
alicloud=$target/debug/terraform-provider-alicloud
export CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1

# Our crates are compiled by Clippy, which is the compiler with lints: one build serves lints, tests and
# programs.
clippy=$(rustc --print sysroot 2>/dev/null)/bin/clippy-driver
if [ -x "$clippy" ]; then
  export RUSTC_WORKSPACE_WRAPPER=$clippy
fi

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

# Where what was built of dependencies is kept, beside the images' cache; empty if there is none that we
# may write. It fits one lock file, toolchain and profile.
kept_dependencies() {
  local cache=${BREAKWATER_CACHE:-/var/cache/breakwater}/dependencies key
  mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ] || return 0
  key=$({ cat Cargo.lock Cargo.toml ./*/Cargo.toml; rustc -vV; } | sha256sum | cut -c1-16)
  echo "$cache/$key"
}

# Keeps what was built of dependencies, in place of what was kept of others. What is ours has the hashes
# of our packages' fingerprints.
keep_dependencies() {
  local kept=$1 new
  new=$(mktemp -d "$(dirname "$kept")/new.XXXXXX")
  mkdir "$new/debug"
  (cd "$target/debug" && find .fingerprint build deps -mindepth 1 -maxdepth 1 |
    grep -vFf <(find .fingerprint -maxdepth 1 -name 'breakwater-*' | grep -oE '[0-9a-f]{16}$') |
    xargs cp -a --parents -t "$new/debug")
  find "$(dirname "$kept")" -mindepth 1 -maxdepth 1 ! -path "$new" -exec rm -rf {} +
  mv "$new" "$kept"
}

# Builds all: the provider, the test tools, the tests. Progress is cargo's own.
build() {
  local kept
  say "Building the provider and the tests"
  kept=$(kept_dependencies)
  if [ -n "$kept" ] && [ -d "$kept" ] && [ ! -d "$target/debug" ]; then
    mkdir -p "$target"
    cp -a "$kept/debug" "$target/"
  fi
  cargo test --locked --workspace --no-run
  if [ -n "$kept" ] && [ ! -d "$kept" ]; then
    keep_dependencies "$kept"
  fi
}

# Puts cargo-deny on the PATH, and compiles it once where it is missing: beside the images' cache, or what
# is built here if there is none that we may write. False if it cannot be had.
cargo_deny() {
  local tools=${BREAKWATER_CACHE:-/var/cache/breakwater}/tools
  mkdir -p "$tools" 2>/dev/null && [ -w "$tools" ] || tools=$target/tools
  export PATH="$PATH:$tools/bin"
  command -v cargo-deny >/dev/null && return
  echo "Compiling cargo-deny, which takes some minutes, once."
  env -u RUSTC_WORKSPACE_WRAPPER CARGO_TARGET_DIR="$target/cargo-deny" \
    cargo install --quiet --locked --root "$tools" cargo-deny || return
  rm -rf "$target/cargo-deny"
}

# Whether the database of advisories is at hand: fetched now, or before.
advisories() {
  timeout 120 cargo deny fetch db >/dev/null 2>&1 ||
    compgen -G "${CARGO_HOME:-$HOME/.cargo}/advisory-db*/*" >/dev/null
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

# Tells stories on hosts; the words are for the program that does (tests/stories/main.rs).
stories() {
  cargo test --locked --workspace --test stories -- "$@"
}

# Tells one of them alone.
story() {
  stories --list 2>/dev/null | grep -qx "$1: test" || {
    echo "breakwater: no story $1; there are:" >&2
    stories --list 2>/dev/null | sed -n 's/: test$//p' >&2
    return 1
  }
  stories --exact --include-ignored "$1"
}
