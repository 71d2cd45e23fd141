# SPDX-License-Identifier: Apache-2.0
# The torture of the delivery. `make torture` is all of it, tests/run.sh's lane a sample. Included by the Makefile.
TORTURE_OBJ := $(patsubst %,$(B)/tests/torture/%.o,world load judge scenario torture)
# The master's model without its sockets.
TORTURE_MODEL = $(filter-out $(patsubst %,$(B)/tests/master/%.o,main net conn),$(MASTER_OBJ))

$(B)/torture: $(TORTURE_OBJ) $(FAKES) $(TORTURE_MODEL) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(TORTURE_OBJ) $(FAKES) $(TORTURE_MODEL) -o $@ $(LIB) $(TLS_LIBS) -lyaml -lm $(LDFLAGS)

torture: $(B)/torture
	$(B)/torture --shard 0/2 & $(B)/torture --shard 1/2; s=$$?; wait $$! && exit $$s

-include $(TORTURE_OBJ:.o=.d)
.PHONY: torture
