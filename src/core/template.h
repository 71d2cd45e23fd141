/* SPDX-License-Identifier: Apache-2.0
 * Texts with holes: a path or a body as it stands in call.c's table, filled with the core's values. */
#ifndef DET_CORE_TEMPLATE_H
#define DET_CORE_TEMPLATE_H

#include "internal.h"

/* Expand text into buf, NUL behind it; *len without the NUL. An @ is followed by one letter:
 *   @t trial id      @e experiment id   @r trial run id      @i steps of the oldest record   (numbers)
 *   @u user          @p password hash   @x external trial id                                 (JSON strings)
 *   @n name  @d description  @w workspace  @o project  @m searcher metric                    (JSON strings or null)
 *   @h hparams       @s checkpoint storage                                                   (JSON as given, or null)
 *   @c the experiment's configuration, as a string                                           (contract 3.1)
 *   @g progress      @k terminal state's name     @X external experiment id, percent-encoded
 * DET_OK, DET_E_SIZE, or DET_E_UTF8 for an option that is not UTF-8. */
int det__template(const det__core *c, const char *text, char *buf, size_t cap, size_t *len);

#endif
