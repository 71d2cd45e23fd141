/* SPDX-License-Identifier: Apache-2.0
 * A small deterministic generator (SplitMix64, Vigna 2015), so that every machine trains the same model from the same
 * data. Not for secrets. */
#ifndef DEMO_RNG_H
#define DEMO_RNG_H

#include <stdint.h>

static inline uint32_t rng_next(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (uint32_t)(z >> 32);
}

/* 0 … n-1 */
static inline uint32_t rng_below(uint64_t *state, uint32_t n) {
    return (uint32_t)(((uint64_t)rng_next(state) * n) >> 32);
}

/* -1 … 1 */
static inline float rng_signed(uint64_t *state) {
    return (float)(rng_next(state) >> 8) / 8388608.0f - 1.0f;
}

#endif
