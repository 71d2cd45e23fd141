/* SPDX-License-Identifier: Apache-2.0
 * See data.h. Strict: a line is 64 pixel values 0-16 and a digit, or it is an error; nothing is guessed. */
#include "data.h"

#include <stdio.h>
#include <stdlib.h>

#include "rng.h"

enum { PIXEL_MAX = 16, LINE_MAX_LEN = 512, TOO_FEW = 30 };

/* The next number of a line, in 0 … max, and the separator behind it. -1 if it is not there. */
static long number(const char **at, long max, char separator) {
    char *end;
    if (**at < '0' || **at > '9') return -1;
    long v = strtol(*at, &end, 10);
    if (v > max || *end != separator) return -1;
    *at = end + 1;
    return v;
}

static int parse(digit *d, const char *line) {
    for (int i = 0; i < DIGIT_PIXELS; i++) {
        long v = number(&line, PIXEL_MAX, ',');
        if (v < 0) return 0;
        d->pixel[i] = (float)v / PIXEL_MAX;
    }
    d->label = (int)number(&line, DIGIT_CLASSES - 1, '\n');
    return d->label >= 0;
}

static const char *read_all(digits *d, FILE *f, unsigned *line) {
    char text[LINE_MAX_LEN];
    while (fgets(text, sizeof text, f)) {
        ++*line;
        if (d->n == DIGITS_MAX) return "too many digits";
        if (!parse(&d->all[d->n], text)) return "not 64 pixels of 0 to 16 and a digit";
        d->n++;
    }
    *line = 0;
    if (ferror(f)) return "cannot be read";
    return d->n < TOO_FEW ? "too few digits" : NULL;
}

const char *digits_load(digits *d, const char *path, unsigned *line) {
    uint64_t rng = 1797;
    FILE *f = fopen(path, "r");
    *line = 0;
    d->n = 0;
    if (!f) return "cannot be opened";
    const char *wrong = read_all(d, f, line);
    fclose(f);
    if (wrong) return wrong;
    digits_shuffle(d, d->n, &rng);
    d->n_train = d->n - d->n / 3;
    return NULL;
}

void digits_shuffle(digits *d, size_t n, uint64_t *rng) {
    for (size_t i = n; i > 1; i--) {
        size_t j = rng_below(rng, (uint32_t)i);
        digit t = d->all[i - 1];
        d->all[i - 1] = d->all[j];
        d->all[j] = t;
    }
}
