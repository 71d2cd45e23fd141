#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make size: bytes of flash and RAM on a Cortex-M4 (-Os, unused sections dropped), without mbedTLS and without error
# texts. Prints a table by source file, checks the limits, and that src/ has no writable data. $1: build directory.
set -eu
B=${1:?build directory}/size
CROSS=${CROSS:-arm-none-eabi-}
ARCH='-mcpu=cortex-m4 -mthumb'
FLAGS="-std=c99 -Os -ffunction-sections -fdata-sections -fstack-usage -DDET_TLS=0 -DDET_ERROR_TEXTS=0 -Iinclude -Isrc"
command -v "${CROSS}gcc" >/dev/null || { echo "make size: ${CROSS}gcc is missing: make deps"; exit 1; }
mkdir -p "$B"
rm -f "$B"/*.o "$B"/*.su
objs=
for c in src/base/*.c src/json/*.c src/http/*.c src/transport/*.c src/session/*.c src/core/*.c tests/size/board.c; do
  o=$B/$(echo "$c" | tr / _ | sed 's/\.c$/.o/')
  # shellcheck disable=SC2086
  "${CROSS}gcc" $ARCH $FLAGS -c "$c" -o "$o"
  objs="$objs $o"
done
failed=0
limit() { # name value limit
  if [ "$2" -le "$3" ]; then echo "  $1: $2 of $3"; else echo "  $1: $2 EXCEEDS $3"; failed=1; fi
}
link() { # program
  # shellcheck disable=SC2086
  "${CROSS}gcc" $ARCH $FLAGS -c "tests/size/$1.c" -o "$B/$1_main.o"
  # shellcheck disable=SC2086
  "${CROSS}gcc" $ARCH -nostartfiles -specs=nano.specs -Wl,--gc-sections,-e,main,-Map="$B/$1.map" -o "$B/$1.elf" \
    "$B/$1_main.o" $objs -lc -lgcc 2>"$B/$1.ld" || { cat "$B/$1.ld"; exit 1; }
  # Sections kept, by the object they came from: the map gives address, size, file.
  awk -v prog="$1" '
    /^Memory Configuration/ { on = 1 }
    !on { next }
    /^ \.(text|rodata|data|bss)[^ ]*$/ { name = $1; next }
    /^ \.(text|rodata|data|bss)/ { add($1, $3, $4); name = ""; next }
    /^ +0x/ && name != "" { add(name, $2, $3); name = "" }
    { if ($0 !~ /^ +0x/) name = "" }
    function hex(s,  i, v) { v = 0; s = tolower(substr(s, 3)); for (i = 1; i <= length(s); i++) v = v * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1; return v }
    function add(sec, size, file) {
      n = hex(size); if (!n) return
      if (file ~ /_main\.o$/ || file ~ /board\.o$/) return
      k = file; sub(/.*\//, "", k); sub(/\.o\)?$/, "", k)
      if (file !~ /src_/) k = "(compiler and libc: " (file ~ /libgcc/ ? "libgcc" : "libc") ")"
      if (sec ~ /^\.(data|bss)/) { ram[k] += n; next_ram += n } else { rom[k] += n; if (k ~ /^src_/) total += n }
    }
    END {
      for (k in rom) printf "  %6d  %s\n", rom[k], k | "sort -k2"
      close("sort -k2")
      for (k in ram) if (k ~ /^src_/) bad += ram[k]
      printf "total %d writable %d\n", total, bad
    }' "$B/$1.map" >"$B/$1.txt"
  grep -v '^total' "$B/$1.txt"
}
echo "session + HTTP + JSON + doubles, bytes of flash by file:"
link session
limit "sum" "$(awk '/^total/ {print $2}' "$B/session.txt")" 10240
limit ".data and .bss of src/" "$(awk '/^total/ {print $4}' "$B/session.txt")" 0
echo "with the detached Core API and password login:"
link core
limit "sum" "$(awk '/^total/ {print $2}' "$B/core.txt")" 16384
limit ".data and .bss of src/" "$(awk '/^total/ {print $4}' "$B/core.txt")" 0
echo "RAM:"
# shellcheck disable=SC2086
"${CROSS}gcc" $ARCH -std=c99 -DDET_TLS=1 -Iinclude -x c -c - -o "$B/ram.o" <<'C'
#include "det.h"
char session_with_tls_buffer[sizeof(det_session) - DET_TLS_STATE_SIZE];
char core_and_session_with_tls_buffer[sizeof(det_core) - DET_TLS_STATE_SIZE];
C
ram() { "${CROSS}nm" -S "$B/ram.o" | awk -v n="$1" '$4 == n {print $2}' | sed 's/^0*/0x/' | xargs printf '%d\n'; }
limit "session, its receive and TLS read buffers included" "$(ram session_with_tls_buffer)" 3584
echo "  session and core: $(ram core_and_session_with_tls_buffer) (of it, 4096 bytes of mem are the caller's least)"
echo "stack:"
sh tests/size/stack.sh "$B" 1024 || failed=1
exit $failed
