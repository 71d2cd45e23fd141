/* SPDX-License-Identifier: Apache-2.0
 * The experiment's config: YAML (or JSON) text as sent, checked and completed with the master's defaults. */
#ifndef MASTER_CONFIG_H
#define MASTER_CONFIG_H

#include "json.h"

/* The completed config (sorted), or NULL with why = the text behind "invalid experiment configuration: ". seed: the
 * experiment seed when none is given. */
jval *config_complete(arena *a, const char *text, size_t n, long seed, buf *why);

#endif
