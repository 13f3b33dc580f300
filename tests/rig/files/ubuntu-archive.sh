# Makes packages of Ubuntu's names, splits and versions out of Debian's.
# usage: sh ubuntu-archive.sh POOL OUT PACKAGE=VERSION...
# POOL holds Debian's packages of the release that is underneath.
set -eu
pool=$1 out=$2
shift 2
work=$(mktemp -d "$out/.work.XXXXXX")
trap 'rm -rf "$work"' EXIT
architecture=$(dpkg --print-architecture)

deb() { set -- "$pool/$1"_*.deb && [ -e "$1" ] && echo "$1"; }
version() { dpkg-deb --field "$(deb "$1")" Version; }
build() { dpkg-deb --root-owner-group -Znone --build "$work/$1" "$out" >/dev/null && rm -rf "$work/${1:?}"; }
unpack() {
    dpkg-deb --raw-extract "$(deb "$1")" "$work/$2"
    rm -rf "$work/$2/DEBIAN/md5sums" "$work/$2/usr/share/man" "$work/$2/usr/share/doc"
}
# Which of our packages ask for each other by their exact versions.
exact=$work/exact.sed
for pair; do
    name=${pair%%=*}
    if deb "$name" >/dev/null; then
        printf '%s\n' "s/\\b$name (= $(version "$name" | sed 's/[.]/\\&/g'))/$name (= ${pair#*=})/g"
    fi
done > "$exact"

for pair; do
    name=${pair%%=*} new=${pair#*=}
    control=$work/$name/DEBIAN/control
    case $name in
    docker-compose)
        # What Compose 1 does first.
        mkdir -p "$work/$name/DEBIAN" "$work/$name/usr/bin"
        printf '%s\n' '#!/usr/bin/python3' 'from distutils.spawn import find_executable' \
            'raise SystemExit("distutils: " + str(find_executable("docker")))' > "$work/$name/usr/bin/$name"
        chmod 0755 "$work/$name/usr/bin/$name"
        printf '%s\n' "Package: $name" "Version: $new" 'Architecture: all' 'Depends: python3' \
            'Maintainer: Test <test@example.test>' "Description: what $name does first" > "$control"
        ;;
    docker-compose-v2)
        unpack docker-compose "$name"
        rm -rf "$work/$name/usr/bin"
        sed -i -e "s/^Package: .*/Package: $name/" -e '/^Static-Built-Using:/d' -e 's/^Depends: /&docker.io, /' "$control"
        ;;
    docker.io)
        unpack "$name" "$name"
        if deb docker-cli >/dev/null; then
            dpkg-deb --extract "$(deb docker-cli)" "$work/$name"
            rm -rf "$work/$name/usr/share/man" "$work/$name/usr/share/doc"
        fi
        sed -i '/^Built-Using:/d' "$control"
        ;;
    media-types)
        # A security update that takes its time, as one that makes an initramfs.
        unpack "$name" "$name"
        printf '%s\n' '#!/bin/sh' 'sleep 20' > "$work/$name/DEBIAN/postinst"
        chmod 0755 "$work/$name/DEBIAN/postinst"
        ;;
    *) unpack "$name" "$name" ;;
    esac
    sed -i -e "s/^Version: .*/Version: $new/" -e '/^Source:/d' -f "$exact" "$control"
    build "$name"
done
