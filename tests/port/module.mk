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

$(B)/conform-peer: tests/port/peer.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -D_GNU_SOURCE $< -o $@ $(LDFLAGS) -pthread

conform: $(CONFORM:%=$(B)/conform-%) $(B)/conform-peer

-include $(CONFORM_OBJ:.o=.d) $(CONFORM:%=$(B)/tests/port/port_%.d)
.PHONY: conform
