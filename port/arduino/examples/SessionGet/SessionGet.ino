// SPDX-License-Identifier: Apache-2.0
// The session without the Core API, in 3 KB of RAM: asks the master who it is, once a minute, over one kept
// connection.
#include <SPI.h>
#include <Ethernet.h>
#include <det.h>
#include <det_arduino.h>

static const char master[] = "http://192.168.1.10:8080";

static EthernetClient client;
static det_arduino net;
static det_session session;
static char buffer[512];

static int show(void *, const det_response *, const void *data, size_t len) {
    Serial.write(static_cast<const uint8_t *>(data), len);
    return DET_OK;
}

void setup() {
    static byte mac[] = {0x02, 0, 0, 0, 0, 1};
    det_session_options opt;
    memset(&opt, 0, sizeof opt);
    Serial.begin(115200);
    if (Ethernet.begin(mac) == 0) Serial.println("no address");
    det_arduino_init(&net, client);
    opt.port = &net.port;
    opt.url = master;
    opt.buffer = buffer;
    opt.buffer_len = sizeof buffer;
    int rc = det_session_init(&session, &opt);
    if (rc == DET_OK) rc = det_session_begin(&session); // one connection for all calls
    if (rc != DET_OK) Serial.println(rc);
}

void loop() {
    det_request q;
    det_response r;
    memset(&q, 0, sizeof q);
    q.method = "GET";
    q.path = "/info";
    q.sink = show;
    int rc = det_session_call(&session, &q, &r);
    if (rc != DET_OK) Serial.println(rc);
    delay(60000);
}
