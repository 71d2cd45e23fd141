# SPDX-License-Identifier: Apache-2.0
# Sourced by port/dist/dist.sh: an Arduino library. All sources lie below src/, the public headers in it; they include each other
# by relative paths, so they keep their folders. Knobs come from det_arduino_config.h.
# shellcheck shell=sh disable=SC2086,SC2046,SC2154
mkdir libdet
cd libdet || exit
copy LICENSE README.md $SRC $(cd "$top" && find src -name '*.h' ! -path 'src/cli/*')
(
    cd "$top" || exit
    for header in include/*.h; do
        case $header in *posix.h | *env.h | *worker.h) continue ;; esac # for hosts
        cp "$header" "$OLDPWD/src"
    done
    cp port/arduino/*.h port/arduino/*.cpp "$OLDPWD/src"
)
awk '/^#ifdef DET_CONFIG_FILE$/ {print "#ifndef DET_CONFIG_FILE\n#define DET_CONFIG_FILE \"det_arduino_config.h\"\n#endif"} {print}' \
    "$top/include/det_config.h" >src/det_config.h
fill port/arduino/library.properties.in library.properties VERSION="$VERSION"
# The IDE's colours: types and functions of the headers.
{
    sed -n 's/^} \(det_[a-z0-9_]*\);$/\1/p' src/det*.h | sort -u | sed "s/\$/$(printf '\t')KEYWORD1/"
    sed -n 's/^\(DET_API \|void \).*[ *]\(det_[a-z0-9_]*\)(.*/\2/p' src/det*.h | sort -u | sed "s/\$/$(printf '\t')KEYWORD2/"
} >keywords.txt
cp -R "$top/port/arduino/examples" examples
cd ..
