/* SPDX-License-Identifier: Apache-2.0
 * A master for tests of the outbox: behind the fake port, answers by path and keeps what it was reported, in order, but for
 * what a newer run archives (contract 5.6). One thread, one at a time. */
#ifndef LITTLE_MASTER_H
#define LITTLE_MASTER_H

#include "unit/fake_port.h"
#include "unit/unit.h"

enum { LITTLE_MOST = 65536 };

static struct {
    int n;                     /* reports taken */
    int steps[LITTLE_MOST];
    char group[LITTLE_MOST];   /* its first letter: t, v, g for profiling, any other custom */
    int run[LITTLE_MOST];
    int silent;                /* reports are stored but not answered */
    int cut;                   /* this many reports to come end their connection, not taken */
    int run_id;
} little;

static void little_reply(fake_port *p, int conn, const char *body) {
    char text[512];
    snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
    fake_puts(p, conn, 1, text);
}

static int little_part(char group) {
    return group == 't' ? 0 : group == 'v' ? 1 : 2;
}

/* A report of a newer run archives the older runs' rows of its own part at its steps and above, of the others above. */
static void little_archive(int steps, char group) {
    int n = 0;
    for (int i = 0; i < little.n; i++) {
        int above = little.steps[i] >= steps + (little_part(little.group[i]) != little_part(group));
        if (above && little.run[i] < little.run_id && little.group[i] != 'g' && group != 'g') continue;
        little.steps[n] = little.steps[i];
        little.group[n] = little.group[i];
        little.run[n++] = little.run[i];
    }
    little.n = n;
}

static void little_report(fake_port *p, int conn, const char *body) {
    const char *steps = strstr(body, "\"stepsCompleted\":"), *group = strstr(body, "\"group\":\"");
    if (little.cut) {
        little.cut--;
        fake_end(p, conn, 1, FAKE_RESET);
        return;
    }
    if (steps && group && little.n < LITTLE_MOST) {
        if (little.n && little.run[0] < little.run_id) little_archive(atoi(steps + 17), group[9]);
        little.steps[little.n] = atoi(steps + 17);
        little.run[little.n] = little.run_id;
        little.group[little.n++] = group[9];
    }
    if (!little.silent) little_reply(p, conn, "{}");
}

static size_t little_serve(void *ctx, fake_port *p, int conn, const uint8_t *in, size_t n) {
    static char text[70000];
    char start[64];
    (void)ctx;
    size_t len = fake_request_len(in, n);
    if (!len || len >= sizeof text) return 0;
    memcpy(text, in, len);
    text[len] = 0;
    const char *body = strstr(text, "\r\n\r\n") + 4;
    *strstr(text, "\r\n") = 0;
    snprintf(start, sizeof start, "{\"trialRunId\":%d,\"stepsCompleted\":0}", little.run_id + 1);
    if (strstr(text, "/metrics")) little_report(p, conn, body);
    else if (strstr(text, "/experiments")) little_reply(p, conn, "{\"experiment\":{\"id\":7}}");
    else if (strstr(text, "/runs/start")) little_reply(p, conn, "{\"storageId\":4}");
    else if (strstr(text, "/start")) little.run_id++, little_reply(p, conn, start);
    else if (strstr(text, " /api/v1/master")) little_reply(p, conn, "{\"clusterId\":\"c1\"}");
    else little_reply(p, conn, "{\"trial\":{\"id\":9,\"taskId\":\"7.abc\"}}");
    return len;
}

static void little_init(fake_port *p) {
    memset(&little, 0, sizeof little);
    fake_init(p, NULL, 0);
    p->server = little_serve;
}

#endif
