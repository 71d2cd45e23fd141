// SPDX-License-Identifier: Apache-2.0
// A hundred training reports and ten validation reports over Ethernet, on a board with 16 KB of RAM or more. Give the master's
// address and a token (in the answer of POST /api/v1/auth/login).
#include <SPI.h>
#include <Ethernet.h>
#include <det.h>
#include <det_arduino.h>

static const char master[] = "http://192.168.1.10:8080";
static const char token[] = "";

static EthernetClient client;
static det_arduino net;
static det_core core;
static unsigned char mem[4096];

static int report(int step) {
    det_metric loss = det_metric_int("loss_ppm", 1000000L / (step + 1));
    int rc = det_report_training_metrics(&core, step, &loss, 1);
    if (rc == DET_OK && (step + 1) % 10 == 0) rc = det_report_validation_metrics(&core, step, &loss, 1);
    return rc == DET_OK ? det_run(&core, 10000) : rc;
}

void setup() {
    static byte mac[] = {0x02, 0, 0, 0, 0, 1};
    det_options opt;
    Serial.begin(115200);
    if (Ethernet.begin(mac) == 0) Serial.println("no address");
    det_arduino_init(&net, client);
    det_options_init(&opt, &net.port, mem, sizeof mem);
    opt.master = master;
    opt.token = token;
    opt.name = "arduino-hello";
    int rc = det_open(&core, &opt);
    for (int step = 0; step < 100 && rc == DET_OK; step++) rc = report(step);
    if (rc == DET_OK) rc = det_close(&core, DET_COMPLETED, 30000);
    Serial.println(rc);
}

void loop() {}
