/* SPDX-License-Identifier: Apache-2.0
 * What went wrong, kept: code, stage and detail, and one sentence with address and the server's own words. Also the
 * session's log lines. Must never see a token: it is given method, path without query, address and status only. */
#include "fail.h"
#include "internal.h"

#include <string.h>

enum { LINE_SIZE = 200 };

static void put_address(det__session *s, det__out *o) {
    det__url_authority(&s->url, o);
}

static void terminate(det__session *s, const det__out *o) {
    size_t n = o->len < sizeof s->msg - 1 ? o->len : sizeof s->msg - 1;
    s->msg[n] = 0;
    s->msg_len = (uint16_t)n;
}

/* The server's words are shown on terminals and kept in logs: no control characters. */
static void clean(char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F) *text = '?';
}

static const char *detail_name(int stage) {
    if (stage == DET_STAGE_TLS) return " (mbedTLS ";
    return stage == DET_STAGE_HTTP || stage == DET_STAGE_SERVER ? " (status " : " (os error ";
}

static void log_line(det__session *s, int level, const char *line) {
    if (level <= s->log_level) s->log(s->log_ctx, level, line);
}

int det__fail(det__session *s, int code, int stage, long detail) {
    det__out o;
    s->failure.code = code;
    s->failure.stage = stage;
    s->failure.detail = detail;
    det__out_init(&o, s->msg, sizeof s->msg - 1);
    if (stage != DET_STAGE_NONE) {
        det__out_str(&o, det_stage_name(stage));
        det__out_str(&o, ": ");
        put_address(s, &o);
        det__out_str(&o, ": ");
    }
    det__out_str(&o, det_strerror(code));
    if (detail) {
        det__out_str(&o, detail_name(stage));
        det__out_i64(&o, detail);
        det__out_ch(&o, ')');
    }
    terminate(s, &o);
    log_line(s, DET_LOG_ERROR, s->msg);
    return code;
}

/* "server: HOST:PORT: METHOD /path answered STATUS" without the query: it may hold anything. */
static void begin_server_message(det__session *s) {
    enum { PATH_MAX_LEN = 72 };
    det__out o;
    size_t path = 0;
    det__out_init(&o, s->msg, sizeof s->msg - 1);
    det__out_str(&o, "server: ");
    put_address(s, &o);
    det__out_str(&o, ": ");
    det__out_str(&o, s->req.method);
    det__out_ch(&o, ' ');
    while (path < PATH_MAX_LEN && s->req.path[path] && s->req.path[path] != '?') path++;
    det__out_mem(&o, s->req.path, path);
    det__out_str(&o, " answered ");
    det__out_i64(&o, s->res.status);
    terminate(s, &o);
}

/* The three shapes of a master's error (contract 0.5-0.7), in the order Python looks at them. */
void det__fail_body(det__session *s, const void *data, size_t len) {
    static const char *const paths[3] = {"message", "error.message", "error.error"};
    if (!s->picking) {
        begin_server_message(s);
        size_t used = s->msg_len + 2u < sizeof s->msg ? s->msg_len + 2u : sizeof s->msg - 1;
        for (size_t i = 0; i < 3; i++) {
            memset(&s->picks[i], 0, sizeof s->picks[i]);
            s->picks[i].path = paths[i];
            s->picks[i].kind = DET__PICK_TEXT;
            s->picks[i].dst = s->msg + used;
            s->picks[i].cap = sizeof s->msg - used;
        }
        det__picker_init(&s->picker, s->picks, 3);
        s->picking = 1;
    }
    (void)det__picker_feed(&s->picker, data, len); /* a body that is no JSON gives no message */
}

static int found_message(const det__session *s) {
    return s->picking && (s->picks[0].found || s->picks[1].found || s->picks[2].found);
}

static int code_of(int status) {
    switch (status) {
    case 401:
        return DET_E_AUTH;
    case 403:
        return DET_E_FORBIDDEN;
    case 404:
        return DET_E_NOT_FOUND;
    case 502:
    case 503:
    case 504:
        return DET_E_BUSY;
    default:
        return DET_E_SERVER;
    }
}

int det__fail_status(det__session *s) {
    if (s->res.status >= 200 && s->res.status < 300) return DET_OK;
    s->failure.code = code_of(s->res.status);
    s->failure.stage = DET_STAGE_SERVER;
    s->failure.detail = s->res.status;
    if (!s->picking) begin_server_message(s);
    det__out o;
    det__out_init(&o, s->msg, sizeof s->msg - 1);
    o.len = s->msg_len;
    det__out_str(&o, ": ");
    if (found_message(s))
        o.len += strlen(s->msg + o.len);
    else
        det__out_str(&o, det_strerror(s->failure.code));
    terminate(s, &o);
    clean(s->msg);
    log_line(s, DET_LOG_WARN, s->msg);
    return s->failure.code;
}

void det__log_connection(det__session *s) {
    char line[LINE_SIZE];
    det__out o;
    if (s->stream.peer.noverify && s->url.tls)
        log_line(s, DET_LOG_WARN, "noverify: the certificate of this connection is not checked");
    if (s->log_level < DET_LOG_DEBUG) return;
    det__out_init(&o, line, sizeof line - 1);
    det__out_str(&o, "connection opened: ");
    put_address(s, &o);
    det__out_str(&o, " (");
    det__out_str(&o, s->reason);
    det__out_ch(&o, ')');
    line[o.len < sizeof line - 1 ? o.len : sizeof line - 1] = 0;
    log_line(s, DET_LOG_DEBUG, line);
}

/* ---- for core/ ----------------------------------------------------------------------------------------------------- */

int det__session_fail(det_session *session, int code, int stage, long detail) {
    return det__fail(det__session_of(session), code, stage, detail);
}

int det__session_recode(det_session *session, int code) {
    return det__session_of(session)->failure.code = code;
}

void det__session_log(det_session *session, int level, const char *line) {
    log_line(det__session_of(session), level, line);
}
