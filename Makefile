# SPDX-License-Identifier: Apache-2.0
# libdet. `make` builds the library and the examples, `make help` lists the targets. Honours CC CFLAGS LDFLAGS AR PREFIX
# DESTDIR; everything built goes to B, so the checkout may be read-only: make B=/tmp/b
B       ?= build
CC      ?= cc
AR      ?= ar
CFLAGS  ?= -O2 -g
PREFIX  ?= /usr/local
TLS     ?= 1

# Where another mbedTLS lives: make MBEDTLS=/opt/mbedtls-3.6 (with include/ and lib/ below it)
MBEDTLS ?=
ifneq ($(MBEDTLS),)
TLS_INC  := -isystem $(MBEDTLS)/include
TLS_LIBS := $(MBEDTLS)/lib/libmbedtls.a $(MBEDTLS)/lib/libmbedx509.a $(MBEDTLS)/lib/libmbedcrypto.a
else
TLS_INC  :=
TLS_LIBS := -lmbedtls -lmbedx509 -lmbedcrypto
endif
ifeq ($(TLS),0)
TLS_LIBS :=
endif

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wundef -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual
# Our own builds (tests, CI) say WERROR=1; a user's never get -Werror.
ifeq ($(WERROR),1)
WARN += -Werror
endif
ALL_CFLAGS := -std=c99 -Iinclude $(WARN) -DDET_TLS=$(TLS) $(TLS_INC) $(EXTRA) $(CFLAGS)

SRC  := $(wildcard src/base/*.c src/json/*.c src/http/*.c src/transport/*.c src/session/*.c src/core/*.c)
PORT := $(wildcard port/posix/*.c)
OBJ  := $(SRC:%.c=$(B)/%.o) $(PORT:%.c=$(B)/%.o)
LIB  := $(B)/libdet.a

EXAMPLES := $(patsubst tests/examples/%.c,$(B)/%,$(wildcard tests/examples/*.c))
UNITS    := $(patsubst tests/unit/test_%.c,$(B)/unit/test_%,$(wildcard tests/unit/test_*.c))
FAKES    := $(patsubst %.c,$(B)/%.o,$(wildcard tests/unit/fake_*.c))

all: $(LIB) examples

$(LIB): $(OBJ)
	@rm -f $@
	$(AR) rcs $@ $(OBJ)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -Isrc -Iport/posix -Itests -c $< -o $@

examples: $(EXAMPLES)
$(B)/%: tests/examples/%.c $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Iport/posix -MMD -MP -MF $@.d $< -o $@ $(LIB) $(TLS_LIBS) $(LDFLAGS)

unit: $(UNITS)
$(B)/unit/test_%: tests/unit/test_%.c $(FAKES) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Isrc -Iport/posix -Itests -MMD -MP -MF $@.d $< -o $@ $(FAKES) $(LIB) $(TLS_LIBS) $(LDFLAGS) -lm

clean:
	rm -rf $(B)

-include $(OBJ:.o=.d) $(FAKES:.o=.d) $(UNITS:=.d) $(EXAMPLES:=.d)
.PHONY: all examples unit clean
