# SPDX-License-Identifier: Apache-2.0
# Sourced by scripts: a master of our own on a free loopback port, with a certificate made on the spot.
#   make_certificate DIR      DIR/ca.pem, DIR/leaf.pem and DIR/leaf.key, for localhost and 127.0.0.1, two days valid
#   start_master DIR [OPT…]   starts $B/det-master; sets master_pid and master_port; its output goes to DIR/master.log
#   scratch                   a folder of the script's own, dir, that goes with it, as does a master; none of a user's settings
#   stop_master               by its pid; harmless when none runs

scratch() {
    dir=$(mktemp -d) || exit 1
    master_pid=
    trap 'stop_master; rm -rf "$dir"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    unset DET_MASTER DET_MASTER_ADDR DET_USER DET_PASS DET_USER_TOKEN DET_MASTER_CERT_FILE DET_MASTER_CERT_NAME NO_COLOR
}

make_certificate() {
    printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n' >"$1/leaf.ext" &&
    {
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj '/CN=libdet demo CA' \
            -keyout "$1/ca.key" -out "$1/ca.pem" &&
        openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=localhost' \
            -keyout "$1/leaf.key" -out "$1/leaf.csr" &&
        openssl x509 -req -in "$1/leaf.csr" -CA "$1/ca.pem" -CAkey "$1/ca.key" -set_serial 2 -days 2 \
            -extfile "$1/leaf.ext" -out "$1/leaf.pem"
    } >"$1/openssl.log" 2>&1 || {
        echo "cannot make a certificate with openssl:" >&2
        cat "$1/openssl.log" >&2
        return 1
    }
}

start_master() {
    master_dir=$1
    shift
    rm -f "$master_dir/port"
    "$B/det-master" --port 0 --port-file "$master_dir/port" "$@" >"$master_dir/master.log" 2>&1 &
    master_pid=$!
    tries=0
    while [ ! -s "$master_dir/port" ]; do
        tries=$((tries + 1))
        if [ "$tries" -gt 100 ] || ! kill -0 "$master_pid" 2>/dev/null; then
            echo "det-master does not start:" >&2
            cat "$master_dir/master.log" >&2
            return 1
        fi
        sleep 0.05
    done
    master_port=$(cat "$master_dir/port")
}

stop_master() {
    [ -n "${master_pid:-}" ] || return 0
    kill "$master_pid" 2>/dev/null
    wait "$master_pid" 2>/dev/null
    master_pid=
}
