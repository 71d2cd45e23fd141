/* SPDX-License-Identifier: Apache-2.0
 * For what is called from several places: GCC copies it to each even with -Os, which makes a Thumb build larger. */
#ifndef DET_BASE_NOINLINE_H
#define DET_BASE_NOINLINE_H

#if defined(__GNUC__) && defined(__OPTIMIZE_SIZE__)
#define DET__NOINLINE __attribute__((noinline))
#else
#define DET__NOINLINE
#endif

#endif
