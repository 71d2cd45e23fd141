# SPDX-License-Identifier: Apache-2.0
# Tests over real sockets: errors as a user meets them, broken answers, get as a program. `make real` builds them; run
# them from B, where det-master and get lie beside them. Included by the Makefile. Debian packages: openssl; nginx-light
# for one test, which is passed over without it.
REAL     := errors errors_core arguments refusals session_real get_real worker worker_far
REAL_BIN := $(REAL:%=$(B)/%)
REAL_OBJ := $(patsubst %,$(B)/tests/integration/%.o,real real_tell rows)
$(REAL_OBJ) $(REAL:%=$(B)/tests/integration/%.o): EXTRA += -D_DEFAULT_SOURCE

$(REAL_BIN): $(B)/%: $(B)/tests/integration/%.o $(REAL_OBJ) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $< $(REAL_OBJ) -o $@ $(LIB) $(TLS_LIBS) $(LDFLAGS)

# Serves a recording to a command, for cli.sh. Debian package: libjansson-dev.
$(B)/cli_replay: tests/integration/cli_replay.c tests/integration/replay_answer.c tests/integration/replay.h
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -D_GNU_SOURCE $(filter %.c,$^) -o $@ -ljansson $(LDFLAGS)

# The worker is opt-in: its users link so.
$(B)/worker $(B)/worker_far: private LDFLAGS += -pthread

real: $(REAL_BIN) $(B)/det-master $(B)/get $(B)/seed $(B)/cli_replay $(B)/detc

-include $(REAL_OBJ:.o=.d) $(REAL:%=$(B)/tests/integration/%.d)
.PHONY: real
