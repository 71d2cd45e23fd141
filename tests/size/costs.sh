#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What each knob of det_config.h costs on a Cortex-M4: the whole library as it is by default there, with the knob on and off.
# Held against the figures in brackets in det_config.h, or (--update) written there. Last line: N passed, N failed.
#     sh tests/size/costs.sh BUILD [--update]
set -eu
B=${1:?build directory}/costs
cd "$(dirname "$0")/../.."
. tests/size/build.sh
MBEDTLS36=${MBEDTLS36:-$1/mbedtls36}
. tests/checks/count.sh
target cortex-m4
mkdir -p "$B"

# Knob, value that is on, value that is off. The TLS layer needs mbedTLS's headers and is weighed by itself.
knobs='DET_ERROR_TEXTS 1 0
DET_LONG_LINES 1 0
DET_LOGIN 1 0
DET_LOCK 1 0
DET_PIPELINE 16 1
DET_EXACT 1 0
DET_JOIN 16 1
DET_POLICIES 1 0
DET_CHECK_RECORDS 1 0
DET_CHECK_VALUES 1 0
DET_SPOOL 1 0
DET_FAST_DOUBLES 1 0
DET_FAST_CRC 1 0'

with() { # knob=value: bytes
    compile one "-U${1%=*}" "-D$1"
    link core "-U${1%=*}" "-D$1"
    flash
}
tls() {
    rm -f "$B"/tls*.o
    for c in src/transport/tls*.c src/transport/ahead.c src/transport/roots.c; do
        # shellcheck disable=SC2086
        "${CROSS}gcc" $ARCH $FLAGS -UDET_TLS -DDET_TLS=1 -DMBEDTLS_CONFIG_FILE='"tests/mbedtls-config/both.h"' -I. \
            -isystem "$MBEDTLS36/include" -c "$c" -o "$B/tls_$(basename "$c" .c).o"
    done
    "${CROSS}size" "$B"/tls_*.o | awk 'NR > 1 {n += $1 + $2} END {print n}'
}

: >"$B/figures"
if [ -f "$MBEDTLS36/include/mbedtls/ssl.h" ]; then
    echo "DET_TLS $(tls)" >"$B/figures"
else
    echo "skipped: DET_TLS: mbedTLS 3.6 is not in $MBEDTLS36 (make deps fetches it)"
fi
echo "$knobs" | while read -r knob on off; do
    echo "$knob $(($(with "$knob=$on") - $(with "$knob=$off")))"
done >>"$B/figures"
cat "$B/figures"

if [ "${2:-}" = --update ]; then
    awk 'NR == FNR { cost[$1] = $2; next }
        /^\/\*/ { text = "" }
        { text = text $0 "\n" }
        /^#ifndef / && ($2 in cost) { sub(/\[[0-9]+ bytes of flash\]/, "[" cost[$2] " bytes of flash]", text) }
        /^#ifndef |^$|^#endif/ { printf "%s", text; text = "" }
        END { printf "%s", text }' "$B/figures" include/det_config.h >"$B/det_config.h"
    cat "$B/det_config.h" >include/det_config.h
fi
while read -r knob cost; do
    said=$(awk -v knob="$knob" '/^\/\*/ { text = "" } { text = text $0 }
        /^#ifndef / && $2 == knob && match(text, /\[[0-9]+ bytes of flash\]/) { print substr(text, RSTART + 1) + 0 }' include/det_config.h)
    [ -n "$said" ] && [ $((said - cost)) -le 64 ] && [ $((cost - said)) -le 64 ]
    ok "$knob: $cost bytes, det_config.h says ${said:-nothing}" $?
done <"$B/figures"
finish
