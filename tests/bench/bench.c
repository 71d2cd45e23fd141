/* SPDX-License-Identifier: Apache-2.0
 * See bench.h: clocks, medians, files. */
#include "bench.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double clock_ns(clockid_t id) {
    struct timespec t;
    if (clock_gettime(id, &t) != 0) return 0;
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

double bench_wall_ns(void) {
    return clock_ns(CLOCK_MONOTONIC);
}

double bench_cpu_ns(void) {
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

double bench_cpu_of_ns(pid_t pid) {
    clockid_t id;
    return clock_getcpuclockid(pid, &id) == 0 ? clock_ns(id) : 0;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *v, size_t n) {
    qsort(v, n, sizeof *v, by_size);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

int bench_pin(int cpu) {
    cpu_set_t set;
    struct sched_param none = {0};
    CPU_ZERO(&set);
    CPU_SET((unsigned)cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) return -1;
    return sched_setscheduler(0, SCHED_BATCH, &none);
}

void bench_die(const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    fflush(stdout);
    fputs("bench: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(1);
}

char *bench_read_file(const char *path, size_t *len) {
    FILE *f = fopen(path, "rb");
    long n = -1;
    if (f && fseek(f, 0, SEEK_END) == 0) n = ftell(f);
    if (!f || n < 0) bench_die("cannot read %s", path);
    char *text = (char *)malloc((size_t)n + 1);
    rewind(f);
    if (!text || fread(text, 1, (size_t)n, f) != (size_t)n) bench_die("cannot read %s", path);
    fclose(f);
    text[n] = 0;
    *len = (size_t)n;
    return text;
}
