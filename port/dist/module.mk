# SPDX-License-Identifier: Apache-2.0
# `make dist-WORLD`: libdet as an archive in the layout of one build or package world, below $(B)/dist; `make dist` all of
# them. What goes in is what this Makefile builds: SRC, PORT and VERSION are handed on, no list is kept twice. Included by
# the Makefile. See port/README.md for how each is used.
DIST_WORLDS := $(patsubst port/%/dist.sh,%,$(wildcard port/*/dist.sh))

dist: $(DIST_WORLDS:%=dist-%)
$(DIST_WORLDS:%=dist-%): dist-%:
	@B='$(B)' VERSION='$(VERSION)' SRC='$(SRC)' PORT='$(PORT)' sh port/dist/dist.sh '$*'

.PHONY: dist $(DIST_WORLDS:%=dist-%)
