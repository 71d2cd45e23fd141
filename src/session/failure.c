/* SPDX-License-Identifier: Apache-2.0
 * What went wrong, kept: code, stage, detail, the server's own words; and what is told to the log hook. The wording is
 * sentence.c's. */
#include "internal.h"

static void tell(const det__session *s, int level, const char *line) {
    if (level <= s->opt.log_level) s->opt.log(s->opt.log_ctx, level, line);
}

int det__session_fail(det_session *session, int code, int stage, long detail) {
    det__session *s = det__session_of(session);
    if (s->phase == DET__EXCHANGE && s->picking) return code; /* the server's words are still coming in */
    s->failure.code = code;
    s->failure.stage = stage;
    s->failure.detail = detail;
    det__sentence_failure(s);
    tell(s, DET_LOG_ERROR, s->msg);
    return code;
}

/* The three shapes of a master's error (contract 0.5-0.7); an answer has one of them, so one place takes them all. */
void det__fail_body(det__session *s, const void *data, size_t len) {
    static const char paths[DET__SHAPES][14] = {"message", "error.message", "error.error"};
    if (!s->picking) {
        det__sentence_status(s);
        for (size_t i = 0; i < DET__SHAPES; i++) {
            det__pick *p = &s->picks[i];
            p->path = paths[i];
            p->kind = DET__PICK_TEXT;
            p->dst = s->msg + s->msg_len;
            p->cap = sizeof s->msg - s->msg_len;
        }
        det__picker_init(&s->picker, s->picks, DET__SHAPES);
        s->picking = 1;
    }
    (void)det__picker_feed(&s->picker, data, len); /* a body that is no JSON gives no words */
}

/* Contract 1.6. */
static int code_of(int status) {
    if (status == 401) return DET_E_AUTH;
    if (status == 403) return DET_E_FORBIDDEN;
    if (status == 404) return DET_E_NOT_FOUND;
    return status >= 502 && status <= 504 ? DET_E_BUSY : DET_E_SERVER;
}

/* The server's words are shown on terminals and kept in logs: no control characters. */
static void clean(char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F) *text = '?';
}

int det__fail_status(det__session *s) {
    int status = s->res.status;
    if (status >= 200 && status < 300) return DET_OK;
    s->failure.code = code_of(status);
    s->failure.stage = DET_STAGE_SERVER;
    s->failure.detail = status;
    if (!s->picking) det__sentence_status(s);
    clean(s->msg);
    det__sentence_hint(s);
    tell(s, DET_LOG_WARN, s->msg);
    return s->failure.code;
}

void det__log_connection(const det__session *s) {
    char line[DET__LINE_SIZE];
    if (DET_TLS && s->url.tls && s->opt.noverify)
        tell(s, DET_LOG_WARN, "noverify: this connection's certificate is not checked");
    if (s->opt.log_level < DET_LOG_DEBUG) return;
    tell(s, DET_LOG_DEBUG, det__sentence_connection(s, line));
}

/* ---- for core/ ----------------------------------------------------------------------------------------------------- */

int det__session_recode(det_session *session, int code) {
    det__session *s = det__session_of(session);
    s->failure.code = code;
    det__sentence_hint(s);
    return code;
}

int det__session_words(const det_session *session) {
    const det__session *s = det__session_of_const(session);
    int words = 0;
    for (size_t i = 0; i < DET__SHAPES; i++) words |= s->picks[i].found != DET__PICK_ABSENT;
    return s->picking && words;
}

int det__session_was_open(const det_session *session) {
    return det__session_of_const(session)->was_open;
}
