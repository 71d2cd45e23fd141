# SPDX-License-Identifier: Apache-2.0
# `make firmware`: images for a Cortex-M4 (MPS2 AN386, which QEMU has), built from Debian's lwIP and mbedTLS sources;
# `make test-qemu` runs them. APP-CONFIG.elf is tests/firmware/APP.c with tests/mbedtls-config/CONFIG.h; in hello's image libdet
# and mbedTLS are optimised together (-flto), which saves 6 KB.
# Debian packages: gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm dpkg-dev.
FW        := $(B)/firmware
FW_SRC    := $(B)/sources
FW_CC     := arm-none-eabi-gcc
FW_CPU    := -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16
FW_COMMON := $(FW_CPU) -std=c99 -Os -g -ffunction-sections -fdata-sections -fno-common
FW_INC    := -Iinclude -Itests/firmware -Iport/lwip-raw -Itests/mbedtls-config -Itests/demo -isystem $(FW_SRC)/lwip/src/include \
             -isystem $(FW_SRC)/mbedtls/include
FW_IMAGES := train-tls12-min train-tls13-min train-both hello-tls12-min

FW_LWIP_C    := $(patsubst %,core/%.c,def dns inet_chksum init ip mem memp netif pbuf tcp tcp_in tcp_out timeouts udp) \
                $(patsubst %,core/ipv4/%.c,etharp icmp ip4 ip4_addr) netif/ethernet.c
FW_MBEDTLS_C := aes asn1parse asn1write bignum bignum_core bignum_mod bignum_mod_raw block_cipher cipher cipher_wrap constant_time \
                ctr_drbg ecdh ecdsa ecp ecp_curves gcm hkdf md memory_buffer_alloc oid pk pk_ecc pk_wrap pkparse platform \
                platform_util psa_crypto psa_crypto_aead psa_crypto_cipher psa_crypto_client psa_crypto_driver_wrappers_no_static \
                psa_crypto_ecp psa_crypto_hash psa_crypto_mac psa_crypto_slot_management psa_util sha256 ssl_ciphersuites \
                ssl_client ssl_msg ssl_tls ssl_tls12_client ssl_tls13_client ssl_tls13_generic ssl_tls13_keys x509 x509_crt
FW_BOARD_C   := $(patsubst %,tests/firmware/%.c,start board lan9118 settings network clock figures)
FW_train_C   := tests/firmware/train.c tests/demo/mlp.c
FW_hello_C   := tests/firmware/hello.c
FW_LWIP_O    := $(FW_LWIP_C:%.c=$(FW)/lwip/%.o)

# Both at once: one stamp.
$(FW)/fetched: tests/firmware/sources.sh tests/aptroot.sh
	@mkdir -p $(@D)
	sh tests/firmware/sources.sh '$(FW_SRC)'
	@touch $@
$(addprefix $(FW_SRC)/lwip/src/,$(FW_LWIP_C)) $(FW_MBEDTLS_C:%=$(FW_SRC)/mbedtls/library/%.c): $(FW)/fetched ;

$(FW)/lwip/%.o: $(FW_SRC)/lwip/src/%.c
	@mkdir -p $(@D)
	@$(FW_CC) $(FW_COMMON) -std=gnu99 $(FW_INC) -MD -MP -c $< -o $@

# The digits that fit: a label and 64 pixels each.
$(FW)/digits.h: tests/data/digits.csv
	@mkdir -p $(@D)
	awk -F, '(NR % 6) == 0 {printf "{%s,{", $$65; for (i = 1; i <= 64; i++) printf "%s,", $$i; print "}},"}' $< >$@
$(filter $(FW)/train-%,$(FW_IMAGES:%=$(FW)/%/tests/firmware/train.o)): $(FW)/digits.h

# $1 application, $2 configuration of mbedTLS, $3 -flto or nothing: for libdet and mbedTLS
define FW_IMAGE
FW_$1-$2_O := $$(patsubst %.c,$(FW)/$1-$2/%.o,$(SRC) port/lwip-raw/det_lwip_raw.c $$(FW_BOARD_C) $$(FW_$1_C))
$(FW)/$1-$2/src/%.o: private FW_LTO = $3
$(FW)/$1-$2/%.o: %.c $(FW)/fetched
	@mkdir -p $$(@D)
	@$(FW_CC) $(FW_COMMON) $$(FW_LTO) $(WARN) $(FW_INC) -I$(FW) -DDET_CONFIG_FILE='"det-$1.h"' \
	    -DMBEDTLS_CONFIG_FILE='"$2.h"' -DMLP_UNITS=32 -DFIRMWARE_CONFIG='"$2"' -MD -MP -c $$< -o $$@
$(FW)/$1-$2.elf: $$(FW_$1-$2_O) $$(FW_LWIP_O) $$(FW_MBEDTLS_C:%=$(FW)/mbedtls-$2$3/%.o) tests/firmware/mps2.ld
	@echo 'linking $$@'
	@$(FW_CC) $(FW_COMMON) $(if $3,-flto-partition=one) -nostartfiles -specs=nano.specs -T tests/firmware/mps2.ld -Wl,--gc-sections \
	    -Wl,-Map=$$(@:.elf=.map) -o $$@ $$(filter %.o,$$^) -lm
endef
# $1 configuration, $2 -flto or nothing
define FW_MBEDTLS
$(FW)/mbedtls-$1$2/%.o: $(FW_SRC)/mbedtls/library/%.c
	@mkdir -p $$(@D)
	@$(FW_CC) $(FW_COMMON) $2 $(FW_INC) -DMBEDTLS_CONFIG_FILE='"$1.h"' -MD -MP -c $$< -o $$@
endef
$(foreach config,tls12-min tls13-min both,$(eval $(call FW_MBEDTLS,$(config))))
$(foreach config,tls12-min tls13-min both,$(eval $(call FW_IMAGE,train,$(config))))
$(eval $(call FW_MBEDTLS,tls12-min,-flto))
$(eval $(call FW_IMAGE,hello,tls12-min,-flto))

firmware: $(FW_IMAGES:%=$(FW)/%.elf)

$(FW)/dnsd: tests/firmware/dnsd.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $< -o $@ $(LDFLAGS)

# TLS 1.3 wants a master with mbedTLS 3.6; the ordinary one speaks 1.2.
test-qemu: firmware $(FW)/dnsd $(B)/det-master $(DETC)
	@B='$(B)' MBEDTLS36='$(MBEDTLS36)' sh tests/worlds/qemu.sh

-include $(wildcard $(FW)/mbedtls-*/*.d) $(FW_LWIP_O:.o=.d) $(foreach image,$(FW_IMAGES),$(FW_$(image)_O:.o=.d))
.PHONY: firmware test-qemu
