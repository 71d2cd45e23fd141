/* SPDX-License-Identifier: Apache-2.0
 * Comparing versions, as first contact does. */
#ifndef DET_CLI_VERSION_H
#define DET_CLI_VERSION_H

/* -1, 0, 1: a is less, the same, greater. 0 too when one of them is not a version. */
int det__version_order(const char *a, const char *b);

#endif
