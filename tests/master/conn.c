/* SPDX-License-Identifier: Apache-2.0
 * See conn.h. All requests found in the buffer are worked before anything is written, so the answers of a pipeline leave
 * in few writes; a hold (delay) stops the queue, as the real master's serial loop does. */
#include "conn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api.h"
#include "stats.h"

enum { READ_CHUNK = 64 * 1024, OUT_HIGH = 8 << 20, LINGER_MS = 300, DRAIN_MAX = 256 * 1024, TLS_SMALL = 4096 };

conn_options conn_opt;

conn *conn_new(int fd, bool with_tls) {
    conn *c = xmalloc(sizeof *c);
    c->fd = fd;
    if (with_tls) {
        c->t = tls_new(fd, &stats.wire_in, &stats.wire_out);
        c->handshaking = true;
    }
    stats.accepted++;
    stats.open++;
    return c;
}

static void leave(conn *c, bool reset) {
    struct linger l = {1, 0};
    if (c->fd >= 0) {
        if (reset) setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
        close(c->fd);
        stats.open--;
    }
    c->fd = -1;
    bool commit_to_come = c->hold == HOLD_WORK && c->f && c->f->late;
    if (!commit_to_come) c->dead = true;
}

void conn_delete(conn *c) {
    leave(c, false);
    tls_delete(c->t);
    http_in_free(&c->h);
    buf_free(&c->in);
    buf_free(&c->out);
    buf_free(&c->answer);
    free(c);
}

static void hold_for(conn *c, hold h, int64_t ms) {
    c->hold = h;
    c->until_ms = now_ms() + ms;
}

/* ---- bytes out ---- */

/* A close that loses nothing on its way: end our direction, read what comes for a moment, then close. */
static void end_gently(conn *c) {
    if (c->t) tls_bye(c->t);
    shutdown(c->fd, SHUT_WR);
    c->closing = true;
    c->out.len = c->out_off = 0;
    hold_for(c, HOLD_LINGER, LINGER_MS);
}

static void make_cut(conn *c) {
    cut kind = c->cut;
    c->cut = CUT_NONE;
    c->out.len = c->out_off = 0;
    if (kind == CUT_RESET) leave(c, true);
    else if (kind == CUT_STALL) c->hold = HOLD_EVER;
    else { /* no close_notify: the peer simply vanishes */
        shutdown(c->fd, SHUT_WR);
        c->closing = true;
        hold_for(c, HOLD_LINGER, LINGER_MS);
    }
}

static long send_some(conn *c, const char *p, size_t n) {
    stats.writes++;
    if (c->t) { /* records as the real one's: 4 KiB, but 16 KiB in the rest of a long answer */
        bool small = c->out_off == 0 || !c->long_answer;
        return tls_write(c->t, p, small && n > TLS_SMALL ? TLS_SMALL : n);
    }
    ssize_t k = send(c->fd, p, n, MSG_NOSIGNAL);
    if (k >= 0) return k;
    return errno == EAGAIN || errno == EINTR ? TLS_AGAIN : TLS_FAILED;
}

static void flush(conn *c) {
    while (!c->dead && c->fd >= 0 && c->out_off < c->out.len) {
        size_t n = c->out.len - c->out_off;
        if (c->slow_bytes && now_ms() < c->slow_until) return;
        if (c->slow_bytes && n > (size_t)c->slow_bytes) n = (size_t)c->slow_bytes;
        if (c->cut != CUT_NONE && n > c->cut_left) n = c->cut_left;
        long k = n ? send_some(c, c->out.p + c->out_off, n) : 0;
        if (k == TLS_AGAIN) return;
        if (k < 0) {
            leave(c, false);
            return;
        }
        c->out_off += (size_t)k;
        if (c->slow_bytes) c->slow_until = now_ms() + c->slow_ms;
        if (c->cut == CUT_NONE) continue;
        c->cut_left -= (size_t)k;
        if (!c->cut_left) {
            make_cut(c);
            return;
        }
    }
    c->out.len = c->out_off = 0;
    c->long_answer = false;
    if (c->hold == HOLD_NONE) c->slow_bytes = 0;
    if (c->closing && c->hold == HOLD_NONE && c->fd >= 0) end_gently(c);
}

/* ---- answers ---- */

static void set_cut(conn *c, cut kind, size_t at) {
    c->cut = kind;
    c->cut_left = c->out.len - c->out_off + at;
}

static void arm(conn *c, const fault *f) {
    size_t n = c->answer.len;
    if (f->reset_at >= 0) set_cut(c, CUT_RESET, (size_t)f->reset_at);
    else if (f->close_at >= 0) set_cut(c, CUT_CLOSE, (size_t)f->close_at);
    else if (f->stall_at >= 0) set_cut(c, CUT_STALL, (size_t)f->stall_at);
    else if (f->half) set_cut(c, CUT_STALL, n / 2);
    else if (f->garbage) set_cut(c, CUT_CLOSE, n);
    if (f->slow_bytes) {
        c->slow_bytes = f->slow_bytes;
        c->slow_ms = f->slow_ms;
    }
}

/* The answer in c->answer goes out; the hold, if any, is what follows it. */
static void emit(conn *c) {
    const fault *f = c->f;
    c->hold = HOLD_NONE;
    c->f = NULL;
    if (f) arm(c, f);
    c->long_answer |= c->answer.len > TLS_SMALL;
    buf_add(&c->out, c->answer.p, c->answer.len);
    if (f && f->never) c->out.len -= c->answer.len;
    c->answer.len = 0;
    if (c->answer_close) c->closing = true;
    if (f && f->hangup_ms >= 0) hold_for(c, HOLD_HANGUP, f->hangup_ms);
    if (c->cut != CUT_NONE || (f && f->never)) c->hold = HOLD_EVER;
    if (c->slow_bytes && c->hold == HOLD_NONE) c->hold = HOLD_EVER; /* undone when the slow answer is out */
}

static void count(conn *c, const request *q, const reply *r) {
    stats.requests++;
    stats.bytes_in += q->wire_len;
    stats.bytes_out += c->answer.len;
    stats.status[r->status / 100 < 6 ? r->status / 100 : 0]++;
    if (r->status != 200) return;
    size_t n = strlen(q->path);
    stats.reports += n > 8 && !strcmp(q->path + n - 8, "/metrics") && !strcmp(q->method, "POST");
    stats.logins += !strcmp(q->path, "/api/v1/auth/login");
}

/* The answer of a proxy in front, or of a master whose commit failed. */
static void instead(reply *r, const request *q, const fault *f) {
    reply_free(r);
    r->minor = q->minor;
    r->keep_alive = q->keep_alive;
    r->kind = R_GATEWAY;
    reply_status(r, f->status, f->retry_after);
    if (f->text) {
        reply_error(r, G_INTERNAL, "%s", f->text);
        r->status = f->status;
    }
}

/* Works the request at hand; its answer is left in c->answer. */
static void work(conn *c, bool cancelled) {
    const request *q = &c->h.req;
    const fault *f = c->f;
    bool test = !strncmp(q->path, "/test/", 6);
    bool commit = f && f->has_commit ? f->commit : !(f && f->status);
    reply r = {.minor = q->minor, .keep_alive = q->keep_alive, .status = 200};
    if (cancelled) {
        r.kind = R_GATEWAY;
        reply_error(&r, G_CANCELED, "context canceled");
    } else if (commit) {
        api_handle(q, &r);
    }
    if (f && f->status) instead(&r, q, f);
    if (q->bad_body || (r.kind == R_ECHO && r.status == 401 && q->body_len > DRAIN_MAX) || (f && f->close)) r.close = true;
    reply_render(&r, &c->answer);
    c->answer_close = r.close;
    if (!test) {
        count(c, q, &r);
        stats_log(q, &r, c->number);
    }
    if (f && fault_spoil(f, &c->answer)) c->answer_close = true;
    reply_free(&r);
    c->in_off += http_in_done(&c->h);
    if (f && f->answer_ms) hold_for(c, HOLD_ANSWER, f->answer_ms);
    else emit(c);
}

/* ---- requests ---- */

static int cost_ms(const conn *c) {
    const request *q = &c->h.req;
    if (!strncmp(q->path, "/test/", 6)) return 0;
    int ms = c->f ? c->f->delay_ms : 0;
    if (conn_opt.login_ms && !strcmp(q->path, "/api/v1/auth/login")) return ms + conn_opt.login_ms;
    return ms + conn_opt.report_ms;
}

static void request_ready(conn *c) {
    const request *q = &c->h.req;
    if (strncmp(q->path, "/test/", 6)) {
        if (!c->number) c->number = (unsigned)++stats.connections;
        c->f = fault_next(q, c->number);
    }
    int ms = cost_ms(c);
    if (ms) hold_for(c, HOLD_WORK, ms);
    else work(c, false);
}

static void refuse(conn *c, in_result res) {
    stats.refused++;
    if (res != IN_REFUSED) {
        leave(c, res == IN_RESET);
        return;
    }
    reply_refusal(c->h.status, &c->out);
    c->closing = true;
}

static void compact(conn *c) {
    if (!c->in_off || (c->in_off < c->in.len && c->in_off < READ_CHUNK)) return;
    if (c->hold == HOLD_WORK) return; /* the request at hand points into the buffer */
    buf_drop(&c->in, c->in_off);
    c->in_off = 0;
}

static void process(conn *c) {
    uint64_t queued = 0;
    while (!c->dead && !c->closing && c->hold == HOLD_NONE && c->out.len - c->out_off < OUT_HIGH) {
        in_result res = http_in_next(&c->h, c->in.p + c->in_off, c->in.len - c->in_off);
        if (c->h.want_continue && res != IN_REFUSED) {
            buf_str(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
            c->h.want_continue = false;
        }
        if (res == IN_MORE) break;
        if (res == IN_REQUEST) request_ready(c);
        else refuse(c, res);
        if (++queued > stats.max_queued) stats.max_queued = queued;
    }
    if (c->dead) return;
    compact(c);
    flush(c);
    bool idle = c->hold == HOLD_NONE && !c->closing && c->out_off >= c->out.len;
    if (!c->dead && c->eof && idle) leave(c, false);
}

/* ---- bytes in ---- */

static long receive(conn *c, char *p, size_t n) {
    stats.reads++;
    if (c->t) return tls_read(c->t, p, n);
    ssize_t k = recv(c->fd, p, n, 0);
    if (k > 0) return k;
    if (k == 0) return TLS_CLOSED;
    return errno == EAGAIN || errno == EINTR ? TLS_AGAIN : TLS_FAILED;
}

/* The buffer may move while a request at hand points into it: its body is found again. */
static void make_room(conn *c) {
    char *before = c->in.p;
    buf_reserve(&c->in, READ_CHUNK);
    request *q = &c->h.req;
    if (c->hold == HOLD_WORK && q->body && before && q->body >= before && q->body <= before + c->in.len) q->body = c->in.p + (q->body - before);
}

static void take_in(conn *c) {
    while (!c->eof && c->in.len - c->in_off < OUT_HIGH + (c->h.need ? c->h.need : 0)) {
        make_room(c);
        size_t room = c->in.cap - c->in.len - 1;
        long k = receive(c, c->in.p + c->in.len, room);
        if (k > 0) c->in.len += (size_t)k;
        if (k == TLS_FAILED) leave(c, false);
        if (k == TLS_CLOSED) c->eof = true;
        if (k <= 0) return;
        if (!c->t && (size_t)k < room) return; /* the socket is empty */
    }
}

/* What is no TLS record is read and closed without a byte of answer, not even an alert. */
static bool plaintext(const conn *c) {
    char some[4096] = "\x16";
    if (c->hello || recv(c->fd, some, 1, MSG_PEEK) != 1 || *some == 0x16) return false;
    while (recv(c->fd, some, sizeof some, MSG_DONTWAIT) > 0) continue;
    return true;
}

static void handshake(conn *c) {
    int e = plaintext(c) ? TLS_FAILED : tls_handshake(c->t);
    c->hello = true;
    if (e == TLS_AGAIN) return;
    c->handshaking = false;
    if (e) {
        stats.handshake_failures++;
        leave(c, false);
        return;
    }
    stats.handshakes++;
}

void conn_event(conn *c, bool readable, bool writable) {
    if (c->handshaking) {
        handshake(c);
        if (c->handshaking || c->dead) return;
        readable = true;
    }
    if (readable) take_in(c);
    if (c->hold == HOLD_LINGER) { /* only waiting for the client to see our end */
        c->in.len = c->in_off = 0;
        if (c->eof) leave(c, false);
        return;
    }
    if (writable) flush(c);
    if (!c->dead && c->fd >= 0) process(c);
    if (!c->dead && conn_opt.idle_ms && c->hold == HOLD_NONE && !c->closing) c->until_ms = now_ms() + conn_opt.idle_ms;
}

/* ---- time ---- */

bool conn_wants_read(const conn *c) {
    return !c->eof && c->in.len - c->in_off < OUT_HIGH + c->h.need;
}

bool conn_wants_write(const conn *c) {
    return c->out_off < c->out.len && !(c->slow_bytes && now_ms() < c->slow_until);
}

int64_t conn_due(const conn *c) {
    if (c->slow_bytes && c->out_off < c->out.len) return c->slow_until;
    if (c->hold == HOLD_NONE) return conn_opt.idle_ms ? c->until_ms : 0;
    return c->hold == HOLD_EVER ? 0 : c->until_ms;
}

/* A client that has left cancels the last request of its queue, unless the commit is a late one. */
static void work_due(conn *c) {
    bool last = c->in_off + c->h.req.wire_len >= c->in.len;
    bool late = c->f && c->f->late;
    bool gone = c->eof && last && !late;
    c->hold = HOLD_NONE;
    work(c, gone);
    if (c->fd < 0) c->dead = true;
}

void conn_tick(conn *c, int64_t now) {
    if (c->slow_bytes && c->out_off < c->out.len) {
        flush(c);
        if (!c->dead && c->out_off >= c->out.len && c->hold == HOLD_EVER && c->fd >= 0) {
            c->slow_bytes = 0;
            c->hold = HOLD_NONE;
        }
    } else if (now < c->until_ms) {
        return;
    } else if (c->hold == HOLD_WORK) {
        work_due(c);
    } else if (c->hold == HOLD_ANSWER) {
        emit(c);
    } else if (c->hold == HOLD_HANGUP) {
        end_gently(c);
    } else if (c->hold == HOLD_LINGER || (c->hold == HOLD_NONE && conn_opt.idle_ms && c->until_ms)) {
        leave(c, false);
    }
    if (!c->dead && c->fd >= 0) process(c);
}
