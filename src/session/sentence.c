/* SPDX-License-Identifier: Apache-2.0
 * The one sentence about a failure: stage, address, what happened and what to do. Never sees a token: it is given
 * method, path without query, address and status only. With DET_ERROR_TEXTS=0 nothing of this is built. */
#include "internal.h"

#if DET_ERROR_TEXTS

static void begin(det__session *s, det__out *o, int stage) {
    det__out_init(o, s->msg, sizeof s->msg - 1);
    if (stage == DET_STAGE_NONE) return;
    det__out_str(o, det_stage_name(stage));
    det__out_str(o, ": ");
    det__url_authority(&s->url, o);
    det__out_str(o, ": ");
}

static void end(det__session *s, const det__out *o) {
    size_t n = o->len < o->cap ? o->len : o->cap;
    s->msg[n] = 0;
    s->msg_len = (uint16_t)n;
}

static const char *detail_name(int stage) {
    if (stage == DET_STAGE_TLS) return " (mbedTLS ";
    return stage >= DET_STAGE_HTTP ? " (status " : " (os error ";
}

void det__sentence_failure(det__session *s) {
    const det_failure *f = &s->failure;
    det__out o;
    begin(s, &o, f->stage);
    det__out_str(&o, det_strerror(f->code));
    if (f->code == DET_E_NAME && f->detail == DET__DETAIL_IP_NAME) {
        det__out_str(&o, "; this mbedTLS cannot check an address, only host names");
    } else if (f->detail) {
        det__out_str(&o, detail_name(f->stage));
        det__out_i64(&o, f->detail);
        det__out_ch(&o, ')');
    }
    end(s, &o);
}

/* Without the query: it may hold anything. */
void det__sentence_status(det__session *s) {
    enum { PATH_MOST = 72 };
    det_request q = s->req;
    size_t n = 0;
    det__out o;
    if (det__pipe_of(s)) s->pipe->about(s->pipe->ctx, &q);
    const char *path = q.path;
    begin(s, &o, DET_STAGE_SERVER);
    det__out_str(&o, q.method);
    det__out_ch(&o, ' ');
    while (n < PATH_MOST && path[n] && path[n] != '?') n++;
    det__out_mem(&o, path, n);
    det__out_str(&o, " answered ");
    det__out_i64(&o, s->res.status);
    det__out_str(&o, ": ");
    end(s, &o);
}

/* Behind the server's own words, or in their place. */
void det__sentence_hint(det__session *s) {
    size_t n = s->msg_len;
    det__out o;
    int code = s->failure.code, silent = !s->msg[n];
    if (!silent && code != DET_E_AUTH && code != DET_E_RUN) return;
    while (s->msg[n]) n++;
    det__out_init(&o, s->msg, sizeof s->msg - 1);
    o.len = n;
    det__out_str(&o, silent ? "" : "; ");
    det__out_str(&o, s->res.status < 400 ? "redirects are not followed" : det_strerror(code));
    end(s, &o);
}

static const char *const reasons[] = {
    "one-shot",      "first use",     "closed by the peer",       "closed by the peer while idle",
    "idle too long", "the kept one had died", "after a fault", "after a request given up", "out of step",
};

const char *det__sentence_connection(const det__session *s, char line[DET__LINE_SIZE]) {
    det__out o;
    det__out_init(&o, line, DET__LINE_SIZE - 1);
    det__out_str(&o, "connection opened: ");
    det__url_authority(&s->url, &o);
    det__out_str(&o, " (");
    det__out_str(&o, reasons[s->reason]);
    det__out_ch(&o, ')');
    line[o.len < o.cap ? o.len : o.cap] = 0;
    return line;
}

#else
typedef int det__sentence_nothing;
#endif
