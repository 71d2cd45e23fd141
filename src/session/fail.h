/* SPDX-License-Identifier: Apache-2.0
 * For core/: a failure found above the session is kept, told and logged in the same place as the session's own. */
#ifndef DET_SESSION_FAIL_H
#define DET_SESSION_FAIL_H

#include "det_session.h"

/* Keep it and return code. stage: enum det_stage, DET_STAGE_NONE for a usage error. */
int det__session_fail(det_session *s, int code, int stage, long detail);

/* Has a request been started and not ended? */
int det__session_busy(const det_session *s);

/* As det_session_cancel(). DET_E_UNSURE if the request has been sent whole, else DET_E_TIMEOUT. */
int det__session_give_up(det_session *s);

/* Had the connection that broke last been open? Then what was under way may have arrived. */
int det__session_was_open(const det_session *s);

/* Did the answer read last have words in one of a master's three shapes? */
int det__session_words(const det_session *s);

/* Put a core's code in the place of the session's for the failure just kept (a master's 500 can mean several things). */
int det__session_recode(det_session *s, int code);

#endif
