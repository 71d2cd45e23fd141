/* SPDX-License-Identifier: Apache-2.0
 * See show.h. */
#define _POSIX_C_SOURCE 200809L
#include "show.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BAR = 24, PLOT_W = 64, PLOT_H = 10, PLOT_RANGE = 300 /* highest over lowest */ };

/* ---- progress ------------------------------------------------------------------------------------------------------ */

static void print_progress(const show_progress *p) {
    printf("epoch %2u/%u  loss %.4f  val_loss %.4f  accuracy %5.1f %%", p->epoch, p->epochs, p->train_loss, p->val_loss,
           100 * p->accuracy);
    if (p->queued) printf("  reports %u, to send %u", (unsigned)p->queued, (unsigned)p->pending);
}

void show_running(const show_progress *p) {
    char bar[BAR + 1];
    if (!isatty(STDOUT_FILENO)) return;
    for (int i = 0; i < BAR; i++) bar[i] = i * p->steps < BAR * p->step ? '#' : '.';
    bar[BAR] = 0;
    printf("\r[%s] ", bar);
    print_progress(p);
    printf("\033[K"); /* ECMA-48 EL: what a longer line left behind */
    fflush(stdout);
}

void show_epoch(const show_progress *p) {
    show_running(p);
    if (!isatty(STDOUT_FILENO)) print_progress(p);
    if (!isatty(STDOUT_FILENO) || p->epoch == p->epochs) printf("\n");
    fflush(stdout);
}

void show_break(void) {
    if (isatty(STDOUT_FILENO)) printf("\n");
    fflush(stdout);
}

void show_sending(uint32_t pending) {
    if (!isatty(STDOUT_FILENO)) return;
    if (pending)
        printf("\rreports to send: %u\033[K", (unsigned)pending);
    else
        printf("\r\033[K");
    fflush(stdout);
}

/* ---- plot ---------------------------------------------------------------------------------------------------------- */

/* The height is logarithmic: a loss falls by factors. */
typedef struct plot {
    char cell[PLOT_H][PLOT_W];
    double low, high; /* logarithms */
    int64_t steps;
} plot;

static int row_of(const plot *p, double v) {
    int y = (int)((log(v) - p->low) / (p->high - p->low) * PLOT_H);
    return y < 0 ? 0 : y < PLOT_H ? y : PLOT_H - 1;
}

/* One mark per column: the mean of what falls into it. */
static void draw(plot *p, const series *s, char mark) {
    double sum[PLOT_W] = {0};
    unsigned n[PLOT_W] = {0};
    for (size_t i = 0; i < s->n; i++) {
        int64_t x = (s->step[i] - 1) * PLOT_W / p->steps;
        sum[x] += s->value[i];
        n[x]++;
    }
    for (int x = 0; x < PLOT_W; x++)
        if (n[x] && sum[x] > 0) p->cell[row_of(p, sum[x] / n[x])][x] = mark;
}

static void print_row(const plot *p, int y) {
    int len = PLOT_W;
    while (len && p->cell[y][len - 1] == ' ') len--;
    printf("%8.3f |%.*s\n", exp(p->low + (p->high - p->low) * (y + 0.5) / PLOT_H), len, p->cell[y]);
}

void show_plot(const series *dots, const series *marks) {
    plot p;
    summary s = series_summary(dots);
    if (!dots->n || !(s.max > 0)) return;
    p.steps = dots->step[dots->n - 1];
    p.high = log(s.max);
    p.low = p.high - log(PLOT_RANGE);
    for (int y = 0; y < PLOT_H; y++) memset(p.cell[y], ' ', PLOT_W);
    draw(&p, dots, '.');
    draw(&p, marks, 'o');
    printf("\n%8s  . %s   o %s\n", "loss", dots->group, marks->group);
    for (int y = PLOT_H - 1; y >= 0; y--) print_row(&p, y);
    printf("%8s +", "");
    for (int x = 0; x < PLOT_W; x++) putchar('-');
    printf("\n%8s  1%*lld steps\n\n", "", PLOT_W - 7, (long long)p.steps);
}

/* ---- tables -------------------------------------------------------------------------------------------------------- */

static void print_summary(const char *name, const char *who, const summary *s) {
    printf("%-22s %-10s %6lld %10.6f %10.6f %10.6f %10.6f", name, who, (long long)s->count, s->last, s->min, s->max, s->mean);
}

void show_comparison(const series *const *reported, const held *h, size_t n) {
    printf("%-33s %6s %10s %10s %10s %10s  rows equal\n", "", "count", "last", "min", "max", "mean");
    for (size_t i = 0; i < n; i++) {
        char name[64];
        summary mine = series_summary(reported[i]);
        snprintf(name, sizeof name, "%s.%s", reported[i]->group, reported[i]->metric);
        print_summary(name, "reported", &mine);
        printf("\n");
        print_summary("", "master", &h[i].sum);
        printf("  %zu of %zu\n", h[i].rows_equal, reported[i]->n);
    }
    printf("\n");
}

void show_stats(const det_stats *s, double us_per_report, unsigned waits) {
    printf("reports: %u accepted, %u acknowledged, %u refused, %u unsure, %u not sent\n", (unsigned)s->queued,
           (unsigned)s->acknowledged, (unsigned)s->refused, (unsigned)s->unsure, (unsigned)s->pending);
    printf("delivery: %u requests with reports, %u joined, %u sent again, %u rewinds, %u in doubt, %u dropped, oldest %u ms\n",
           (unsigned)s->requests, (unsigned)s->joined, (unsigned)s->resent, (unsigned)s->fenced, (unsigned)s->doubtful,
           (unsigned)(s->dropped_oldest + s->dropped_newest + s->thinned), (unsigned)s->oldest_ms);
    printf("outbox: %zu of %zu bytes used at most; found full and waited for %u times\n", s->outbox_peak, s->outbox_cap, waits);
    printf("connections: %u\n", (unsigned)s->session.connections);
    printf("requests: %u\n", (unsigned)s->session.requests);
    printf("bytes: %llu sent, %llu received\n", (unsigned long long)s->session.sent, (unsigned long long)s->session.received);
    printf("microseconds per report: %.2f (median)\n", us_per_report);
}
