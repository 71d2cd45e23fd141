# SPDX-License-Identifier: Apache-2.0
# `make amalgam`: the library as det.c and det.h, each port as det_<name>.c and det_<name>.h, below B/amalgam.
amalgam:
	@sh port/amalgam/amalgam.sh '$(B)/amalgam'

.PHONY: amalgam
