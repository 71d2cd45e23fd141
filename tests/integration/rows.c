/* SPDX-License-Identifier: Apache-2.0
 * What det-master holds of reports whose values follow from group and step. */
#include "rows.h"

#include "det_posix.h"

static char body[1 << 20];
static size_t body_len;

static int keep(void *ctx, const det_response *r, const void *data, size_t len) {
    (void)ctx, (void)r;
    if (body_len + len >= sizeof body) return DET_E_SIZE;
    memcpy(body + body_len, data, len);
    body_len += len;
    body[body_len] = 0;
    return DET_OK;
}

static void call(det_session *s, const char *method, const char *path, const char *text) {
    det_request q;
    memset(&q, 0, sizeof q);
    body_len = 0;
    q.method = method;
    q.path = path;
    q.body = text;
    q.body_len = text ? strlen(text) : 0;
    q.sink = keep;
    CHECK_INT(det_session_call(s, &q, NULL), DET_OK);
}

/* The answer to a GET by somebody who logs in for it is in body. */
static void ask(const real_proc *m, const char *scheme, const char *path) {
    static char buffer[4096], token[512];
    det_session_options o;
    det_session s;
    memset(&o, 0, sizeof o);
    o.port = det_posix_port();
    o.url = real_url(scheme, "localhost", m->port);
    o.noverify = 1; /* what is tested is who reports */
    o.buffer = buffer;
    o.buffer_len = sizeof buffer;
    CHECK_INT(det_session_init(&s, &o), DET_OK);
    call(&s, "POST", "/api/v1/auth/login", "{\"username\":\"determined\",\"password\":\"\",\"isHashed\":true}");
    const char *at = strstr(body, "\"token\":\"");
    CHECK(at && sscanf(at, "\"token\":\"%511[^\"]", token) == 1);
    CHECK_INT(det_session_set_token(&s, token), DET_OK);
    call(&s, "GET", path, NULL);
    det_session_free(&s);
}

int rows_value(const char *group, int step) {
    return step * 3 + group[1];
}

void rows_are(const real_proc *m, const char *scheme, int64_t trial, const char *group, int n) {
    char path[160];
    int seen = 0, wrong = 0, step, v;
    snprintf(path, sizeof path, "/api/v1/trials/time-series?trialIds=%d&metricNames=v&group=%s&maxDatapoints=100000", (int)trial, group);
    ask(m, scheme, path);
    for (const char *p = body; (p = strstr(p, "{\"batches\":")) != NULL; p++) {
        int got = sscanf(p, "{\"batches\":%d,\"values\":{\"v\":%d}", &step, &v);
        wrong += got != 2 || step != ++seen || v != rows_value(group, step);
    }
    CHECK_INT(seen, n);
    CHECK_INT(wrong, 0);
}
