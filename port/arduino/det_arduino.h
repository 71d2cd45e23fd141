/* SPDX-License-Identifier: Apache-2.0
 * The port for Arduino's Client: Ethernet, Wi-Fi, a modem. C++, as Client is.
 *
 *     EthernetClient client;
 *     det_arduino net;
 *     det_arduino_init(&net, client);
 *     det_options_init(&options, &net.port, mem, sizeof mem);
 *
 * One connection at a time per det_arduino. connect() and, with most libraries, write() block as long as the client does: see
 * its setConnectionTimeout() and setTimeout(). A board with randomness gives it for https: net.port.entropy. */
#ifndef DET_ARDUINO_H
#define DET_ARDUINO_H

#include <Arduino.h>
#include <Client.h>

#include "det_port.h"

/* Not to be moved while in use. */
typedef struct det_arduino {
    det_port port; /* hand &net.port to the library */
    Client *client;
    bool open;
    int64_t utc_s; /* at utc_ms of the port's clock */
    uint32_t utc_ms;
} det_arduino;

/* Prepare net; nothing to free. */
void det_arduino_init(det_arduino *net, Client &client);

/* It is so many seconds since 1970-01-01 UTC; to be set again within 24 days. */
void det_arduino_set_utc(det_arduino *net, int64_t seconds);

#endif
