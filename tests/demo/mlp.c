/* SPDX-License-Identifier: Apache-2.0
 * See mlp.h. All parameters lie in one array, so that a step of descent is one loop over it. */
#include "mlp.h"

#include <math.h>
#include <string.h>

#include "rng.h"

#define MOMENTUM 0.9f

/* Where each layer's weights (row by row) and biases begin. */
enum { W1 = 0, B1 = W1 + MLP_HIDDEN * MLP_IN, W2 = B1 + MLP_HIDDEN, B2 = W2 + MLP_OUT * MLP_HIDDEN };

typedef struct activity {
    float hidden[MLP_HIDDEN];
    float out[MLP_OUT]; /* probabilities */
} activity;

void mlp_init(mlp *net, uint64_t *rng) {
    float r1 = sqrtf(6.0f / MLP_IN), r2 = sqrtf(6.0f / MLP_HIDDEN); /* He et al. 2015, for rectified units */
    memset(net, 0, sizeof *net);
    for (int i = W1; i < B1; i++) net->param[i] = r1 * rng_signed(rng);
    for (int i = W2; i < B2; i++) net->param[i] = r2 * rng_signed(rng);
}

static float dot(const float *a, const float *b, int n) {
    float sum = 0;
    for (int i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* The largest is taken off first: exp() cannot overflow. */
static void softmax(float *v) {
    float top = v[0], sum = 0;
    for (int i = 1; i < MLP_OUT; i++) top = v[i] > top ? v[i] : top;
    for (int i = 0; i < MLP_OUT; i++) sum += v[i] = expf(v[i] - top);
    for (int i = 0; i < MLP_OUT; i++) v[i] /= sum;
}

static void forward(const mlp *net, const float *pixel, activity *a) {
    const float *p = net->param;
    for (int j = 0; j < MLP_HIDDEN; j++) {
        float v = p[B1 + j] + dot(p + W1 + j * MLP_IN, pixel, MLP_IN);
        a->hidden[j] = v > 0 ? v : 0;
    }
    for (int k = 0; k < MLP_OUT; k++) a->out[k] = p[B2 + k] + dot(p + W2 + k * MLP_HIDDEN, a->hidden, MLP_HIDDEN);
    softmax(a->out);
}

static double loss_of(const activity *a, int label) {
    double p = (double)a->out[label];
    return -log(p > 1e-12 ? p : 1e-12);
}

/* Add the gradient of one digit's loss to g. Softmax and cross-entropy together: d loss / d input = p - target. */
static void backward(const mlp *net, const digit *d, const activity *a, float *g) {
    float back[MLP_HIDDEN] = {0};
    for (int k = 0; k < MLP_OUT; k++) {
        float e = a->out[k] - (k == d->label ? 1.0f : 0.0f);
        g[B2 + k] += e;
        for (int j = 0; j < MLP_HIDDEN; j++) {
            g[W2 + k * MLP_HIDDEN + j] += e * a->hidden[j];
            back[j] += e * net->param[W2 + k * MLP_HIDDEN + j];
        }
    }
    for (int j = 0; j < MLP_HIDDEN; j++) {
        if (a->hidden[j] <= 0) continue;
        g[B1 + j] += back[j];
        for (int i = 0; i < MLP_IN; i++) g[W1 + j * MLP_IN + i] += back[j] * d->pixel[i];
    }
}

static void descend(mlp *net, float rate) {
    for (int i = 0; i < MLP_PARAMS; i++) {
        net->speed[i] = MOMENTUM * net->speed[i] - rate * net->gradient[i];
        net->param[i] += net->speed[i];
    }
}

double mlp_train(mlp *net, const digit *d, size_t n, float rate) {
    double loss = 0;
    memset(net->gradient, 0, sizeof net->gradient);
    for (size_t i = 0; i < n; i++) {
        activity a;
        forward(net, d[i].pixel, &a);
        loss += loss_of(&a, d[i].label);
        backward(net, &d[i], &a, net->gradient);
    }
    descend(net, rate / (float)n);
    return loss / (double)n;
}

static int best(const activity *a) {
    int top = 0;
    for (int k = 1; k < MLP_OUT; k++)
        if (a->out[k] > a->out[top]) top = k;
    return top;
}

double mlp_evaluate(const mlp *net, const digit *d, size_t n, double *accuracy) {
    double loss = 0;
    size_t right = 0;
    for (size_t i = 0; i < n; i++) {
        activity a;
        forward(net, d[i].pixel, &a);
        loss += loss_of(&a, d[i].label);
        right += best(&a) == d[i].label;
    }
    *accuracy = (double)right / (double)n;
    return loss / (double)n;
}
