# SPDX-License-Identifier: Apache-2.0
# libdet. `make` builds the library and the examples, `make help` lists the targets. Honours CC CFLAGS LDFLAGS AR PREFIX
# DESTDIR LIBDIR; everything built goes to B, so the checkout may be read-only: make B=/tmp/b
B       ?= build
CC      ?= cc
AR      ?= ar
CFLAGS  ?= -O2 -g
PREFIX  ?= /usr/local
LIBDIR  ?= $(PREFIX)/lib
TLS     ?= 1

# Where another mbedTLS lives: make MBEDTLS=/opt/mbedtls-3.6 (with include/ and lib/ below it)
MBEDTLS ?=
# Debian 13's mbedTLS for the tests, fetched by `make deps`; `make clean` spares it.
MBEDTLS36 ?= $(B)/mbedtls36
ifeq ($(TLS),0)
TLS_INC  :=
TLS_LIBS :=
PC_FLAGS := -DDET_TLS=0
PC_LIBS  :=
else ifneq ($(MBEDTLS),)
TLS_INC  := -isystem $(abspath $(MBEDTLS))/include
TLS_LIBS := $(patsubst %,$(abspath $(MBEDTLS))/lib/lib%.a,mbedtls mbedx509 mbedcrypto)
PC_FLAGS := -I$(abspath $(MBEDTLS))/include
PC_LIBS  := $(TLS_LIBS)
else
TLS_INC  :=
TLS_LIBS := -lmbedtls -lmbedx509 -lmbedcrypto
PC_FLAGS :=
PC_LIBS  := $(TLS_LIBS)
endif

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wundef -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual
# Our own builds (tests, CI) say WERROR=1; a user's never get -Werror.
ifeq ($(WERROR),1)
WARN += -Werror
endif
# src/ and port/ see the public headers alone; the tests everything. EXTRA is for module.mk files.
ALL_CFLAGS = -std=c99 -Iinclude $(INC) $(WARN) -DDET_TLS=$(TLS) $(TLS_INC) $(EXTRA) $(CFLAGS)
TEST_INC  := -Isrc -Iport/posix -Itests

SRC  := $(wildcard src/base/*.c src/json/*.c src/http/*.c src/transport/*.c src/session/*.c src/core/*.c)
PORT := $(wildcard port/posix/*.c)
OBJ  := $(SRC:%.c=$(B)/%.o) $(PORT:%.c=$(B)/%.o)
LIB  := $(B)/libdet.a

# detc: hosted, in no library that is installed; libcli.a is for it and its tests.
CLI  := $(patsubst %.c,$(B)/%.o,$(filter-out src/cli/main.c,$(wildcard src/cli/*.c)))
LCLI := $(B)/libcli.a
DETC := $(B)/detc

EXAMPLES := $(patsubst tests/examples/%.c,$(B)/%,$(wildcard tests/examples/*.c))
UNITS    := $(patsubst tests/unit/test_%.c,$(B)/unit/test_%,$(wildcard tests/unit/test_*.c))
FAKES    := $(patsubst %.c,$(B)/%.o,$(wildcard tests/unit/fake_*.c))
FUZZERS  := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

all: lib detc examples
lib: $(LIB)
detc: $(DETC)
examples: $(EXAMPLES)
unit: $(UNITS)
fuzz: $(FUZZERS)

$(LIB): $(OBJ)
	@rm -f $@
	$(AR) rcs $@ $(OBJ)

$(LCLI): $(CLI)
	@rm -f $@
	$(AR) rcs $@ $(CLI)

$(DETC): $(B)/src/cli/main.o $(LCLI) $(LIB)
	$(CC) $(ALL_CFLAGS) $< -o $@ $(LCLI) $(LIB) $(TLS_LIBS) $(LDFLAGS)

$(B)/tests/%.o: private INC = $(TEST_INC)
$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(EXAMPLES): $(B)/%: tests/examples/%.c $(LIB)
	$(CC) $(ALL_CFLAGS) -MMD -MP -MF $@.d $< -o $@ $(LIB) $(TLS_LIBS) $(LDFLAGS)

$(UNITS): private INC = $(TEST_INC)
$(UNITS): $(B)/unit/test_%: tests/unit/test_%.c $(FAKES) $(LCLI) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -MF $@.d $< -o $@ $(FAKES) $(LCLI) $(LIB) $(TLS_LIBS) $(LDFLAGS) -lm

# With CC=clang and -fsanitize=fuzzer-no-link among CFLAGS: see tests/run.sh.
$(FUZZERS): private INC = $(TEST_INC)
$(FUZZERS): $(B)/fuzz/%: tests/fuzz/%.c $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer -MMD -MP -MF $@.d $< -o $@ $(LIB) $(TLS_LIBS) $(LDFLAGS) -lm

# Other flags than last time: everything is built again.
export FLAGS_NOW := $(CC) $(AR) $(ALL_CFLAGS) $(TLS_LIBS) $(LDFLAGS)
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' "$$FLAGS_NOW" | cmp -s - $@ || printf '%s\n' "$$FLAGS_NOW" >$@
FORCE:

# Others' targets: master, demo, bench, archives for other worlds. `all` stays the default goal.
-include $(wildcard tests/*/module.mk port/*/module.mk)

# ---- checks ----------------------------------------------------------------------------------------------------------
test:
	@B='$(B)' MBEDTLS36='$(MBEDTLS36)' sh tests/run.sh $(LANES)
asan ubsan:
	@B='$(B)' sh tests/run.sh $@
size:
	@sh tests/size/size.sh '$(B)'
layers:
	@sh tests/checks/layers.sh
api: $(LIB)
	@B='$(B)' CC='$(CC)' sh tests/checks/api.sh --list
deps:
	@sh tests/deps.sh '$(MBEDTLS36)'
deps-worlds:
	@sh tests/deps.sh '$(MBEDTLS36)' --worlds

# ---- installing ------------------------------------------------------------------------------------------------------
# Only a static library exists, so what it needs stands in Libs: it links with and without pkg-config --static.
VERSION = $(shell awk '/_(MAJOR|MINOR|PATCH) / {v = v d $$3; d = "."} END {print v}' include/det_version.h)
INSTALL ?= install
empty :=
install: $(LIB) $(DETC)
	$(INSTALL) -d '$(DESTDIR)$(PREFIX)/include' '$(DESTDIR)$(LIBDIR)/pkgconfig' '$(DESTDIR)$(LIBDIR)/cmake/det' '$(DESTDIR)$(PREFIX)/bin'
	$(INSTALL) -m 755 $(DETC) '$(DESTDIR)$(PREFIX)/bin'
	$(INSTALL) -m 644 include/*.h '$(DESTDIR)$(PREFIX)/include'
	$(INSTALL) -m 644 $(LIB) '$(DESTDIR)$(LIBDIR)'
	@printf '%s\n' 'prefix=$(PREFIX)' 'includedir=$${prefix}/include' 'libdir=$(LIBDIR:$(PREFIX)/%=$${prefix}/%)' '' 'Name: libdet' \
	    "Description: Determined's Core API in C" 'Version: $(VERSION)' \
	    'Cflags: $(strip -I$${includedir} $(PC_FLAGS))' 'Libs: $(strip -L$${libdir} -ldet $(PC_LIBS))' \
	    >'$(DESTDIR)$(LIBDIR)/pkgconfig/libdet.pc'
	@for f in det-config.cmake det-config-version.cmake; do \
	    sed -e 's|@VERSION@|$(VERSION)|' -e 's|@FLAGS@|$(PC_FLAGS)|' -e 's|@LIBS@|$(subst $(empty) $(empty),;,$(PC_LIBS))|' \
	        port/cmake/$$f.in >'$(DESTDIR)$(LIBDIR)/cmake/det/'$$f; done

clean:
	@[ ! -d '$(B)' ] || find '$(B)' -mindepth 1 -maxdepth 1 ! -path '$(MBEDTLS36)' ! -path '$(B)/sources' -exec rm -rf {} +

help:
	@printf '%s\n' \
	    'make          the library $(LIB), the command $(DETC) and the examples' \
	    'make demo     train a model and report it to a master of our own over TLS (to DET_MASTER if set)' \
	    'make test     every test; LANES="units-gcc layers" some of them (tests/run.sh)' \
	    'make bench    the benchmarks' \
	    'make size     bytes of flash, RAM and stack on microcontrollers; UPDATE=1 stores them' \
    'make firmware images for a Cortex-M4 with lwIP and mbedTLS; make test-qemu runs them in QEMU' \
    'make amalgam  the library as det.c and det.h' \
    'make test-worlds   ports, processors, package managers; WORLDS="musl mingw" some of them; make deps-worlds' \
	    'make install  headers, library, libdet.pc and detc to $$(DESTDIR)$$(PREFIX), PREFIX=$(PREFIX)' \
	    'make deps     install the Debian packages for all of this (as root)' \
	    'make asan, make ubsan   unit tests with a sanitizer' \
	    'make api, make layers   what the library exports; who includes whom' \
	    'make dist-cmake, dist-meson, … dist   archives for other build and package worlds: port/README.md' \
	    'make clean    empty $(B)' \
	    'Variables: B CC CFLAGS LDFLAGS AR PREFIX DESTDIR LIBDIR MBEDTLS=DIR TLS=0 WERROR=1'

-include $(OBJ:.o=.d) $(CLI:.o=.d) $(B)/src/cli/main.d $(FAKES:.o=.d) $(UNITS:=.d) $(EXAMPLES:=.d) $(FUZZERS:=.d)
.SECONDARY: $(FAKES)
.PHONY: all lib detc examples unit fuzz test asan ubsan size layers api deps deps-worlds install clean help FORCE
