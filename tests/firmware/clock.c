/* SPDX-License-Identifier: Apache-2.0
 * See clock.h. One HEAD request over the port alone, without a session: all of the answer that matters is one line. */
#include "clock.h"

#include <string.h>

#include "board.h"
#include "network.h"
#include "settings.h"

enum { BUDGET_MS = 10000 };

static const char REQUEST[] = "HEAD / HTTP/1.0\r\n\r\n";

static int two(const char *s) {
    return (s[0] - '0') * 10 + s[1] - '0';
}

static int month_of(const char *s) {
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int m = 0; m < 12; m++)
        if (memcmp(s, names + 3 * m, 3) == 0) return m + 1;
    return 0;
}

/* Years begin in March, so that the leap day is the last. */
static int64_t days_of(int year, int month, int day) {
    int y = month <= 2 ? year - 1 : year, m = month <= 2 ? month + 9 : month - 3;
    return (int64_t)y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 719469;
}

/* "Thu, 26 Nov 2026 10:34:24 GMT", at the very least so long. */
static int64_t seconds_of(const char *date) {
    const char *d = date + 5;
    int month = month_of(d + 3);
    if (!month || memcmp(d + 20, " GMT", 4) != 0) return DET_UTC_UNKNOWN;
    return days_of(two(d + 7) * 100 + two(d + 9), month, two(d)) * 86400 + two(d + 12) * 3600 + two(d + 15) * 60 + two(d + 18);
}

static int64_t date_in(const char *head, size_t len) {
    static const char name[] = "\r\nDate: ";
    enum { NAME = sizeof name - 1, DATE = 29 };
    for (; len >= NAME + DATE; head++, len--)
        if (memcmp(head, name, NAME) == 0) return seconds_of(head + NAME);
    return DET_UTC_UNKNOWN;
}

/* After DET_E_AGAIN: wait for events, unless the time is up. */
static int again(const det_conn *conn, int events, uint32_t began) {
    det_wait w = {conn->handle, events};
    uint32_t past = board_ms() - began;
    if (past >= BUDGET_MS) return DET_E_TIMEOUT;
    (void)net.port.wait(&net, &w, 1, BUDGET_MS - past);
    return DET_OK;
}

static int connect(det_conn *conn, const char *host, uint16_t port, uint32_t began) {
    int rc;
    do rc = net.port.open(&net, conn, host, port, BUDGET_MS);
    while (rc == DET_E_AGAIN && (rc = again(conn, DET_WANT_WRITE, began)) == DET_OK);
    return rc;
}

/* To the end of the answer, as much of it as there is room for. Its length, or an error. */
static int exchange(det_conn *conn, char *head, size_t cap, uint32_t began) {
    size_t len = 0;
    int rc = net.port.send(&net, conn, REQUEST, sizeof REQUEST - 1); /* an empty window takes it whole */
    while ((rc > 0 || rc == DET_E_AGAIN) && len < cap) {
        rc = net.port.recv(&net, conn, head + len, cap - len);
        if (rc > 0) len += (size_t)rc;
        else if (rc == DET_E_AGAIN && (rc = again(conn, DET_WANT_READ, began)) == DET_OK) rc = DET_E_AGAIN;
    }
    return len ? (int)len : rc;
}

int clock_from_date(char *server) {
    char head[400];
    det_conn conn = {0};
    uint32_t began = board_ms();
    uint16_t port = split_port(server);
    conn.handle = -1;
    int rc = connect(&conn, server, port ? port : 80, began);
    if (rc == DET_OK) rc = exchange(&conn, head, sizeof head, began);
    net.port.close(&net, &conn);
    if (rc < 0) return rc;
    int64_t utc = date_in(head, (size_t)rc);
    if (utc == DET_UTC_UNKNOWN) return DET_E_HTTP;
    clock_set(utc);
    return DET_OK;
}
