#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Where int and size_t have 16 bits: src/ and the template port compile by avr-gcc for an ATmega2560 with every warning but those
# of -Wconversion, where a length that was checked against a size_t is kept in 32 bits. A build alone: this avr-gcc (5.4) has
# doubles of 32 bits, which libdet refuses to be compiled with; that it does is one of the checks, the others pass it over
# (DET__ANY_DOUBLE) to look at the other types. Debian packages: gcc-avr, avr-libc.
#     sh tests/worlds/int16.sh        the last line is the sum: N passed, N failed
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/checks/count.sh
world=int16
. tests/worlds/cross/lib.sh
have avr-gcc || finish
flags='-mmcu=atmega2560 -std=c99 -Os -Iinclude -DDET_TLS=0'
warn='-Wall -Wextra -Wpedantic -Wshadow -Wundef -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Werror'

printf 'char small[sizeof(int) == 2 && sizeof(__SIZE_TYPE__) == 2 ? 1 : -1];\n' >"$here/int.c"
# shellcheck disable=SC2086
avr-gcc $flags -c "$here/int.c" -o "$here/x.o"
ok "int and size_t have 16 bits there" $?
for file in src/*/*.c port/template/*.c; do
    case $file in src/cli/*) continue ;; esac
    for texts in 0 1; do
        # shellcheck disable=SC2086
        avr-gcc $flags $warn -DDET__ANY_DOUBLE -DDET_ERROR_TEXTS=$texts -c "$file" -o "$here/x.o"
        ok "$file, DET_ERROR_TEXTS=$texts" $?
    done
done
# shellcheck disable=SC2086
! avr-gcc $flags -c src/json/writer.c -o "$here/x.o" 2>"$here/log" && grep -q det__double_has_64_bits "$here/log"
ok "doubles of 32 bits are refused" $?
finish
