#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What firmware images cost: flash by part, RAM by part, the largest symbols, from their maps and symbol tables.
#     sh tests/firmware/sizes.sh FOLDER IMAGE…      (build/firmware train-tls12-min)
# The client is all but lwIP, the driver, and the application with its data. Checks issue 6's limits for hello-tls12-min.
set -eu
dir=${1:?usage: sizes.sh FOLDER IMAGE…}
shift
failed=0
# Kept sections by the object they came from: "flash|ram PART BYTES".
parts() { # map
    awk '
        /^Linker script and memory map/ { on = 1 }
        !on { next }
        /^ \.[a-z][^ ]*$/ { name = $1; next }
        /^ \.[a-zA-Z]/ { add($1, $2, $3, $4); name = ""; next }
        /^ +0x/ && name != "" { add(name, $1, $2, $3); name = "" }
        { if ($0 !~ /^ +0x/) name = "" }
        function hex(s,  i, v) {
            v = 0
            s = tolower(substr(s, 3))
            for (i = 1; i <= length(s); i++) v = v * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
            return v
        }
        function part(file) {
            if (file ~ /lib[a-z_]*\.a/) return "libc"
            if (file ~ /\.ltrans\.o$/) return "libdet+mbedTLS"
            if (file ~ /\/mbedtls-/) return "mbedTLS"
            if (file ~ /\/firmware\/lwip\//) return "lwIP"
            if (file ~ /\/src\//) return "libdet"
            if (file ~ /\/port\/lwip-raw\//) return "port"
            if (file ~ /\/(train|hello|mlp|settings|figures)\.o$/) return "application"
            return file ~ /\/lan9118\.o$/ ? "driver" : "board"
        }
        function add(section, address, size, file,  n) {
            n = hex(size)
            if (!n || section !~ /^\.(text|rodata|data|bss|vectors|ARM)/) return
            if (section ~ /^\.(data|bss)/) ram[part(file)] += n
            else if (hex(address) || section ~ /vectors/) flash[part(file)] += n
            if (section ~ /^\.data/) flash[part(file)] += n
        }
        END {
            for (p in flash) print "flash", p, flash[p]
            for (p in ram) print "ram", p, ram[p]
        }' "$1"
}
symbol() { # image, name: its size
    arm-none-eabi-nm -S "$dir/$1.elf" | awk -v n="$2" '$4 == n {print $2}' | sed 's/^0*/0x/' | xargs -r printf '%d\n'
}
sum() { # flash|ram, parts…: from the table on standard input
    kind=$1
    shift
    awk -v kind="$kind" -v parts=" $* " '$1 == kind && index(parts, " " $2 " ") {n += $3} END {print n + 0}'
}
limit() { # name, value, limit
    if [ "$2" -le "$3" ]; then echo "  $1: $2 of $3"; else
        echo "  $1: $2 EXCEEDS $3"
        failed=1
    fi
}

for image; do
    state=$(awk '/^#define DET_TLS_STATE_SIZE/ {print $3}' "tests/firmware/det-${image%%-*}.h")
    table=$(parts "$dir/$image.map")
    echo "$image, flash:"
    echo "$table" | awk '$1 == "flash" {printf "  %7d  %s\n", $3, $2}' | sort -rn
    client=$(echo "$table" | sum flash libdet port mbedTLS libdet+mbedTLS libc board)
    whole=$(echo "$table" | sum flash libdet port mbedTLS libdet+mbedTLS libc board lwIP driver)
    echo "  $client  client: without lwIP, driver and application"
    echo "  $whole  with lwIP and its driver"
    core=$(symbol "$image" core) mem=$(symbol "$image" mem) arena=$(symbol "$image" arena) net=$(symbol "$image" net)
    rest=$(($(echo "$table" | awk '$1 == "ram" && $2 != "lwIP" {n += $3} END {print n}') - arena - state - mem))
    echo "$image, RAM:"
    printf '  %7d  %s\n' "$core" "core: libdet's, of which $state are mbedTLS's structures" "$mem" 'mem: request buffer and outbox' \
        "$net" 'net: the port' "$arena" "arena: mbedTLS's heap, of which the run tells the use" \
        "$(echo "$table" | sum ram lwIP)" 'lwIP: pools and packets' \
        "$(echo "$table" | sum ram libc mbedTLS libdet port libdet+mbedTLS)" 'writable data of libdet, its port, mbedTLS and libc' \
        "$rest" "all of the image's but lwIP, arena, mbedTLS's structures, mem and stack"
    echo "$image, the largest symbols:"
    arm-none-eabi-nm -S --size-sort -t d "$dir/$image.elf" | awk '$3 ~ /[tTrR]/ {printf "  %7d  %s\n", $2, $4}' | tail -n 10 | sort -rn
    case $image in
    hello-*)
        limit 'client without lwIP, TLS 1.2' "$client" 65536
        limit 'client with lwIP' "$whole" 102400
        limit 'RAM beside mbedTLS, lwIP and mem' "$rest" 3584
        ;;
    esac
done
exit $failed
