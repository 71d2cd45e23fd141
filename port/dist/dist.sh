#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make dist-WORLD: assembles $B/dist/libdet-WORLD-VERSION.tar.gz. The folder of a world has a dist.sh, which is sourced here
# and lays its files below the current folder with the functions below, and templates (*.in) in which @VERSION@, @SOURCES@
# and the like stand for what the Makefile knows. The same tree gives the same bytes. Needs B, VERSION, SRC and PORT.
#     B=build VERSION=0.1.0 SRC='src/…' PORT='port/posix/…' sh port/dist/dist.sh WORLD
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top"
world=${1:?usage: dist.sh WORLD}
[ -f "port/$world/dist.sh" ] || {
    echo "dist.sh: no world '$world'" >&2
    exit 1
}
mkdir -p "$B/dist"
out=$(cd "$B/dist" && pwd)
name=libdet-$world-$VERSION
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct 2>/dev/null || echo 315532800)}"

# ---- for the dist.sh of a world --------------------------------------------------------------------------------------
copy() { # path of the tree…: to the same path here
    for copy_path; do
        mkdir -p "$(dirname "$copy_path")"
        cp -R "$top/$copy_path" "$copy_path"
    done
}
library() { # the library, its licence and manual: what every world wants
    copy LICENSE README.md include port/README.md
    # shellcheck disable=SC2046,SC2086
    copy $SRC $(cd "$top" && find src -name '*.h' ! -path 'src/cli/*' | sort)
}
posix() { # the port for hosts
    # shellcheck disable=SC2046,SC2086
    copy $PORT $(cd "$top" && ls port/posix/*.h)
}
# The words of a list, one to a line, between two texts.
each() { # text before, text behind, word…
    each_before=$1
    each_behind=$2
    shift 2
    for each_word; do printf '%s%s%s\n' "$each_before" "$each_word" "$each_behind"; done
}
# A template filled: a line that is a placeholder alone becomes all lines of its value, indented like it.
fill() { # template of the tree, where to, NAME=VALUE…
    fill_from=$top/$1
    fill_to=$2
    shift 2
    mkdir -p "$(dirname "$fill_to")"
    awk 'BEGIN {
        for (i = 2; i < ARGC; i++) { at = index(ARGV[i], "="); value[substr(ARGV[i], 1, at - 1)] = substr(ARGV[i], at + 1); ARGV[i] = "" }
    }
    /^ *@[A-Z_]+@$/ {
        match($0, /@/); indent = substr($0, 1, RSTART - 1); key = substr($0, RSTART + 1, length($0) - RSTART - 1)
        if (key in value) { n = split(value[key], line, "\n"); for (i = 1; i <= n; i++) print indent line[i]; next }
    }
    { for (key in value) gsub("@" key "@", value[key]); print }' "$fill_from" "$@" >"$fill_to"
    if grep -n '@[A-Z_]\{3,\}@' "$fill_to" >"$fill_to.unfilled"; then
        echo "dist.sh: $fill_from has placeholders that nothing fills:" >&2
        cat "$fill_to.unfilled" >&2
        return 1
    fi
    rm "$fill_to.unfilled"
}
pack() { # folder: an archive of it to standard output
    tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" --mode=u+rw,go+r,go-w -cf - "$1" | gzip -n
}
beside() { :; } # archive: a world's own, which may lay further files for $B/dist beside it

mkdir "$stage/$name"
cd "$stage/$name"
# shellcheck source=/dev/null
. "$top/port/$world/dist.sh"
cd "$stage"
pack "$name" >"$name.tar.gz"
beside "$name.tar.gz"
rm -rf "$name"
for file in *; do # two runs may do this at once
    mv "$file" "$out/.$file.$$" && mv "$out/.$file.$$" "$out/$file"
done
echo "$B/dist/$name.tar.gz"
