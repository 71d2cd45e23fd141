/* SPDX-License-Identifier: Apache-2.0
 * Texts with holes: a request or the configuration as it stands in call.c, filled with the core's values. */
#ifndef DET_CORE_TEMPLATE_H
#define DET_CORE_TEMPLATE_H

#include "internal.h"

/* Text that is no value: no comma before or behind it. */
void det__literal(det_json_writer *w, const char *text, size_t len);

/* Expand text number n of those in texts, each ending in a NUL, into buf, NUL behind it. An @ is followed by one letter:
 *   @t trial id      @e experiment id   @r trial run id      @i steps of the report under way (numbers)
 *   @u user          @c configuration   @x external trial id                                  (JSON strings)
 *   @n name  @d description  @w workspace  @o project  @m searcher metric                     (JSON strings or null)
 *   @h hparams       @s checkpoint storage                                                    (JSON as given, or null)
 *   @p password hash, a JSON string     @g progress, a number     @k the state to tell, bare
 *   @X external experiment id, percent-encoded                    @/ the API's root, a space before it
 *   @T the trial's path, likewise
 *   @M @N PUT for an experiment, or trial, with an external id, else POST
 *   @E…@. and @F…@. what stands between is for experiments, or trials, with an external id alone
 *   @G @i @z group, steps and time of the report under way     @R…@. what stands between is for one with a time alone
 *   @Y @y @B its group, one of its metrics and its step for a probe's query
 * Length without the NUL, DET_E_SIZE, or DET_E_UTF8 for an option that is not UTF-8. */
int det__template(const det__core *c, const char *texts, int n, char *buf, size_t cap);

#endif
