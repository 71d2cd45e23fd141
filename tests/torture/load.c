/* SPDX-License-Identifier: Apache-2.0
 * See load.h. Values are eighths, so that sums are exact in any order. */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_LEN = 300, FULL_TRIES = 4000, FULL_MS = 250 };

static const char GROUPS[] = "tviog";
static const char *const NAMES[] = {"training", "validation", "inference", "other", "gpu"};

const char *load_group(char group) {
    return NAMES[strchr(GROUPS, group) - GROUPS];
}

void load_name(char name, char out[8]) {
    snprintf(out, 8, "m_%c", name);
}

double load_number(char group, int steps, char name) {
    return (double)(steps * 64 + (name - 'a') * 8 + (int)(strchr(GROUPS, group) - GROUPS)) / 8 - 20;
}

const char *load_text(char group, int steps, char name) {
    static char text[TEXT_LEN + 1];
    int n = snprintf(text, sizeof text, "%c%d%c", group, steps, name);
    memset(text + n, 'x', (size_t)(TEXT_LEN - n));
    text[TEXT_LEN] = 0;
    return text;
}

static load_row *find(load *l, char group, int steps) {
    for (size_t i = 0; i < l->rows; i++)
        if (l->row[i].group == group && l->row[i].steps == steps) return &l->row[i];
    return NULL;
}

static void expect(load *l, char group, int steps, const char *names, size_t n) {
    load_row *r = find(l, group, steps);
    for (size_t i = 0; i < l->rows; i++) l->ordered &= l->row[i].steps <= steps;
    l->merged |= r != NULL;
    l->reports++;
    if (!r) {
        r = &l->row[l->rows++];
        r->group = group;
        r->steps = steps;
    }
    strncat(r->names, names, n);
    r->report_end[r->reports++] = strlen(r->names);
}

void load_tell(load *l, const load_told *told) {
    load_row *r = find(l, told->group, told->steps);
    if (r && told->code == DET_E_UNSURE) r->unsure++;
    else if (r) r->lost++;
}

void load_lost(void *ctx, int code, const char *group, int64_t steps) {
    load *l = (load *)ctx;
    size_t g = 0;
    while (g < 4 && strcmp(NAMES[g], group) != 0) g++;
    load_told told = {GROUPS[g], (int)steps, code};
    if (g == 4 && code == DET_E_UNSURE) {
        l->unsure++;
        return;
    }
    l->lost++;
    l->lost_code = code;
    if (l->tolds < LOAD_MAX) l->told[l->tolds++] = told;
    load_tell(l, &told);
}

/* Than a step reported before. */
static bool lower(const load *l, int steps) {
    bool yes = false;
    for (size_t i = 0; i < l->rows; i++) yes |= l->row[i].steps > steps;
    return yes;
}

static void report(load *l, det_core *core, const char *word, size_t len, int plus) {
    det_metric m[LOAD_METRICS];
    char names[LOAD_METRICS][8], *end, text[LOAD_METRICS][TEXT_LEN + 1];
    int steps = (int)strtol(word + 1, &end, 10) + plus, rc;
    size_t n = len - (size_t)(end - word);
    if (!core) {
        if (l->reports < l->limit) expect(l, *word, steps, end, n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        load_name(end[i], names[i]);
        if (end[i] >= 'a') m[i] = det_metric_double(names[i], load_number(*word, steps, end[i]));
        else m[i] = det_metric_string(names[i], strcpy(text[i], load_text(*word, steps, end[i])));
    }
    for (int k = 0; (rc = det_report_metrics(core, load_group(*word), steps, m, n)) == DET_E_SPACE && k < FULL_TRIES; k++)
        (void)det_run(core, FULL_MS);
    if (rc == DET_OK) expect(l, *word, steps, end, n);
    else if (rc == DET_E_ORDER && lower(l, steps)) l->too_low++;
    else if (!l->error) l->error = rc;
}

static void one(load *l, det_core *core, const char *word, size_t len, int plus) {
    long n = len > 1 ? strtol(word + 1, NULL, 10) : 0;
    if (!core && strchr("~.p", *word)) return;
    if (*word == '~') (void)det_run(core, (uint32_t)n);
    else if (*word == '.') (void)det_step(core);
    else if (*word == 'p') (void)det_report_progress(core, (double)n / 100);
    else report(l, core, word, len, plus);
}

static void words(load *l, det_core *core, const char *text, const char *end, int plus) {
    while (text < end) {
        size_t len = strcspn(text, " ");
        const char *star = memchr(text, '*', len);
        if (star) { /* not nested */
            const char *from = star + 2, *to = strchr(from, ')');
            for (int i = 0, times = atoi(text); i < times; i++) words(l, core, from, to, i);
            text = to + 1;
        } else {
            if (len > (size_t)(end - text)) len = (size_t)(end - text);
            if (len) one(l, core, text, len, plus);
            text += len;
        }
        text += text < end && *text == ' ';
    }
}

void load_run(load *l, det_core *core, const char *text) {
    l->ordered = true;
    words(l, core, text, text + strlen(text), 0);
}

void load_expect(load *l, const char *text, size_t n) {
    memset(l, 0, sizeof *l);
    l->limit = n;
    load_run(l, NULL, text);
}
