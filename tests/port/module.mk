# SPDX-License-Identifier: Apache-2.0
# The conformance test of ports: for each world that runs on this machine a program, and the peer of them all. Included by the
# Makefile. Another world compiles CONFORM_SRC and a file of its own like port_posix.c.
CONFORM_SRC := $(addprefix tests/port/,conformance.c clock.c open.c bytes.c end.c wait.c supply.c link.c)
CONFORM_OBJ := $(CONFORM_SRC:%.c=$(B)/%.o) $(B)/tests/port/main.o
CONFORM     := posix template mutants
$(B)/tests/port/port_%.o $(B)/tests/port/spawn_posix.o: EXTRA += -D_DEFAULT_SOURCE

$(CONFORM:%=$(B)/conform-%): $(B)/conform-%: $(B)/tests/port/port_%.o $(CONFORM_OBJ) $(LIB)
	$(CC) $(ALL_CFLAGS) $(filter-out $(LIB),$^) -o $@ $(LIB) $(TLS_LIBS) $(LDFLAGS) -pthread

$(B)/tests/port/port_template.o: private INC = $(TEST_INC) -Iport/template
$(B)/conform-template: $(B)/port/template/det_port_template.o
$(B)/conform-posix $(B)/conform-mutants: $(B)/tests/port/spawn_posix.o

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

$(B)/report-lwip: $(LWIP_OURS) $(LWIP_HEADERS) tests/port/report.c tests/port/report_main.c $(LIB) $(B)/lwip-unix.a
	$(CC) $(ALL_CFLAGS) -Iport/lwip -Itests/port $(LWIP_UNIX) -D_DEFAULT_SOURCE $(filter %.c,$^) -o $@ $(LIB) \
	    $(B)/lwip-unix.a $(TLS_LIBS) $(LDFLAGS) -pthread

# ---- FreeRTOS, its simulator for hosts, above the same lwIP ---------------------------------------------------------------
# The kernel's sources by tests/port/freertos.sh.
FREERTOS    ?= $(B)/sources/freertos
RTOS_POSIX  := portable/ThirdParty/GCC/Posix
RTOS_INC     = $(FREERTOS)/include $(FREERTOS)/$(RTOS_POSIX) $(FREERTOS)/$(RTOS_POSIX)/utils $(LWIP)/src/include \
    $(LWIP)/contrib/ports/freertos/include $(LWIP)/contrib/ports/unix/port/include tests/port/lwip tests/port/freertos
RTOS_OURS   := $(LWIP_PORT) port/freertos/det_freertos.c tests/port/lwip/net.c tests/port/freertos/main.c
RTOS_FLAGS   = -Iport/lwip -Iport/freertos -Itests/port $(RTOS_INC:%=-isystem %) -D_DEFAULT_SOURCE -DLOOK_MS=4
RTOS_HEADERS := $(LWIP_HEADERS) $(wildcard port/freertos/*.h tests/port/freertos/*.h)

$(B)/freertos-host.a: tests/port/lwip/lwipopts.h tests/port/freertos/FreeRTOSConfig.h $(B)/flags
	@rm -rf '$(B)/freertos-host' $@ && mkdir -p '$(B)/freertos-host'
	cd '$(B)/freertos-host' && $(CC) -w $(CFLAGS) -D_DEFAULT_SOURCE $(addprefix -I,$(abspath $(RTOS_INC))) -c \
	    $(addprefix $(abspath $(LWIP))/src/,$(LWIP_CORE)) $(abspath $(LWIP))/contrib/ports/freertos/sys_arch.c \
	    $(addprefix $(abspath $(FREERTOS))/,tasks.c queue.c list.c portable/MemMang/heap_3.c \
	    $(RTOS_POSIX)/port.c $(RTOS_POSIX)/utils/wait_for_event.c)
	$(AR) rcs $@ $(B)/freertos-host/*.o

$(B)/conform-freertos: $(RTOS_OURS) tests/port/port_freertos.c $(RTOS_HEADERS) $(CONFORM_OBJ) $(LIB) $(B)/freertos-host.a
	$(CC) $(ALL_CFLAGS) $(RTOS_FLAGS) $(RTOS_OURS) tests/port/port_freertos.c $(filter-out %/main.o,$(CONFORM_OBJ)) -o $@ $(LIB) \
	    $(B)/freertos-host.a $(TLS_LIBS) $(LDFLAGS) -pthread

$(B)/tasks-freertos: $(RTOS_OURS) tests/port/freertos/tasks.c tests/port/report.c $(RTOS_HEADERS) $(LIB) $(B)/freertos-host.a
	$(CC) $(ALL_CFLAGS) $(RTOS_FLAGS) $(RTOS_OURS) tests/port/freertos/tasks.c tests/port/report.c -o $@ $(LIB) \
	    $(B)/freertos-host.a $(TLS_LIBS) $(LDFLAGS) -pthread

# The same port on an emulated Cortex-M3, see tests/port/freertos/arm/board.c.
ARM_CC      ?= arm-none-eabi-gcc
ARM_INC      = tests/port/freertos/arm tests/port/lwip $(FREERTOS)/include $(FREERTOS)/portable/GCC/ARM_CM3 $(LWIP)/src/include \
    $(LWIP)/contrib/ports/freertos/include
ARM_CPU     := -mcpu=cortex-m3 -mthumb -Os -g -ffunction-sections -fdata-sections
ARM_FLAGS    = $(ARM_CPU) $(ARM_INC:%=-isystem %)

$(B)/conform-arm.elf: $(LWIP_PORT) $(RTOS_HEADERS) $(wildcard tests/port/freertos/arm/* tests/port/freertos/arm/arch/*) port/freertos/det_freertos.c $(CONFORM_SRC)
	@rm -rf '$(B)/arm' && mkdir -p '$(B)/arm'
	cd '$(B)/arm' && $(ARM_CC) $(ARM_CPU) $(addprefix -I,$(abspath $(ARM_INC))) -w -c \
	    $(addprefix $(abspath $(LWIP))/src/,$(LWIP_CORE)) $(abspath $(LWIP))/contrib/ports/freertos/sys_arch.c \
	    $(addprefix $(abspath $(FREERTOS))/,tasks.c queue.c list.c portable/MemMang/heap_4.c portable/GCC/ARM_CM3/port.c)
	$(ARM_CC) $(ARM_FLAGS) -std=c99 $(WARN) -Iinclude -Iport/lwip -Iport/freertos -Itests/port -DDET_CONN_SIZE=16 -DDET_TLS=0 \
	    $(LWIP_PORT) port/freertos/det_freertos.c $(CONFORM_SRC) tests/port/freertos/arm/board.c $(B)/arm/*.o -o $@ \
	    -nostartfiles --specs=rdimon.specs -T tests/port/freertos/arm/board.ld -Wl,--gc-sections

# ---- lwIP's raw API, without an operating system --------------------------------------------------------------------------
RAW_INC = $(LWIP)/src/include tests/port/lwip-raw $(LWIP)/contrib/ports/unix/port/include
RAW_C  := core/*.c core/ipv4/*.c core/ipv6/*.c netif/ethernet.c
RAW_OURS := port/lwip-raw/det_lwip_raw.c tests/port/port_lwip_raw.c

$(B)/lwip-raw.a: tests/port/lwip-raw/lwipopts.h $(B)/flags
	@rm -rf '$(B)/lwip-raw' $@ && mkdir -p '$(B)/lwip-raw'
	cd '$(B)/lwip-raw' && $(CC) -w $(CFLAGS) -D_DEFAULT_SOURCE $(addprefix -I,$(abspath $(RAW_INC))) -c \
	    $(addprefix $(abspath $(LWIP))/src/,$(RAW_C))
	$(AR) rcs $@ $(B)/lwip-raw/*.o

$(B)/conform-lwip-raw: $(RAW_OURS) $(wildcard port/lwip-raw/*.h tests/port/*.h) $(CONFORM_OBJ) $(LIB) $(B)/lwip-raw.a
	$(CC) $(ALL_CFLAGS) -Iport/lwip-raw -Itests/port $(RAW_INC:%=-isystem %) -D_GNU_SOURCE $(RAW_OURS) $(CONFORM_OBJ) -o $@ \
	    $(LIB) $(B)/lwip-raw.a $(TLS_LIBS) $(LDFLAGS)
