# SPDX-License-Identifier: Apache-2.0
# Sourced by manifests.sh: Arduino. Debian's arduino-builder builds a sketch with the library for an ATmega2560, and QEMU runs it
# beside a master; the example HelloReport, which wants more RAM than an AVR has, is built for the host on what manifests/arduino
# has of Arduino, and reports. No package registry has another board's core, arduino-cli or Ethernet.
# shellcheck shell=sh disable=SC2154
unpack || return
library=$archive/libdet
sketches=tests/worlds/manifests/arduino

# ---- HelloReport on the host -----------------------------------------------------------------------------------------
login() { # to the master that runs: sets token
    printf '\n' | XDG_CONFIG_HOME="$dir/login" "$B/detc" -m "http://localhost:$master_port" user login determined --password-stdin >/dev/null 2>&1
    token=$(sed -n 's/.*"determined": *"\([^"]*\)".*/\1/p' "$dir/login/determined/auth.json")
}
on_host() { # builds HelloReport for the master that runs and runs it
    login
    sed -e "s|http://192.168.1.10:8080|$DET_MASTER|" -e "s|token\[\] = \"\"|token[] = \"$token\"|" \
        "$library/examples/HelloReport/HelloReport.ino" >"$dir/hello.cpp"
    echo 'int main() { setup(); }' >>"$dir/hello.cpp"
    find "$library/src" -name '*.c' | xargs gcc -std=c99 -O1 -DARDUINO=10819 -I"$library/src" -c &&
        g++ -std=c++11 -Wall -Wextra -O1 -I"$library/src" -I"$top/$sketches/host" "$dir/hello.cpp" "$library/src/det_arduino.cpp" ./*.o -o hello &&
        ./hello >hello.out && grep -qx 'result 0' hello.out
}
top=$(pwd)
start_master "$dir"
(
    mkdir "$dir/host" && cd "$dir/host" || exit
    DET_MASTER=http://localhost:$master_port
    on_host
) >"$dir/log" 2>&1
check "HelloReport is built for the host and ends with DET_OK" $?
stop_master
grep -q '"reports":110,' "$dir/master.log"
ok "the master was told its 110 reports" $?
step "SessionGet compiles" g++ -std=c++11 -Wall -Wextra -I"$library/src" -I"$sketches/host" -fsyntax-only -x c++ \
    "$library/examples/SessionGet/SessionGet.ino"

# ---- the library on an AVR -------------------------------------------------------------------------------------------
hardware=/usr/share/arduino/hardware
if ! command -v arduino-builder >/dev/null || [ ! -d "$hardware/arduino/avr" ]; then
    skip "no arduino-builder: Debian's arduino-builder and arduino-core-avr"
fi
with arduino-builder -version
echo "$world: $(dpkg-query -W -f '${Package} ${Version}' arduino-core-avr 2>/dev/null), $(avr-gcc --version | head -n 1)"
mkdir "$dir/libraries" "$dir/avr" && cp -R "$library" "$dir/libraries" && cp -R "$sketches/SerialGet" "$dir"
start_master "$dir"
echo "#define MASTER \"http://localhost:$master_port\"" >"$dir/SerialGet/where.h"
# The compiler's float.h has no DECIMAL_DIG in C++, which this core asks for; its double has 32 bits, which libdet refuses but for a
# look at the rest: the session has no doubles.
refuses "a compiler with doubles of 32 bits is refused" det__double_has_64_bits avr-gcc -std=gnu11 -mmcu=atmega2560 -DARDUINO=10819 \
    -I"$library/src" -fsyntax-only "$library/src/base/dtoa_small.c"
step "arduino-builder builds a sketch for an ATmega2560" arduino-builder -compile -hardware $hardware -hardware /usr/share/arduino-builder \
    -tools /usr/bin -libraries "$dir/libraries" -fqbn arduino:avr:mega:cpu=atmega2560 -build-path "$dir/avr" \
    -prefs=compiler.c.extra_flags=-DDET__ANY_DOUBLE -prefs=compiler.cpp.extra_flags=-DDECIMAL_DIG=__DECIMAL_DIG__ "$dir/SerialGet/SerialGet.ino"
sed -n 's/^\(Sketch uses\|Global variables use\)/arduino: &/p' "$dir/log"
if command -v qemu-system-avr >/dev/null; then
    : >"$dir/said"
    timeout 60 qemu-system-avr -M mega2560 -bios "$dir/avr/SerialGet.ino.elf" -display none -monitor none -serial "file:$dir/said" \
        -serial "tcp:127.0.0.1:$master_port" >"$dir/log" 2>&1 </dev/null &
    qemu=$!
    tries=0
    until grep -q 'bytes' "$dir/said" || [ $tries -ge 120 ]; do
        tries=$((tries + 1))
        sleep 0.5
    done
    kill $qemu 2>/dev/null
    wait $qemu 2>/dev/null
    cat "$dir/said" >>"$dir/log"
    grep -q '^result 0 status 200 bytes [1-9]' "$dir/said"
    check "in QEMU twenty requests are answered" $?
    stop_master
    grep -q '"requests":20,' "$dir/master.log" && grep -q '"connections":1,' "$dir/master.log"
    ok "over one connection" $?
else
    echo "skipped: arduino: running it: no qemu-system-avr (Debian's qemu-system-misc)"
    stop_master
fi
