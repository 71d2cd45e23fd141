/* SPDX-License-Identifier: Apache-2.0
 * What only a test asks, without authentication: GET /test/stats, GET /test/trials/N (everything held), GET and POST
 * /test/faults ({"clear":true,"rules":[...]}), POST /test/control ({"expireTokens":true}, {"expireUser":"name"},
 * {"lose":N}: the worker that marks a silent trial ERROR). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "fault.h"
#include "metrics.h"
#include "show.h"
#include "stats.h"

static void dump_row(buf *b, const trial *t, const row *r) {
    buf_fmt(b, "{\"id\":%lld,\"group\":", (long long)r->id);
    buf_json(b, t->g[r->group].name, strlen(t->g[r->group].name));
    buf_fmt(b, ",\"steps\":%d,\"runId\":%d,\"archived\":%s,\"metrics\":", r->steps, r->run, r->archived ? "true" : "false");
    buf_metrics(b, r);
    buf_fmt(b, ",\"batch\":%s}", r->batch ? r->batch : "null");
}

static void dump_trial(call *c, int64_t id) {
    const trial *t = store_trial(id);
    buf *b = &c->r->body;
    if (!t) {
        reply_echo_error(c->r, 404, "trial '%lld' not found", (long long)id);
        return;
    }
    buf_fmt(b, "{\"id\":%d,\"experimentId\":%d,\"state\":\"%s\",\"runId\":%d,\"totalBatches\":%d,\"heartbeats\":%lu,\"reports\":%lu,\"refused\":%lu,\"progress\":",
            t->id, t->experiment, t->state, t->run, t->total_batches, t->heartbeats, t->reports, t->refused);
    buf_num(b, store_experiment(t->experiment)->progress);
    buf_str(b, ",\"summary\":");
    buf_summaries(b, t);
    buf_str(b, ",\"rows\":[");
    for (size_t i = 0; i < t->nrows; i++) {
        if (i) buf_str(b, ",");
        dump_row(b, t, &t->rows[i]);
    }
    buf_str(b, "]}\n");
    ok(c);
}

static void post_faults(call *c, jval *v) {
    buf why = {0};
    const jval *clear = json_get(v, "clear"), *list = json_get(v, "rules");
    bool good = v != NULL;
    if (clear && clear->b) fault_clear();
    for (const jval *k = list ? list->child : NULL; k && good; k = k->next) good = fault_add(k, &why);
    if (good) {
        fault_show(&c->r->body);
        ok(c);
    } else {
        reply_echo_error(c->r, 400, "%s", why.len ? buf_cstr(&why) : "not JSON");
    }
    buf_free(&why);
}

static void control(call *c, const jval *v) {
    const jval *all = json_get(v, "expireTokens"), *name = json_get(v, "expireUser"), *lose = json_get(v, "lose");
    for (size_t i = 0; i < db.ntokens; i++)
        if ((all && all->b) || (name && name->type == J_STR && !strcmp(db.tokens[i].owner->name, name->s))) db.tokens[i].dead = true;
    trial *t = lose ? store_trial(atoi(lose->s)) : NULL;
    if (t) {
        snprintf(t->state, sizeof t->state, "STATE_ERROR");
        t->end = t->last_activity;
    }
    buf_str(&c->r->body, "{}\n");
    ok(c);
}

void test_handle(const request *q, reply *r, arena *a) {
    call c = {.q = q, .r = r, .a = a};
    buf err = {0};
    bool post = !strcmp(q->method, "POST");
    jval *v = post ? json_parse(a, q->body, q->body_len, &err) : NULL;
    r->kind = R_TEST;
    if (!strcmp(q->path, "/test/stats")) {
        stats_show(&r->body);
        ok(&c);
    } else if (!strncmp(q->path, "/test/trials/", 13)) {
        dump_trial(&c, strtoll(q->path + 13, NULL, 10));
    } else if (!strcmp(q->path, "/test/faults") && post) {
        post_faults(&c, v);
    } else if (!strcmp(q->path, "/test/faults")) {
        fault_show(&r->body);
        ok(&c);
    } else if (!strcmp(q->path, "/test/control") && v) {
        control(&c, v);
    } else {
        reply_echo_error(r, 404, "no such test request");
    }
    buf_free(&err);
}
