# SPDX-License-Identifier: Apache-2.0
# Sourced by size.sh and costs.sh: src/ compiled for a microcontroller (-Os, unused sections dropped, without mbedTLS and error
# texts) and linked into one of the programs beside this file, and what that takes.
#   target NAME             one of $targets; fails, and says so, if its compiler is missing
#   compile FOLDER KNOB…    into $B/FOLDER
#   link PROGRAM FLAG…      of what was compiled last, into $B/PROGRAM.elf; its map
#   flash                   bytes of src/ in it
#   writable                of them, those in RAM
#   by_file                 a line for each file of src/, and what the compiler and libc added
#   largest N               its largest symbols of src/
# shellcheck shell=sh disable=SC2086
targets='cortex-m0plus cortex-m4 cortex-m33 rv32imc'
# Of a client that sends one request at a time and cannot repeat one.
SMALL='-DDET_PIPELINE=1 -DDET_EXACT=0 -DDET_SPOOL=0 -DDET_JOIN=1 -DDET_POLICIES=0 -DDET_CHECK_RECORDS=0 -DDET_LOCK=0'
FLAGS="-std=c99 -Os -ffunction-sections -fdata-sections -fstack-usage -DDET_TLS=0 -DDET_ERROR_TEXTS=0 -Iinclude -Isrc"
jobs=$(nproc 2>/dev/null || echo 2)

# newlib's headers serve a RISC-V compiler that has none of its own; nothing of its library is linked there.
newlib_headers() {
    echo '#include <string.h>' | arm-none-eabi-gcc -E - | sed -n 's/^# 1 "\(.*\)\/string\.h".*/\1/p' | head -n 1
}

target() {
    O=
    case $1 in
    rv32imc)
        CROSS=riscv64-unknown-elf-
        ARCH='-march=rv32imc -mabi=ilp32'
        LIBS='-nostdlib -lgcc'
        ;;
    *)
        CROSS=arm-none-eabi-
        ARCH="-mcpu=$1 -mthumb"
        LIBS='-specs=nano.specs -lc -lgcc'
        ;;
    esac
    for tool in "${CROSS}gcc" arm-none-eabi-gcc; do
        command -v "$tool" >/dev/null || {
            echo "make size: $tool is missing: make deps" >&2
            return 1
        }
    done
    [ "$1" != rv32imc ] || ARCH="$ARCH -isystem $(newlib_headers)"
}

compile() {
    O=$B/$1
    shift
    mkdir -p "$O"
    rm -f "$O"/*
    for c in src/base/*.c src/json/*.c src/http/*.c src/transport/*.c src/session/*.c src/core/*.c tests/size/board.c tests/size/libc.c; do
        case $c in tests/*) last=-fno-lto ;; *) last=-Os ;; esac # the board is not ours
        echo "$c $O/$(echo "$c" | tr / _ | sed 's/\.c$/.o/') $last"
    done | xargs -P "$jobs" -L 1 sh -c '"$@"' - sh -c "${CROSS}gcc $ARCH $FLAGS $* -c \"\$0\" -o \"\$1\" \$2"
}

link() {
    P=$B/$1
    p=$1
    shift
    "${CROSS}gcc" $ARCH $FLAGS "$@" -fno-lto -c "tests/size/$p.c" -o "$O/${p}_main.o"
    set -- "$O/${p}_main.o" "$O"/src_*.o "$O/tests_size_board.o" "$@"
    case $LIBS in *nostdlib*) set -- "$@" "$O/tests_size_libc.o" ;; esac
    "${CROSS}gcc" $ARCH -Os -nostartfiles -Wl,--gc-sections,-e,main,-Map="$P.map" -o "$P.elf" "$@" $LIBS 2>"$P.ld" || {
        cat "$P.ld"
        exit 1
    }
    # Sections kept, by the object they came from: the map gives address, size, file.
    awk '
    /^Memory Configuration/ { on = 1 }
    !on { next }
    /^ \.(text|rodata|srodata|data|sdata|bss|sbss)[^ ]*$/ { name = $1; next }
    /^ \.(text|rodata|srodata|data|sdata|bss|sbss)/ { add($1, $3, $4); name = ""; next }
    /^ +0x/ && name != "" { add(name, $2, $3); name = "" }
    { if ($0 !~ /^ +0x/) name = "" }
    function hex(s,  i, v) {
      v = 0; s = tolower(substr(s, 3))
      for (i = 1; i <= length(s); i++) v = v * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
      return v
    }
    function add(sec, size, file,  n, k) {
      n = hex(size); if (!n) return
      if (file ~ /_main\.o$/ || file ~ /tests_size_/) return
      k = file; sub(/.*\//, "", k); sub(/\.o\)?$/, "", k)
      if (file ~ /ltrans/) k = "src_ (all of it, -flto)"
      else if (file !~ /src_/) k = "(compiler and libc: " (file ~ /libgcc/ ? "libgcc" : "libc") ")"
      if (sec ~ /^\.s?(data|bss)/) ram[k] += n; else { rom[k] += n; if (k ~ /^src_/) total += n }
    }
    END {
      for (k in rom) printf "  %6d  %s\n", rom[k], k | "sort -k2"
      close("sort -k2")
      for (k in ram) if (k ~ /^src_/) bad += ram[k]
      printf "total %d writable %d\n", total, bad
    }' "$P.map" >"$P.txt"
}

flash() { awk '/^total/ {print $2}' "$P.txt"; }
writable() { awk '/^total/ {print $4}' "$P.txt"; }
by_file() { grep -v '^total' "$P.txt"; }

# A program's own main() and the board's functions are not ours.
largest() {
    "${CROSS}nm" -S --size-sort -r "$P.elf" | awk -v most="$1" '
        function hex(s,  i, v) { v = 0; for (i = 1; i <= length(s); i++) v = v * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1; return v }
        $3 ~ /[bBdD]/ || $4 == "main" || $4 ~ /^(mem|str)(cpy|set|cmp|len|move)$/ { next }
        n < most { printf "%s%s %d", n++ ? ", " : "  ", $4, hex($2) }
        END { print "" }'
}
