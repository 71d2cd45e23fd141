/* SPDX-License-Identifier: Apache-2.0
 * The world behind the fake port: the test master's model (tests/master, its API without its sockets) serving the fake's
 * connections on the fake's clock, and what goes wrong between the two. One world at a time, as the model is one store.
 *
 * The master works one request of a connection after the other, each taking work_ms, and commits at the end of it. When
 * a connection ends, `after` says how much of its queue is still worked, and when (contract 5.6): at once, so many
 * milliseconds later, or just before the n-th request of the connections that came after it. */
#ifndef TORTURE_WORLD_H
#define TORTURE_WORLD_H

#include <stdbool.h>

#include "master/http_in.h"
#include "unit/fake_port.h"

enum way { UP, DOWN };

/* CUT_RESET, CUT_CLOSE: the connection ends after `at` bytes that way. CUT_STALL: nothing more gets through that way.
 * CUT_DELAY: what comes behind is ms late. */
enum cut_kind { CUT_NONE, CUT_RESET, CUT_CLOSE, CUT_STALL, CUT_DELAY };

typedef struct cut {
    int way, kind;
    size_t at;
    uint32_t ms;
} cut;

enum { ALL = -1, CUTS = 4, ODDS = 2 };

typedef struct after {
    int beyond;         /* requests still worked, the one in work included; ALL: the queue runs on */
    uint32_t ms;        /* the first of them this long after the end … */
    int before;         /* … or, if not 0, just before the n-th request of later connections is committed */
} after;

/* An answer out of the ordinary: to the nth (from 1) request whose path or body has all three texts, and the `more` that follow. */
typedef struct odd {
    const char *path;    /* NULL: no rule */
    const char *has[2];  /* in the body, or NULL */
    int nth, more;
    int status;          /* 0: the model's own answer */
    const char *text;    /* error text; NULL: the status's */
    const char *raw;     /* these bytes in place of an answer */
    int retry_after;     /* seconds */
    bool commit;         /* the work is done whatever the answer says */
    bool expire;         /* before it all tokens become invalid */
    bool close;          /* with Connection: close */
    int seen;
} odd;

typedef struct world_plan {
    cut cut[CUTS];  /* of the n-th connection each */
    cut second;     /* a second one on the first connection */
    after after;
    odd odd[ODDS];
    uint32_t work_ms, rtt_ms;
    bool close_each;     /* the server closes after each answer */
    size_t window;       /* of the fake's connections, 0 none */
    size_t piece;        /* the port moves at most so many bytes at once, 0 no limit */
} world_plan;

typedef struct world_conn {
    buf in;
    size_t in_off;
    http_in h;
    bool working, ended, released, hung_up; /* ended: the client is gone; hung_up: we have closed */
    uint32_t done_ms;
    int beyond;          /* requests still to be worked after the end */
    size_t up, down;     /* bytes taken in, put out */
    bool up_late;        /* a CUT_DELAY upwards has begun … */
    uint32_t up_ms;      /* … and is over then */
} world_conn;

typedef struct world {
    fake_port fp;        /* hand out &fp.port */
    world_plan plan;
    world_conn conn[FAKE_CONNS];
    fake_script script[CUTS + 1];
    int (*wait)(void *, const det_wait *, size_t, uint32_t);
    buf answer;
    unsigned long requests, late, refused_late; /* worked; of them after their connection's end; of those answered not 2xx */
    unsigned long late_starts; /* what makes a trial RUNNING among them */
    int since[FAKE_CONNS]; /* requests worked on connections after this one */
    size_t moved;
    unsigned still;        /* waits in a row that moved nothing */
    bool spun;             /* a caller waited for ever without time passing */
} world;

extern bool world_trace; /* print what the master does */

void world_init(world *w, const world_plan *p);
void world_settle(world *w); /* everything that is still to come late comes now */
int world_free(world *w);    /* broken rules of the port and open connections */
size_t world_up(const world *w);   /* bytes of all connections together */
size_t world_down(const world *w);

#endif
