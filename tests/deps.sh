#!/usr/bin/env bash
# Installs what a fresh Debian machine lacks. Terraform is the one thing taken as given.
set -euo pipefail

fail() { echo "breakwater: $*" >&2; exit 1; }

command -v terraform >/dev/null || fail \
  "terraform is not on the PATH. Install Terraform 1.11 or newer first: https://developer.hashicorp.com/terraform/install"
version=$(terraform version -json 2>/dev/null | sed -n 's/.*"terraform_version": *"\([0-9.]*\).*/\1/p')
[ "$(printf '%s\n' 1.11.0 "$version" | sort -V | head -1)" = 1.11.0 ] || fail \
  "Terraform $version is too old: write-only attributes need 1.11 or newer."
[ "$(id -u)" = 0 ] || fail "the test hosts need root (namespaces, mounts): run it as root."

missing=()
command -v cc >/dev/null || missing+=(gcc libc6-dev)
command -v cargo >/dev/null || [ -x "$HOME/.cargo/bin/cargo" ] || missing+=(rustup)
command -v openssl >/dev/null || missing+=(openssl)
command -v gpg >/dev/null || missing+=(gnupg)
command -v git >/dev/null || missing+=(git)
command -v python3 >/dev/null || missing+=(python3)
# The tests of the SSH layer start an sshd and a PostgreSQL of their own on loopback.
[ -x /usr/sbin/sshd ] || missing+=(openssh-server)
command -v sudo >/dev/null || missing+=(sudo)
command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing+=(postgresql)
if [ ${#missing[@]} -gt 0 ]; then
  echo "breakwater: installing ${missing[*]}"
  apt-get -qq update
  DEBIAN_FRONTEND=noninteractive apt-get -qqy --no-install-recommends install "${missing[@]}" >/dev/null
fi
command -v cargo >/dev/null || export PATH="$HOME/.cargo/bin:$PATH"
command -v cargo >/dev/null || fail "cargo is missing: install Rust 1.89 or newer (rustup)."
