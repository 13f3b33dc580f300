# Makes what stands for the packages of Docker's own repository, out of Debian's: the same programs
# and units, in the packages, with the names and conflicts, that Docker has.
# Compose 2 comes from a newer release; where a C library of that is given, it brings it along.
# usage: sh docker-ce.sh POOL WORK OUT CODENAME COMPOSE_DEB [LIBC_DEB]
set -eu
pool=$1 work=$2 out=$3 codename=$4 compose=$5 libc=${6:-}
architecture=$(dpkg --print-architecture)

field() { dpkg-deb --field "$1" "$2"; }
# The version without Debian's parts: 20.10.24+dfsg1-1+b6 is 20.10.24.
upstream() { field "$1" Version | sed -E 's/^[0-9]+://; s/[+~-].*//'; }
# Dependencies without those on the packages that are replaced here.
depends() {
    field "$1" Depends | tr ',' '\n' | sed 's/^ *//' |
        grep -vE '^(containerd|runc|docker-cli|docker\.io)( |$)' | paste -sd, | sed 's/,/, /g'
}
# control PACKAGE VERSION DEPENDS CONFLICTS
control() {
    mkdir -p "$work/$1/DEBIAN"
    cat > "$work/$1/DEBIAN/control" <<CONTROL
Package: $1
Version: $2
Architecture: $architecture
Maintainer: Test <test@example.test>
Depends: $3
Conflicts: $4
Replaces: $4
Section: admin
Priority: optional
Description: $1, made of the distribution's packages for tests
CONTROL
    sed -i '/: $/d' "$work/$1/DEBIAN/control"
}
build() { dpkg-deb --root-owner-group -Znone --build "$work/$1" "$out" >/dev/null; }
unpack() { dpkg-deb --raw-extract "$1" "$2" && rm -rf "$2/DEBIAN/md5sums" "$2/usr/share/man" "$2/usr/share/doc"; }

mkdir -p "$work"
set -- "$pool"/docker.io_*.deb && engine=$1
set -- "$pool"/containerd_*.deb && containerd=$1
set -- "$pool"/runc_*.deb && runc=$1
version="5:$(upstream "$engine")-1~debian~$codename"

unpack "$containerd" "$work/containerd.io"
dpkg-deb --extract "$runc" "$work/containerd.io"
rm -rf "$work/containerd.io/usr/share/man" "$work/containerd.io/usr/share/doc"
control containerd.io "$(upstream "$containerd")-1" "$(depends "$containerd"), $(depends "$runc")" 'containerd, runc'
build containerd.io

unpack "$engine" "$work/docker-ce"
mkdir -p "$work/docker-ce-cli/usr/bin"
if [ -e "$work/docker-ce/usr/bin/docker" ]; then
    mv "$work/docker-ce/usr/bin/docker" "$work/docker-ce-cli/usr/bin/"
    cli=$engine
else
    set -- "$pool"/docker-cli_*.deb && cli=$1
    dpkg-deb --extract "$cli" "$work/docker-ce-cli"
    rm -rf "$work/docker-ce-cli/usr/share"
fi
rm -rf "$work/docker-ce/usr/share/bash-completion" "$work/docker-ce/usr/share/zsh" "$work/docker-ce/usr/share/fish"
control docker-ce "$version" "containerd.io, docker-ce-cli, $(depends "$engine")" 'docker.io, docker'
build docker-ce
control docker-ce-cli "$version" "$(dpkg-deb --field "$cli" Depends | tr ',' '\n' | grep -oE 'libc6 .*' | head -n 1)" 'docker.io, docker-cli'
build docker-ce-cli

plugins=usr/libexec/docker/cli-plugins own=usr/libexec/docker/compose
mkdir -p "$work/docker-compose-plugin/$plugins"
dpkg-deb --extract "$compose" "$work/compose"
if [ -z "$libc" ]; then
    cp "$work/compose/$plugins/docker-compose" "$work/docker-compose-plugin/$plugins/"
else
    dpkg-deb --extract "$libc" "$work/libc"
    mkdir -p "$work/docker-compose-plugin/$own"
    cp "$work/compose/$plugins/docker-compose" "$work/docker-compose-plugin/$own/"
    find "$work/libc" \( -name 'ld-linux*' -o -name 'libc.so.*' -o -name 'libresolv.so.*' \) -type f \
        -exec cp {} "$work/docker-compose-plugin/$own/" \;
    cat > "$work/docker-compose-plugin/$plugins/docker-compose" <<WRAPPER
#!/bin/sh
exec /$own/ld-linux*.so.* --library-path /$own /$own/docker-compose "\$@"
WRAPPER
    chmod 0755 "$work/docker-compose-plugin/$plugins/docker-compose"
fi
control docker-compose-plugin "$(upstream "$compose")-1~debian~$codename" docker-ce-cli ''
build docker-compose-plugin
