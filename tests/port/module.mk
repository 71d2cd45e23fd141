# SPDX-License-Identifier: Apache-2.0
# The conformance test of ports: for each world that runs on this machine a program, and the peer of them all. Included by the
# Makefile. Another world compiles CONFORM_SRC and a file of its own like port_posix.c.
CONFORM_SRC := $(addprefix tests/port/,conformance.c clock.c open.c bytes.c end.c wait.c supply.c link.c)
CONFORM_OBJ := $(CONFORM_SRC:%.c=$(B)/%.o) $(B)/tests/port/main.o
CONFORM     := posix template
$(B)/tests/port/port_%.o: EXTRA += -D_DEFAULT_SOURCE

$(CONFORM:%=$(B)/conform-%): $(B)/conform-%: $(B)/tests/port/port_%.o $(CONFORM_OBJ) $(LIB)
	$(CC) $(ALL_CFLAGS) $(filter-out $(LIB),$^) -o $@ $(LIB) $(TLS_LIBS) $(LDFLAGS) -pthread

$(B)/tests/port/port_template.o: private INC = $(TEST_INC) -Iport/template
$(B)/conform-template: $(B)/port/template/det_port_template.o

$(B)/conform-peer $(B)/conform-dns: $(B)/conform-%: tests/port/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -D_GNU_SOURCE $< -o $@ $(LDFLAGS) -pthread

conform: $(CONFORM:%=$(B)/conform-%) $(B)/conform-peer $(B)/conform-dns

-include $(CONFORM_OBJ:.o=.d) $(CONFORM:%=$(B)/tests/port/port_%.d)
.PHONY: conform

# ---- lwIP: conform-lwip runs in a network namespace with tap0, see tests/worlds/lwip.sh ------------------------------------
# Debian's lwIP sources, by tests/firmware/sources.sh. Their warnings are theirs.
LWIP        ?= $(B)/sources/lwip
LWIP_CORE   := core/*.c core/ipv4/*.c core/ipv6/*.c api/*.c netif/ethernet.c
LWIP_COMMON  = -isystem $(LWIP)/src/include -isystem tests/port/lwip
LWIP_UNIX    = $(LWIP_COMMON) -isystem $(LWIP)/contrib/ports/unix/port/include
LWIP_PORT   := $(wildcard port/lwip/*.c)
LWIP_OURS   := $(LWIP_PORT) tests/port/lwip/net.c tests/port/port_lwip.c
LWIP_HEADERS := $(wildcard port/lwip/*.h tests/port/*.h tests/port/lwip/*.h)

$(B)/lwip-unix.a: tests/port/lwip/lwipopts.h $(B)/flags
	@rm -rf '$(B)/lwip-unix' $@ && mkdir -p '$(B)/lwip-unix'
	top=$$(pwd) && cd '$(B)/lwip-unix' && $(CC) -w $(CFLAGS) -D_DEFAULT_SOURCE -I"$$top/tests/port/lwip" \
	    -I'$(abspath $(LWIP))/src/include' -I'$(abspath $(LWIP))/contrib/ports/unix/port/include' -c \
	    $(addprefix $(abspath $(LWIP))/src/,$(LWIP_CORE)) $(abspath $(LWIP))/contrib/ports/unix/port/sys_arch.c
	$(AR) rcs $@ $(B)/lwip-unix/*.o

$(B)/conform-lwip: $(LWIP_OURS) $(LWIP_HEADERS) $(CONFORM_OBJ) $(LIB) $(B)/lwip-unix.a
	$(CC) $(ALL_CFLAGS) -Iport/lwip -Itests/port $(LWIP_UNIX) -D_DEFAULT_SOURCE $(LWIP_OURS) $(CONFORM_OBJ) -o $@ $(LIB) \
	    $(B)/lwip-unix.a $(TLS_LIBS) $(LDFLAGS) -pthread
