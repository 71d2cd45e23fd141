/* SPDX-License-Identifier: Apache-2.0
 * detc experiment list, list-checkpoints: which pages, and the list they make. What a row looks like is list.h's. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "json_list.h"
#include "list.h"
#include "pages.h"

typedef struct listing {
    det__client *c;
    det__list *list; /* or, with --json: */
    det__json_list *json;
} listing;

/* det's order of parameters: alphabetical. */
static void experiments_path(void *ctx, det__path *p, int64_t offset) {
    const listing *l = ctx;
    const det__args *a = l->c->args;
    det__path_add(p, a->all ? "/api/v1/experiments?limit=" : "/api/v1/experiments?archived=false&limit=");
    det__path_int(p, a->limit);
    det__path_add(p, "&offset=");
    det__path_int(p, offset);
    if (a->all) return;
    det__path_add(p, "&users=");
    det__path_quote(p, l->c->user, strlen(l->c->user));
}

static void checkpoints_path(void *ctx, det__path *p, int64_t offset) {
    const det__args *a = ((const listing *)ctx)->c->args;
    (void)offset;
    det__path_add(p, "/api/v1/experiments/");
    det__path_int(p, a->experiment_id);
    det__path_add(p, "/checkpoints?");
    if (a->best != DET__ARG_UNSET) {
        det__path_add(p, "limit=");
        det__path_int(p, a->best);
        det__path_add(p, "&");
    }
    det__path_add(p, a->best != DET__ARG_UNSET && a->best ? "sortByAttr=SORT_BY_SEARCHER_METRIC" : "sortByAttr=SORT_BY_END_TIME");
}

static int told(const listing *l, int rc) {
    const char *said = l->json ? det__json_list_errmsg(l->json) : det__list_errmsg(l->list);
    return rc == DET_OK || !*said ? rc : det__cli_fail(&l->c->err, rc, "%s", said);
}

static int begin(void *ctx) {
    const listing *l = ctx;
    return told(l, l->json ? det__json_list_begin_page(l->json) : det__list_begin_page(l->list));
}

static int feed(void *ctx, const void *data, size_t len) {
    const listing *l = ctx;
    return told(l, l->json ? det__json_list_feed(l->json, data, len) : det__list_feed(l->list, data, len));
}

static int end(void *ctx, det__page *page) {
    const listing *l = ctx;
    int rc = told(l, l->json ? det__json_list_end_page(l->json, page) : det__list_end_page(l->list, page));
    if (rc != DET_OK && !*l->c->err.text) return det__cli_fail(&l->c->err, rc, "%s: %s", l->c->master, det_strerror(rc));
    return rc;
}

static int print(const listing *l) {
    int rc = l->json ? det__json_list_print(l->json, stdout) : det__list_print(l->list, stdout);
    if (rc == DET_E_IO) return rc; /* told, or not, with the rest of standard output */
    return told(l, rc);
}

static int open_list(listing *l, det__client *c, int kind) {
    const det__args *a = c->args;
    unsigned flags = (a->all ? DET__LIST_ALL : 0u) | (a->show_project ? DET__LIST_PROJECT : 0u) | (a->csv ? DET__LIST_CSV : 0u);
    memset(l, 0, sizeof *l);
    l->c = c;
    if (a->json) l->json = det__json_list_new(kind == DET__LIST_EXPERIMENTS ? "experiments" : "checkpoints");
    else l->list = det__list_new(kind, flags);
    return l->json || l->list ? DET_OK : det__cli_fail_memory(&c->err);
}

static int run(det__client *c, int kind, det__pages *p) {
    listing l;
    int rc = open_list(&l, c, kind);
    if (rc != DET_OK) return rc;
    p->begin = begin;
    p->feed = feed;
    p->end = end;
    p->ctx = &l;
    det__pages_init(p);
    det__flow f = det__pages_flow(p);
    rc = det__account_choose(c);
    if (rc == DET_OK) rc = det__contact_run(c, &f);
    if (rc == DET_OK) rc = print(&l);
    det__list_free(l.list);
    det__json_list_free(l.json);
    return rc;
}

int det__cmd_experiments(det__client *c) {
    det__pages p;
    memset(&p, 0, sizeof p);
    p.path = experiments_path;
    p.offset = c->args->offset;
    p.single = strcmp(c->args->pages, "1") == 0;
    return run(c, DET__LIST_EXPERIMENTS, &p);
}

int det__cmd_checkpoints(det__client *c) {
    det__pages p;
    memset(&p, 0, sizeof p);
    p.path = checkpoints_path;
    p.single = 1;
    return run(c, DET__LIST_CHECKPOINTS, &p);
}
