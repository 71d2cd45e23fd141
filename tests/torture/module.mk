# SPDX-License-Identifier: Apache-2.0
# The torture of the delivery. `make torture` is all of it, tests/run.sh's lane a sample. Included by the Makefile.
TORTURE_OBJ := $(patsubst %,$(B)/tests/torture/%.o,world load judge scenario torture power)
TORTURE_SHARED := $(filter-out %/torture.o %/power.o,$(TORTURE_OBJ))
SOAK_OBJ    := $(patsubst %,$(B)/tests/torture/%.o,relay series soak)
$(SOAK_OBJ): EXTRA += -D_DEFAULT_SOURCE
# The master's model without its sockets; its JSON reader.
TORTURE_MODEL = $(filter-out $(patsubst %,$(B)/tests/master/%.o,main net conn),$(MASTER_OBJ))
SOAK_MODEL := $(patsubst %,$(B)/tests/master/%.o,json arena buf)

$(B)/torture $(B)/power: $(B)/%: $(B)/tests/torture/%.o $(TORTURE_SHARED) $(FAKES) $(TORTURE_MODEL) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $< $(TORTURE_SHARED) $(FAKES) $(TORTURE_MODEL) -o $@ $(LIB) $(TLS_LIBS) -lyaml -lm $(LDFLAGS)

$(B)/soak: $(SOAK_OBJ) $(SOAK_MODEL) $(LIB) $(B)/det-master
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(SOAK_OBJ) $(SOAK_MODEL) -o $@ $(LIB) $(TLS_LIBS) -lm $(LDFLAGS)

torture: $(B)/torture $(B)/power $(B)/soak
	$(B)/torture --shard 0/2 & $(B)/torture --shard 1/2; s=$$?; wait $$! && exit $$s
	$(B)/power
	$(B)/soak --stalls 40
	$(B)/soak --kills 20
	$(B)/soak --plain --pipeline 1 --bytes 100000 --reports 30000

-include $(TORTURE_OBJ:.o=.d) $(SOAK_OBJ:.o=.d)
.PHONY: torture
