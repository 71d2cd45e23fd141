/* SPDX-License-Identifier: Apache-2.0
 * The report that the benchmarks of reporting share: ten doubles under the names that training has. */
#ifndef BENCH_TEN_H
#define BENCH_TEN_H

#include "det.h"
#include "../unit/doubles.h"

enum { METRICS = 10 };

/* One report with values of full length, the same sequence in every run. */
static inline void ten_draw(det_metric m[METRICS]) {
    static const char *const names[METRICS] = {"loss",       "accuracy",  "lr",     "grad_norm", "momentum",
                                               "perplexity", "precision", "recall", "f1",        "throughput"};
    for (int k = 0; k < METRICS; k++) m[k] = det_metric_double(names[k], (double)(random64() >> 11) / 9007199254740992.0);
}

#endif
