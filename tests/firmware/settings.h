/* SPDX-License-Identifier: Apache-2.0
 * What differs from run to run, as a board has it in a page of flash of its own: QEMU's loader puts a text there.
 *
 *     url=https://master.test:8443      of the master
 *     token=… | user=… and pass=…
 *     time=10.0.2.2:8080                an HTTP server whose Date sets the clock; without it the clock stays unset
 *     dns=10.0.2.2:5300                 name server; without it the network's own, 10.0.2.3:53
 *     seed=64 hexadecimal digits        randomness of this run
 *     epochs=3   pace=0                 of the training; milliseconds between reports
 *     ca=                               PEM text up to the end */
#ifndef FIRMWARE_SETTINGS_H
#define FIRMWARE_SETTINGS_H

#include <stdint.h>

#include <lwip/ip_addr.h>

typedef struct fw_settings {
    char *url, *token, *user, *pass, *time, *ca; /* NULL: not set */
    ip_addr_t dns;
    uint16_t dns_port;
    uint8_t has_seed;
    uint8_t seed[32];
    uint32_t epochs, pace_ms;
} fw_settings;

extern fw_settings settings;

/* Reads them. 0: a line is not understood, it is told. */
int settings_read(void);

/* "HOST:PORT" cut at the colon in place. The port, 0 if there is none. */
uint16_t split_port(char *address);

#endif
