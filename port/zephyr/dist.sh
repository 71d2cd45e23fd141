# SPDX-License-Identifier: Apache-2.0
# Sourced by port/dist/dist.sh: a Zephyr module, which is a west manifest repository too.
# shellcheck shell=sh disable=SC2086,SC2154,SC2016
library
copy port/zephyr/det_zephyr.c port/zephyr/det_zephyr.h
mkdir zephyr
cp "$top"/port/zephyr/zephyr/* zephyr
fill port/zephyr/CMakeLists.txt.in zephyr/CMakeLists.txt VERSION="$VERSION" SOURCES="$(each '${det}/' '' $SRC)"
fill port/zephyr/west.yml.in west.yml VERSION="$VERSION"
mkdir samples
cp -R "$top/port/zephyr/sample" samples/hello
