/* SPDX-License-Identifier: Apache-2.0
 * The handwritten digits: read from the CSV file, shuffled once, a third held out. */
#ifndef DEMO_DATA_H
#define DEMO_DATA_H

#include <stddef.h>
#include <stdint.h>

enum { DIGIT_PIXELS = 64, DIGIT_CLASSES = 10, DIGITS_MAX = 2000 };

typedef struct digit {
    float pixel[DIGIT_PIXELS]; /* 0 … 1 */
    int label;                 /* 0 … 9 */
} digit;

typedef struct digits {
    digit all[DIGITS_MAX];
    size_t n;
    size_t n_train; /* all[0 … n_train-1] are trained on, the rest is held out */
} digits;

/* Fill d from the file. NULL, or what is wrong with it; *line is then the line at fault, 0 if it is none. */
const char *digits_load(digits *d, const char *path, unsigned *line);

/* Shuffle the first n digits in place (Fisher-Yates). */
void digits_shuffle(digits *d, size_t n, uint64_t *rng);

#endif
