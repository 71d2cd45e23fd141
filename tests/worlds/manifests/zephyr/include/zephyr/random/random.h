/* SPDX-License-Identifier: Apache-2.0
 * See ../kernel.h. */
#include <sys/random.h>

static inline int sys_csrand_get(void *data, size_t len) {
    return getrandom(data, len, 0) == (ssize_t)len ? 0 : -1;
}
