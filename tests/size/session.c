/* SPDX-License-Identifier: Apache-2.0
 * What an image pays for the session, HTTP, JSON and doubles: a program that uses all of it, linked with unused
 * sections dropped. Never run. */
#include "det_json.h"
#include "det_session.h"

extern const det_port board_port;
static det_session session;
static char buffer[1536];

int main(void);
int main(void) {
    det_session_options o = {0};
    det_request q = {0};
    det_json_writer w;
    det_json_reader r;
    det_json_token t;
    int64_t i;
    double d = 0.5;
    o.port = &board_port;
    o.url = "master";
    o.buffer = buffer;
    o.buffer_len = sizeof buffer;
    det_json_write_init(&w, buffer, sizeof buffer, 0);
    det_json_object(&w);
    det_json_key(&w, "a");
    det_json_double(&w, d);
    det_json_key(&w, "b");
    det_json_int(&w, 1);
    det_json_bool(&w, 1);
    det_json_null(&w);
    det_json_string(&w, "s");
    det_json_raw(&w, "1", 1);
    det_json_array(&w);
    det_json_array_end(&w);
    det_json_object_end(&w);
    q.method = "POST";
    q.path = "/";
    q.body = buffer;
    q.body_len = (size_t)det_json_finish(&w);
    int rc = det_session_init(&session, &o);
    det_session_begin(&session);
    rc += det_session_call(&session, &q, NULL);
    det_session_end(&session);
    rc += *det_session_errmsg(&session);
    det_session_free(&session);
    det_json_read_init(&r, buffer, sizeof buffer);
    det_json_feed(&r, buffer, 5, 1);
    while (det_json_next(&r, &t) > 0) rc += det_json_to_int(&t, &i) + det_json_to_double(&t, &d);
    return rc;
}
