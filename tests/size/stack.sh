#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Deepest stack on a Cortex-M4 outside mbedTLS: frames from gcc's .su files, calls from the objects' relocations, calls
# through pointers from the list below. A tail call counts like any other. The functions of the port, of the caller and
# of mbedTLS count 0, those of libc and libgcc 32 bytes. Fails over the limit, on a frame that is not constant, on
# recursion, and on a call through a pointer in a file that the list does not know.
# $1: directory with the .o and .su files of size.sh. $2: limit in bytes.
set -eu
DIR=${1:?directory}
CROSS=${CROSS:-arm-none-eabi-}
# What a file's calls through pointers may reach in src/; "tables": what its own constant tables hold. A session's sink,
# next, done and source are the core's. Nothing: the port's functions (lock and unlock too), the spool's, the log hook and
# the callback for lost reports. A line of one function alone goes before its file's.
pointers() {
  sed 's/^/POINTERS /' <<'L'
src_session_exchange plain_open plain_send plain_recv plain_wants plain_close sink done
src_session_exchange:det__exchange_close plain_close
src_session_transmit plain_send next det__join_copy
src_session_transmit:copy_body det__join_copy
src_transport_stream plain_close
src_http_response tables
src_session_failure
src_session_session
src_core_call
src_core_core
src_core_deliver
src_core_engine_plain sink
src_core_engine
src_core_feed
src_core_join
src_core_outcome
src_core_report
src_core_runlog
src_core_spool
src_transport_plain
src_transport_ahead
src_transport_roots
L
}
{ pointers
  for o in "$DIR"/src_*.o; do
    f=$(basename "$o" .o)
    sed "s/^/FRAME $f /" "$DIR/$f.su"
    echo "FILE $f"
    "${CROSS}objdump" -r "$o"
    "${CROSS}objdump" -dr --no-show-raw-insn "$o"
  done
} | awk -v limit="${2:-1024}" '
  function plain(name) { sub(/\.[0-9]+$/, "", name); return name } # copy.constprop.0 is copy.constprop in .su files
  function fail(text) { print "  stack: " text; bad = 1 }
  $1 == "POINTERS" { known[$2] = 1; reach[$2] = " "; for (i = 3; i <= NF; i++) reach[$2] = reach[$2] $i " "; next }
  $1 == "FRAME" {
    n = split($3, part, ":")
    id = $2 ":" part[n]
    frame[id] = $4
    where[part[n]] = id # of an external one, or one that is named in the list: their names are unique
    if ($5 != "static") fail(part[n] " has a frame that is not constant")
    next
  }
  $1 == "FILE" { file = $2; next }
  /^RELOCATION RECORDS FOR/ { listing = 1; table = /\[\.rodata/ && reach[file] ~ / tables /; next }
  /^Disassembly/ { listing = 0 }
  listing { if (table && $2 == "R_ARM_ABS32") reach[file] = reach[file] plain($3) " "; next }
  /^[0-9a-f]+ <.*>:$/ { fn = file ":" plain(substr($2, 2, length($2) - 3)); next }
  $2 ~ /^R_ARM_THM_(CALL|JUMP24)$/ { calls[fn] = calls[fn] " " plain($3); next }
  $2 == "blx" || ($2 == "bx" && $3 != "lr") {
    if (!(file in known)) fail(fn " calls through a pointer that stack.sh does not know")
    calls[fn] = calls[fn] reach[fn in known ? fn : file]
  }
  function depth(id,   i, n, f, to, callee, d, most) {
    if (id in done) return done[id]
    if (active[id]) { fail(id " calls itself"); return 0 }
    active[id] = 1
    f = id; sub(/:.*/, "", f)
    n = split(calls[id], callee, " ")
    for (i = 1; i <= n; i++) {
      if (callee[i] == "tables") continue
      to = (f ":" callee[i]) in frame ? f ":" callee[i] : where[callee[i]]
      if (to == "") { d = 32 } else { callee[i] = to; d = depth(to) }
      if (d > most) { most = d; next_of[id] = callee[i] }
    }
    active[id] = 0
    return done[id] = frame[id] + most
  }
  END {
    for (id in frame) if (depth(id) > deepest) { deepest = done[id]; top = id }
    for (id = top; id != ""; id = next_of[id]) {
      name = id; sub(/.*:/, "", name)
      printf "  %6d  %s\n", id in frame ? frame[id] : 32, name
    }
    printf "  deepest stack outside mbedTLS: %d of %d\n", deepest, limit
    exit bad || deepest > limit || !deepest
  }'
