#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run the demo: against the master of DET_MASTER if that is set, else against one of our own over verified TLS.
set -u
here=$(dirname "$0")
B=${B:-build}
data=$here/../data/digits.csv
. "$here/master.sh"

if [ -n "${DET_MASTER:-}" ]; then
    exec "$B/demo" "$data" "$@"
fi

dir=$(mktemp -d) || exit 1
master_pid=
trap 'stop_master; rm -rf "$dir"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

if [ "${TLS:-1}" = 0 ]; then
    start_master "$dir" || exit 1
    DET_MASTER=http://localhost:$master_port
else
    make_certificate "$dir" || exit 1
    start_master "$dir" --tls "$dir/leaf.pem" "$dir/leaf.key" || exit 1
    DET_MASTER=https://localhost:$master_port
    DET_MASTER_CERT_FILE=$dir/ca.pem
    export DET_MASTER_CERT_FILE
fi
export DET_MASTER
unset DET_USER DET_PASS DET_USER_TOKEN DET_MASTER_CERT_NAME # ours knows the user determined, without a password
"$B/demo" "$data" "$@"
