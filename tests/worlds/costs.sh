#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The figures in det_config.h against what the knobs cost now. Last line: N passed, N failed.
cd "$(dirname "$0")/../.." || exit 1
exec sh tests/size/costs.sh "${B:-build}"
