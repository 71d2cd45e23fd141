# SPDX-License-Identifier: Apache-2.0
# `make demo`: the showcase program, trained against a master of our own on a loopback port (or against DET_MASTER).
DEMO_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard tests/demo/*.c))

$(B)/demo: $(DEMO_OBJ) $(LIB)
	$(CC) $(ALL_CFLAGS) -o $@ $(DEMO_OBJ) $(LIB) $(TLS_LIBS) $(LDFLAGS) -lm

demo: $(B)/demo $(B)/det-master
	@B='$(B)' TLS='$(TLS)' sh tests/demo/run.sh

-include $(DEMO_OBJ:.o=.d)
.PHONY: demo
