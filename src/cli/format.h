/* SPDX-License-Identifier: Apache-2.0
 * Values as det shows them: render.format_time(), format_percent(), util.sizeof_fmt(), and str() of a JSON scalar. Each
 * appends to out. */
#ifndef DET__CLI_FORMAT_H
#define DET__CLI_FORMAT_H

#include "det_json.h"
#include "spill.h"

/* An RFC 3339 time with any offset as "2024-01-01 00:00:00+0000"; other text as it is. */
void det__format_time(det__str s, det__buf *out);

/* A fraction as "25.6%". */
void det__format_percent(double v, det__buf *out);

/* Bytes as "2.0KB", by 1024. */
void det__format_size(double v, det__buf *out);

/* Every "STATE_" taken out. */
void det__format_state(det__str s, det__buf *out);

/* str(json.loads(…)) of a scalar token: None gives nothing. text is a string's. Returns the kind of cell. */
int det__format_scalar(int type, const det_json_token *t, det__str text, det__buf *out);

#endif
