/* SPDX-License-Identifier: Apache-2.0
 * The session's public face: making it, its settings, and the blocking call as a thin loop over the engine. Knows no
 * byte of HTTP; exchange.c does the work. */
#include "fail.h"
#include "internal.h"

#include "../base/wipe.h"

/* The public storage holds the real thing: the knobs' sum in det_session.h must not fall behind. */
typedef char det__session_fits[sizeof(det__session) <= sizeof(det_session) ? 1 : -1];

enum { CONNECT_MS = 10000, SILENCE_MS = 30000, BUFFER_MIN = 512 };
#define TOTAL_MS INT32_C(300000) /* an enumerator is an int, which may have 16 bits */

static int render_lines(det__session *s, int auth, const char *token) {
    det__out o;
    det__out_init(&o, s->hdr, sizeof s->hdr);
    int rc = det__request_lines(&o, &s->url, token ? auth : DET__AUTH_NONE, token);
    if (rc != DET_OK && token) { /* the other lines stay */
        det__out_init(&o, s->hdr, sizeof s->hdr);
        if (det__request_lines(&o, &s->url, DET__AUTH_NONE, NULL) != DET_OK) o.len = 0;
    }
    s->hdr_len = o.len <= sizeof s->hdr ? (uint16_t)o.len : 0;
    return rc;
}

static int set_peer(det__session *s) {
    det__peer peer = {0};
    peer.host = s->url.host;
    peer.port = s->url.port;
    peer.noverify = s->opt.noverify != 0;
    peer.name = s->opt.tls_name;
    peer.ca_pem = s->opt.ca_pem;
    peer.ca_pem_len = s->opt.ca_pem_len;
    return det__stream_init(&s->stream, s->opt.port, &peer, s->url.tls);
}

static void set_defaults(det_session_options *o) {
    if (!o->connect_ms) o->connect_ms = CONNECT_MS;
    if (!o->silence_ms) o->silence_ms = SILENCE_MS;
    if (!o->total_ms) o->total_ms = TOTAL_MS;
    if (!o->log) o->log_level = DET_LOG_OFF;
}

static int init(det__session *s, const det_session_options *o) {
    if (!o || !o->port || !o->url || !o->buffer || (o->token && o->allocation_token)) return DET_E_ARG;
    if (o->buffer_len < BUFFER_MIN) return DET_E_SIZE;
    s->opt = *o;
    set_defaults(&s->opt);
    s->reason = DET__ONE_SHOT;
    int rc = det__url_parse(&s->url, o->url);
    if (rc != DET_OK) return rc;
    rc = o->token ? render_lines(s, DET__AUTH_BEARER, o->token)
                  : render_lines(s, DET__AUTH_ALLOCATION, o->allocation_token);
    if (rc == DET_OK) rc = set_peer(s);
    s->ready = rc == DET_OK;
    return rc;
}

int det_session_init(det_session *session, const det_session_options *o) {
    if (!session) return DET_E_ARG;
    det__session *s = det__session_of(session);
    memset(s, 0, sizeof *s);
    int rc = init(s, o);
    return rc == DET_OK ? rc : det__fail(s, rc, DET_STAGE_NONE, 0);
}

void det_session_free(det_session *session) {
    if (!session) return;
    det__session *s = det__session_of(session);
    if (s->ready) {
        det__stream_free(&s->stream);
        det__wipe(s->opt.buffer, s->opt.buffer_len); /* the last head, with its token */
    }
    det__wipe(s->rx, sizeof s->rx);
    s->ready = 0;
    s->phase = DET__IDLE;
    det__wipe(s->hdr, sizeof s->hdr);
}

int det_session_set_token(det_session *session, const char *token) {
    det__session *s = det__session_of(session);
    if (!s || !s->ready) return DET_E_ARG;
    return render_lines(s, DET__AUTH_BEARER, token);
}

static int set_persistent(det_session *session, uint8_t on, int reason) {
    det__session *s = det__session_of(session);
    if (!s || !s->ready) return DET_E_ARG;
    if (s->phase != DET__IDLE) return DET_E_STATE;
    det__exchange_close(s, reason);
    s->persistent = on;
    return DET_OK;
}

int det_session_begin(det_session *s) {
    return set_persistent(s, 1, DET__FIRST_USE);
}

int det_session_end(det_session *s) {
    return set_persistent(s, 0, DET__ONE_SHOT);
}

int det_session_start(det_session *session, const det_request *q) {
    det__session *s = det__session_of(session);
    if (!s || !s->ready || !q || !q->method || !q->path) return DET_E_ARG;
    if (s->phase != DET__IDLE) return DET_E_STATE;
    if (!q->body && !q->source && q->body_len) return DET_E_ARG;
    s->req = *q;
    return det__exchange_start(s);
}

#if DET_PIPELINE > 1
int det_session_pipe(det_session *session, const det_pipe *p) {
    det__session *s = det__session_of(session);
    if (!s || !s->ready || !p || !p->next || !p->done || !p->about || !p->depth) return DET_E_ARG;
    if (s->phase != DET__IDLE || !s->persistent) return DET_E_STATE;
    return det__exchange_pipe(s, p);
}
#endif

int det_session_step(det_session *session) {
    det__session *s = det__session_of(session);
    if (!s || !s->ready) return DET_E_ARG;
    if (s->phase == DET__IDLE) return DET_E_STATE;
    return det__exchange_step(s);
}

int det_session_wants(const det_session *session, det_wait *w, uint32_t *timeout_ms) {
    const det__session *s = det__session_of_const(session);
    w->handle = -1;
    w->events = 0;
    *timeout_ms = det__exchange_timeout(s);
    if (s->phase == DET__IDLE) return 1;
    w->handle = s->stream.conn.handle;
    w->events = det__exchange_wants(s);
    return w->events != 0;
}

int det_session_call(det_session *session, const det_request *q, det_response *out) {
    int rc = det_session_start(session, q);
    if (rc == DET_OK) rc = DET_E_AGAIN;
    while (rc == DET_E_AGAIN) {
        rc = det_session_step(session);
        det_wait w;
        uint32_t ms;
        if (rc != DET_E_AGAIN || !det_session_wants(session, &w, &ms)) continue;
        const det_port *p = det__session_of(session)->opt.port;
        p->wait(p->ctx, &w, 1, ms);
    }
    if (out && session) *out = det__session_of(session)->res;
    return rc;
}

void det_session_cancel(det_session *session) {
    det__session *s = det__session_of(session);
    if (!s || !s->ready || s->phase == DET__IDLE) return;
    det__exchange_close(s, DET__GIVEN_UP);
    s->phase = DET__IDLE;
    s->pipe = NULL;
}

int det__session_busy(const det_session *session) {
    const det__session *s = det__session_of_const(session);
    return s->ready && s->phase != DET__IDLE;
}

int det__session_give_up(det_session *session) {
    int sent = det__exchange_sent(det__session_of(session));
    det_session_cancel(session);
    return sent ? DET_E_UNSURE : DET_E_TIMEOUT;
}

const det_response *det_session_response(const det_session *session) {
    return &det__session_of_const(session)->res;
}

const det_failure *det_session_failure(const det_session *session) {
    return &det__session_of_const(session)->failure;
}

const char *det_session_errmsg(const det_session *session) {
    return det__session_of_const(session)->msg;
}

const det_session_stats *det_session_get_stats(const det_session *session) {
    return &det__session_of_const(session)->stats;
}
