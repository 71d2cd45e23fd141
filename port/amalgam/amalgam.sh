#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make amalgam: the library as one file, and a file for each port that is made of several, in FOLDER:
#     det.c det.h                   all of src/ but the command; the manual
#     det_posix.c det_posix.h       the POSIX port with environment, spool and worker
#     det_winsock.c det_winsock.h   the Windows port
# They are compiled like any other file, with the knobs of det_config.h: see README.md beside this script. A file whose text
# would be the same is left alone. Needs awk and sed.
#     sh port/amalgam/amalgam.sh FOLDER
set -eu
cd "$(dirname "$0")/../.."
out=${1:?usage: amalgam.sh FOLDER}
mkdir -p "$out"
layers='base json http transport session core'
version=$(awk '/_(MAJOR|MINOR|PATCH) / {v = v d $3; d = "."} END {print v}' include/det_version.h)

sources=
used= # public headers that src/ includes: they are det.h, with what they include; the others belong to a port
for layer in $layers; do
    sources="$sources $(echo "src/$layer"/*.c)"
    used="$used $(sed -n 's/^# *include *"\(det[a-z_]*\.h\)".*/include\/\1/p' "src/$layer"/*.[ch])"
done
# shellcheck disable=SC2086
used=$(printf '%s\n' include/det_version.h $used | sort -u)

names() { # file names of paths
    for names_path; do basename "$names_path"; done | tr '\n' ' '
}
title() { # what the file holds
    # shellcheck disable=SC2016
    printf '/* SPDX-License-Identifier: Apache-2.0\n * libdet %s: %s. Made by `make amalgam` of the files named\n * below: change those. */\n' \
        "$version" "$1"
}
write() { # file, what it holds, arguments of amalgam.awk
    file=$out/$1 what=$2
    shift 2
    { title "$what" && awk -f port/amalgam/amalgam.awk "$@"; } >"$file.new"
    if cmp -s "$file" "$file.new"; then rm "$file.new"; else mv "$file.new" "$file"; fi
}
port() { # its name, its public headers
    name=$1
    shift
    # shellcheck disable=SC2086
    write "det_$name.h" "what the port $name has for programs" -v also=det.h -v skip="$(names $used)" "$@"
    # shellcheck disable=SC2086
    write "det_$name.c" "the port $name" -v own_header="det_$name.h" -v skip="$(names $used "$@")" "port/$name"/*.c
}

# shellcheck disable=SC2086
write det.h "its headers but the ports'" $used
# shellcheck disable=SC2086
write det.c "its sources but the ports'" -v own_header=det.h -v skip="$(names $used)" $sources
port posix include/det_posix.h include/det_env.h include/det_worker.h
[ ! -d port/winsock ] || port winsock port/winsock/det_winsock.h
