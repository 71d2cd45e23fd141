# SPDX-License-Identifier: Apache-2.0
# The master to test against and the replay of the recordings against it. Included by the Makefile.
# Debian packages: libyaml-dev, libjansson-dev (the replay's judge), libmbedtls-dev.
MASTER_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard tests/master/*.c))
$(MASTER_OBJ): $(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -D_GNU_SOURCE -MMD -MP -c $< -o $@

$(B)/det-master: $(MASTER_OBJ)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $^ -o $@ $(TLS_LIBS) -lyaml -lm $(LDFLAGS)

$(B)/replay: tests/integration/replay.c tests/integration/replay_answer.c tests/integration/replay_json.c tests/integration/replay.h $(B)/det-master
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -D_GNU_SOURCE $(filter %.c,$^) -o $@ -ljansson $(LDFLAGS)

$(B)/master-check: tests/master/check/live.c tests/unit/unit.h $(B)/det-master
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itests $< -o $@ $(LDFLAGS)

-include $(MASTER_OBJ:.o=.d)
