/* SPDX-License-Identifier: Apache-2.0
 * What tabulate takes for a number in text, and how it prints one. Python's int() and float() decide: white space
 * around, underscores between digits, digits of any script. Knows no columns. */
#ifndef DET__CLI_NUMBER_H
#define DET__CLI_NUMBER_H

#include "spill.h"

/* The kind of cell a text without terminal sequences counts as: DET__CELL_NONE when empty. tabulate's _type(). */
int det__num_kind(det__str s);

/* Characters behind the decimal point or else the exponent's "e"; -1: none, or no number. tabulate's _afterpoint(). */
int det__num_after_point(det__str s);

/* float(s). 1 and *v, or 0. */
int det__num_float(det__str s, double *v);

/* format(v, "g"), str(v) of a float, and "%.1f" with a unit behind it: appended to out. */
void det__num_g(double v, det__buf *out);
void det__num_repr(double v, det__buf *out);
void det__num_fixed1(double v, const char *unit, det__buf *out);

#endif
