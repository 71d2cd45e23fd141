#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Nothing but C99 and POSIX: src/, src/cli/ and the POSIX port compile by gcc and clang when the only feature-test macro is
# _POSIX_C_SOURCE=200809L (their own are taken out of a copy), with headers of glibc and, if musl-gcc is here, of musl; what
# is built so passes the port's unit tests. So no kqueue, epoll, eventfd or other system's own has come in.
#     sh tests/worlds/strict.sh       the last line is the sum: N passed, N failed
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/checks/count.sh
world=strict
. tests/worlds/cross/lib.sh

cp -R Makefile include src port tests "$here/" && cd "$here" || exit 1
find src port/posix -name '*.[ch]' -exec sed -i -E 's/^#define _[A-Z_]*_SOURCE( .*)?$//' {} +
! grep -rnE '^#define _[A-Z_]*SOURCE' src port/posix
ok "no feature-test macro is left" $?
compilers='gcc clang'
have musl-gcc && compilers='gcc clang musl-gcc'
for cc in $compilers; do
    for file in src/*/*.c port/posix/*.c; do
        tls=1
        [ "$cc" != musl-gcc ] || tls=0
        $cc -std=c99 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Wpedantic -Werror -Iinclude -DDET_TLS=$tls -c "$file" -o x.o
        ok "$file, $cc" $?
    done
done
make -s -j"$jobs" B=b CC=gcc CFLAGS='-O1 -D_POSIX_C_SOURCE=200809L' b/libdet.a b/libcli.a b/tests/unit/fake_port.o b/tests/unit/fake_spool.o
ok "the library builds" $?
for name in test_posix test_posix_spool test_cli_tty test_cli_store; do # these want more for themselves than POSIX
    gcc -std=c99 -O1 -Iinclude -Isrc -Iport/posix -Itests "tests/unit/$name.c" -o "$name" b/tests/unit/fake_*.o b/libcli.a b/libdet.a \
        -lmbedtls -lmbedx509 -lmbedcrypto -lm
    ok "$name builds" $?
    tally "$name" "./$name"
done
finish
