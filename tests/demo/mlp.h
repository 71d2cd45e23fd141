/* SPDX-License-Identifier: Apache-2.0
 * A two-layer perceptron: 64 pixels, 256 rectified units (MLP_UNITS), softmax over 10 digits; trained by gradient descent
 * with momentum. Knows nothing of reporting. */
#ifndef DEMO_MLP_H
#define DEMO_MLP_H

#include "data.h"

#ifndef MLP_UNITS
#define MLP_UNITS 256
#endif

enum {
    MLP_IN = DIGIT_PIXELS,
    MLP_HIDDEN = MLP_UNITS,
    MLP_OUT = DIGIT_CLASSES,
    MLP_PARAMS = MLP_HIDDEN * (MLP_IN + 1) + MLP_OUT * (MLP_HIDDEN + 1)
};

typedef struct mlp {
    float param[MLP_PARAMS]; /* weights and biases; mlp.c knows where each is */
    float speed[MLP_PARAMS]; /* momentum */
    float gradient[MLP_PARAMS]; /* of the batch: too large for a small stack */
} mlp;

void mlp_init(mlp *net, uint64_t *rng);

/* One step of gradient descent on n digits. Returns their mean loss (cross-entropy) before the step. */
double mlp_train(mlp *net, const digit *d, size_t n, float rate);

/* Mean loss over n digits, and the fraction of them recognised. */
double mlp_evaluate(const mlp *net, const digit *d, size_t n, double *accuracy);

#endif
