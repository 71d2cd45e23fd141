# SPDX-License-Identifier: Apache-2.0
# `make bench`: the report of all benchmarks, about four minutes. Ratios in one run; nothing timed is ever a test.
# Debian packages: libhttp-parser-dev, rapidjson-dev, libcurl4-openssl-dev (what ours is measured against), strace and
# valgrind (columns that are left out without them), openssl (the certificate).
CXX ?= c++
BENCH_OBJ := $(patsubst %,$(B)/tests/bench/%.o,bench bench_port)
BENCH_REQ := $(patsubst %,$(B)/tests/bench/%.o,bare bare_tls serve)
BENCH_LINK := $(patsubst %,$(B)/tests/bench/%.o,bare bare_tls delay raw)
BENCH_RATE := $(patsubst %,$(B)/tests/bench/%.o,bare delay curl)
BENCH_LIST := $(patsubst %,$(B)/tests/bench/%.o,bare delay)
BENCHES   := $(patsubst %,$(B)/bench/bench_%,seed syscalls request report worker link rate list head json)
$(sort $(BENCH_OBJ) $(BENCH_REQ) $(BENCH_LINK) $(BENCH_RATE)): EXTRA += -D_GNU_SOURCE

# Ours alone are given by name, so that what a wildcard finds in tests/bench stays out.
$(B)/bench/bench_seed $(B)/bench/bench_syscalls $(B)/bench/bench_report $(B)/bench/bench_worker: $(B)/bench/bench_%: tests/bench/bench_%.c $(BENCH_OBJ) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -D_GNU_SOURCE -MMD -MP -MF $@.d $< -o $@ $(BENCH_OBJ) $(LIB) $(TLS_LIBS) $(LDFLAGS)

$(B)/bench/bench_request: tests/bench/bench_request.c $(BENCH_REQ) $(BENCH_OBJ) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -D_GNU_SOURCE -MMD -MP -MF $@.d $< -o $@ $(BENCH_REQ) $(BENCH_OBJ) $(LIB) $(TLS_LIBS) $(LDFLAGS)

$(B)/bench/bench_link: tests/bench/bench_link.c $(BENCH_LINK) $(BENCH_OBJ) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -D_GNU_SOURCE -MMD -MP -MF $@.d $< -o $@ $(BENCH_LINK) $(BENCH_OBJ) $(LIB) $(TLS_LIBS) $(LDFLAGS)

$(B)/bench/bench_rate: tests/bench/bench_rate.c $(BENCH_RATE) $(BENCH_OBJ) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -D_GNU_SOURCE -MMD -MP -MF $@.d $< -o $@ $(BENCH_RATE) $(BENCH_OBJ) $(LIB) $(TLS_LIBS) $(LDFLAGS) -lcurl

$(B)/bench/bench_list: tests/bench/bench_list.c $(BENCH_LIST) $(BENCH_OBJ) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -D_GNU_SOURCE -MMD -MP -MF $@.d $< -o $@ $(BENCH_LIST) $(BENCH_OBJ) $(LIB) $(TLS_LIBS) $(LDFLAGS)

$(B)/bench/bench_head: tests/bench/bench_head.c $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Isrc -Itests -MMD -MP -MF $@.d $< -o $@ $(LIB) $(LDFLAGS) -lhttp_parser

$(B)/bench/bench_json: tests/bench/bench_json.cpp $(LIB)
	@mkdir -p $(@D)
	$(CXX) -std=c++11 -Iinclude -DDET_TLS=$(TLS) $(CFLAGS) -MMD -MP -MF $@.d $< -o $@ $(LIB) $(LDFLAGS)

# The worker is opt-in: its users link so.
$(B)/bench/bench_worker: private LDFLAGS += -pthread

bench: $(BENCHES) $(B)/det-master $(B)/detc
	@B='$(B)' TLS='$(TLS)' CC='$(CC)' CFLAGS='$(CFLAGS)' sh tests/bench/run.sh

-include $(BENCH_OBJ:.o=.d) $(BENCH_REQ:.o=.d) $(BENCH_LINK:.o=.d) $(BENCH_RATE:.o=.d) $(BENCHES:=.d)
.PHONY: bench
