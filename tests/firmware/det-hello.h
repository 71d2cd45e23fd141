/* SPDX-License-Identifier: Apache-2.0
 * libdet's knobs for the smallest client: a token that is given, one report at a time, each sent once. */
#include "det-train.h"
#undef DET_TLS_STATE_SIZE
#define DET_TLS_STATE_SIZE 1336
#define DET_LOGIN 0
#define DET_PIPELINE 1
#define DET_EXACT 0
#define DET_JOIN 1
#define DET_POLICIES 0
#define DET_CHECK_RECORDS 0
