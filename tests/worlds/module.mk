# SPDX-License-Identifier: Apache-2.0
# Every world that the library is built for and run in; tests/run.sh samples them. Included by the Makefile.
test-worlds:
	@B='$(B)' MBEDTLS36='$(MBEDTLS36)' sh tests/worlds/run.sh $(WORLDS)

.PHONY: test-worlds
