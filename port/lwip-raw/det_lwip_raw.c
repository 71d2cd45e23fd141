/* SPDX-License-Identifier: Apache-2.0
 * The port over lwIP's raw API: see det_lwip_raw.h. lwIP calls back from within det_lwip_raw_poll() and its own functions; the
 * callbacks only note what happened in the caller's det_conn, whose functions then tell it. Bytes wait in lwIP's pbufs, and
 * the window opens as libdet takes them. Must not know what the bytes mean. */
#include "det_lwip_raw.h"

#include <string.h>

#include <lwip/dns.h>
#include <lwip/pbuf.h>
#include <lwip/sys.h>
#include <lwip/tcp.h>
#include <lwip/timeouts.h>

/* lwIP tells one address of each family of a name: the IPv4 one is tried first. */
#define BOTH_FAMILIES (LWIP_DNS && LWIP_IPV4 && LWIP_IPV6)

enum { FRESH, LOOKING, NAMELESS, NAMED, TRYING, FAILED, OPEN };

typedef struct raw_conn {
    struct tcp_pcb *pcb;         /* NULL: none, or lwIP has freed it */
    struct pbuf *rx;             /* received and not taken yet */
    det_lwip_raw_lookup *lookup; /* under way */
    ip_addr_t addr;
    err_t error; /* why the connection failed */
    uint8_t state, eof;
#if BOTH_FAMILIES
    int8_t first;      /* what became of the first address, DET_OK before */
    err_t first_error;
    uint32_t until_ms; /* the first one's share of the budget ends */
#endif
} raw_conn;

typedef char det__raw_conn_fits[sizeof(raw_conn) <= sizeof(((det_conn *)0)->mem) ? 1 : -1];

static raw_conn *mem_of(det_conn *conn) {
    return (raw_conn *)(void *)conn->mem;
}

void det_lwip_raw_poll(det_lwip_raw *net) {
    net->poll(net->ctx);
    sys_check_timeouts();
}

/* ---- lwIP's callbacks -------------------------------------------------------------------------------------------- */

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t err) {
    (void)pcb, (void)err; /* always ERR_OK */
    ((raw_conn *)arg)->state = OPEN;
    return ERR_OK;
}

/* The pcb is gone already. */
static void on_error(void *arg, err_t err) {
    raw_conn *c = (raw_conn *)arg;
    c->pcb = NULL;
    c->error = err;
    if (c->state == TRYING) c->state = FAILED;
}

static err_t on_received(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err) {
    raw_conn *c = (raw_conn *)arg;
    (void)pcb, (void)err;
    if (!p) c->eof = 1;
    else if (c->rx) pbuf_cat(c->rx, p);
    else c->rx = p;
    return ERR_OK;
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

#if LWIP_DNS
static void on_found(const char *name, const ip_addr_t *addr, void *arg) {
    det_lwip_raw_lookup *l = (det_lwip_raw_lookup *)arg;
    raw_conn *c = (raw_conn *)l->conn;
    (void)name;
    l->busy = 0;
    l->conn = NULL;
    if (!c) return;
    c->lookup = NULL;
    c->state = addr ? NAMED : NAMELESS;
    if (addr) c->addr = *addr;
    else c->error = ERR_VAL; /* as lwIP's own netconn_gethostbyname() */
}

static det_lwip_raw_lookup *free_lookup(det_lwip_raw *net) {
    for (size_t i = 0; i < DET_LWIP_RAW_LOOKUPS; i++)
        if (!net->lookup[i].busy) return &net->lookup[i];
    return NULL;
}

/* A numeric address, or one that lwIP remembers, is there at once. type: which family to ask for. */
static void look_up(det_lwip_raw *net, raw_conn *c, const char *host, uint8_t type) {
    det_lwip_raw_lookup *l = free_lookup(net);
    if (!l) return; /* still FRESH: at the next call again */
    c->error = dns_gethostbyname_addrtype(host, &c->addr, on_found, l, type);
    if (c->error == ERR_INPROGRESS) {
        l->busy = 1;
        l->conn = c;
        c->lookup = l;
    }
    c->state = c->error == ERR_OK ? NAMED : c->error == ERR_INPROGRESS ? LOOKING : NAMELESS;
}
#else
#define LWIP_DNS_ADDRTYPE_DEFAULT 0
static void look_up(det_lwip_raw *net, raw_conn *c, const char *host, uint8_t type) {
    (void)net, (void)type;
    c->state = ipaddr_aton(host, &c->addr) ? NAMED : NAMELESS;
}
#endif

/* ---- opening ----------------------------------------------------------------------------------------------------- */

/* What is left behind lwIP ends by itself; a connection that needs its place may take it. */
static void drop(raw_conn *c) {
    struct tcp_pcb *pcb = c->pcb;
    if (c->lookup) c->lookup->conn = NULL;
    if (c->rx) pbuf_free(c->rx);
    if (pcb) {
        tcp_arg(pcb, NULL);
        tcp_recv(pcb, NULL);
        tcp_err(pcb, NULL);
        tcp_setprio(pcb, TCP_PRIO_MIN);
        if (tcp_close(pcb) != ERR_OK) tcp_abort(pcb);
    }
    memset(c, 0, sizeof *c);
}

static void raw_close(void *ctx, det_conn *conn) {
    (void)ctx;
    drop(mem_of(conn));
    conn->handle = -1;
}

static int give_up(det_conn *conn, int code) {
    err_t error = mem_of(conn)->error;
    conn->os_error = error == ERR_OK || error == ERR_INPROGRESS ? ERR_TIMEOUT : error;
    raw_close(NULL, conn);
    return code;
}

static int begin(raw_conn *c, uint16_t port) {
    c->pcb = tcp_new_ip_type(IP_GET_TYPE(&c->addr));
    if (!c->pcb) {
        c->error = ERR_MEM;
        return DET_E_IO;
    }
    tcp_arg(c->pcb, c);
    tcp_recv(c->pcb, on_received);
    tcp_err(c->pcb, on_error);
    tcp_nagle_disable(c->pcb);
    c->state = TRYING;
    c->error = tcp_connect(c->pcb, &c->addr, port, on_connected);
    return c->error == ERR_OK ? DET_OK : c->error == ERR_RTE ? DET_E_CONNECT : DET_E_IO;
}

/* ERR_ABRT: the answer to the first packet has not come, however often it was sent. */
static int outcome(const raw_conn *c, uint32_t budget_ms) {
    switch (c->state) {
    case OPEN: return DET_OK;
    case NAMELESS: return DET_E_DNS;
    case FAILED: return c->error == ERR_ABRT ? DET_E_TIMEOUT : DET_E_CONNECT;
    default: return budget_ms ? DET_E_AGAIN : DET_E_TIMEOUT;
    }
}

/* One call's work on the address at hand. */
static int try_address(det_lwip_raw *net, raw_conn *c, uint16_t port, uint32_t budget_ms) {
    int code = DET_OK;
    det_lwip_raw_poll(net);
    if (c->state == NAMED) code = begin(c, port);
    return code == DET_OK ? outcome(c, budget_ms) : code;
}

static uint8_t family_of(const raw_conn *c) {
#if BOTH_FAMILIES
    if (c->first) return LWIP_DNS_ADDRTYPE_IPV6;
#endif
    (void)c;
    return LWIP_DNS_ADDRTYPE_DEFAULT;
}

#if BOTH_FAMILIES
/* The first address has half of the budget. 1: go on with the other family's. */
static int try_other(det_lwip_raw *net, det_conn *conn, const char *host, int code, uint32_t budget_ms) {
    raw_conn *c = mem_of(conn);
    ip_addr_t numeric;
    uint32_t left = c->until_ms - sys_now();
    if (code == DET_OK || code == DET_E_IO || c->first || c->state == LOOKING || c->state == FRESH) return 0;
    if (c->state == NAMELESS || IP_IS_V6(&c->addr) || ipaddr_aton(host, &numeric)) return 0;
    if (!c->until_ms) {
        left = budget_ms / 2;
        c->until_ms = (sys_now() + left) | 1; /* 0: not set yet */
    }
    conn->again_ms = left;
    if (!budget_ms || (code == DET_E_AGAIN && (int32_t)left > 0)) return 0;
    err_t error = c->error ? c->error : ERR_TIMEOUT;
    drop(c);
    c->first = (int8_t)(code == DET_E_AGAIN ? DET_E_TIMEOUT : code);
    c->first_error = error;
    look_up(net, c, host, family_of(c));
    conn->again_ms = 0;
    return 1;
}

/* That there is no second address is no news. */
static int of_both(raw_conn *c, int code) {
    if (code != DET_E_DNS || !c->first) return code;
    c->error = c->first_error;
    return c->first;
}
#endif

static int raw_open(void *ctx, det_conn *conn, const char *host, uint16_t port, uint32_t budget_ms) {
    det_lwip_raw *net = (det_lwip_raw *)ctx;
    raw_conn *c = mem_of(conn);
    conn->handle = (intptr_t)c;
    conn->again_ms = 0;
    if (c->state == FRESH) look_up(net, c, host, family_of(c));
    int code = try_address(net, c, port, budget_ms);
#if BOTH_FAMILIES
    if (try_other(net, conn, host, code, budget_ms)) code = try_address(net, c, port, budget_ms);
    code = of_both(c, code);
#endif
    if (c->state == FRESH) conn->again_ms = 100; /* no lookup was free */
    return code == DET_OK || code == DET_E_AGAIN ? code : give_up(conn, code);
}

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

static int lost(det_conn *conn) {
    conn->os_error = mem_of(conn)->error;
    return DET_E_RESET;
}

/* As much as lwIP has room for: by its window, and, when its memory is short, by halves. */
static int raw_send(void *ctx, det_conn *conn, const void *data, size_t len) {
    raw_conn *c = mem_of(conn);
    if (!c->pcb) return lost(conn);
    size_t room = tcp_sndbuf(c->pcb);
    if (len > room) len = room;
    err_t err = ERR_MEM;
    while (len && err == ERR_MEM) {
        err = tcp_write(c->pcb, data, (uint16_t)len, TCP_WRITE_FLAG_COPY);
        if (err == ERR_MEM) len /= 2;
    }
    if (err == ERR_OK) {
        (void)tcp_output(c->pcb);
        return (int)len;
    }
    if (err == ERR_MEM) {
        det_lwip_raw_poll((det_lwip_raw *)ctx);
        return DET_E_AGAIN;
    }
    c->error = err;
    return lost(conn);
}

static int take(raw_conn *c, void *data, size_t cap) {
    uint16_t n = c->rx->tot_len;
    if (cap < n) n = (uint16_t)cap;
    (void)pbuf_copy_partial(c->rx, data, n, 0);
    c->rx = pbuf_free_header(c->rx, n);
    if (c->pcb) tcp_recved(c->pcb, n);
    return n;
}

static int raw_recv(void *ctx, det_conn *conn, void *data, size_t cap) {
    raw_conn *c = mem_of(conn);
    if (!c->rx) det_lwip_raw_poll((det_lwip_raw *)ctx);
    if (c->rx) return take(c, data, cap);
    if (c->eof) return DET_E_CLOSED;
    return c->pcb ? DET_E_AGAIN : lost(conn);
}

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

static int is_ready(const det_wait *w) {
    const raw_conn *c = (const raw_conn *)w->handle;
    if (w->handle == -1) return 0;
    if (c->state != OPEN) return c->state != LOOKING && c->state != TRYING && c->state != FRESH;
    if (!c->pcb) return 1;
    if (w->events & DET_WANT_READ && (c->rx || c->eof)) return 1;
    return w->events & DET_WANT_WRITE && tcp_sndbuf(c->pcb) > TCP_SNDLOWAT && tcp_sndqueuelen(c->pcb) < TCP_SNDQUEUELOWAT;
}

static int raw_wait(void *ctx, const det_wait *w, size_t n, uint32_t timeout_ms) {
    det_lwip_raw *net = (det_lwip_raw *)ctx;
    uint32_t began = sys_now();
    for (;;) {
        det_lwip_raw_poll(net);
        int ready = net->woken;
        for (size_t i = 0; i < n; i++) ready |= is_ready(&w[i]);
        uint32_t past = sys_now() - began, sleep = sys_timeouts_sleeptime();
        if (ready || past >= timeout_ms) break;
        if (net->idle) net->idle(net->ctx, sleep < timeout_ms - past ? sleep : timeout_ms - past);
    }
    net->woken = 0;
    return DET_OK;
}

static void raw_wake(void *ctx) {
    ((det_lwip_raw *)ctx)->woken = 1;
}

static uint32_t raw_now_ms(void *ctx) {
    (void)ctx;
    return sys_now();
}

void det_lwip_raw_init(det_lwip_raw *net, void (*poll)(void *ctx), void (*idle)(void *ctx, uint32_t max_ms), void *ctx) {
    memset(net, 0, sizeof *net);
    net->port.size = sizeof net->port;
    net->port.ctx = net;
    net->port.now_ms = raw_now_ms;
    net->port.open = raw_open;
    net->port.send = raw_send;
    net->port.recv = raw_recv;
    net->port.close = raw_close;
    net->port.wait = raw_wait;
    net->port.wake = raw_wake;
    net->poll = poll;
    net->idle = idle;
    net->ctx = ctx;
}
