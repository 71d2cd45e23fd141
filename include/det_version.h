/* SPDX-License-Identifier: Apache-2.0
 * The version of libdet: three numbers, written here and nowhere else. */
#ifndef DET_VERSION_H
#define DET_VERSION_H

#define DET_VERSION_MAJOR 0
#define DET_VERSION_MINOR 1
#define DET_VERSION_PATCH 0

#define DET_VERSION_STR_(x) #x
#define DET_VERSION_STR(x) DET_VERSION_STR_(x)
#define DET_VERSION                                                                                                    \
    DET_VERSION_STR(DET_VERSION_MAJOR)                                                                                 \
    "." DET_VERSION_STR(DET_VERSION_MINOR) "." DET_VERSION_STR(DET_VERSION_PATCH)

#endif
