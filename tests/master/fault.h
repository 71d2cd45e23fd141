/* SPDX-License-Identifier: Apache-2.0
 * Misbehaviour to order: rules told by --fault or POST /test/faults, each matching some requests and saying what goes
 * wrong with their answers. The rules say what; net.c does it.
 *
 * A rule is a JSON object. Which requests: "path" (substring), "method", "conn" (the n-th connection), "skip" (leave
 * out the first n that match), "every" (only each k-th of the rest), "count" (fire at most n times). What happens:
 *   "delay_ms"     wait before the work is done: a client that leaves meanwhile cancels it (contract 5.6)
 *   "late"         with delay_ms: the work is done even when the client has left: a late commit
 *   "answer_ms"    wait between the work and its answer
 *   "status"       answer this instead, work undone ("retry_after": seconds, "text": body's error text)
 *   "commit"       true: do the work although "status" answers; false: leave it undone whatever else is said
 *   "close_at"     close (FIN) after n bytes of the answer; "reset_at": reset; "stall_at": say nothing more
 *   "half"         stall_at half of the answer
 *   "never"        no answer at all, the connection stays open
 *   "hangup_ms"    close without a word this long after the answer
 *   "close"        answer with Connection: close and do so
 *   "http10"       answer as an HTTP/1.0 server: no length, body until close
 *   "garbage"      n random bytes instead of the answer, then close; "raw": exactly these characters, kept open
 *   "slow_bytes"   at most n bytes every "slow_ms" */
#ifndef MASTER_FAULT_H
#define MASTER_FAULT_H

#include "call.h"

typedef struct fault {
    char method[16], path[128];
    int conn, skip, every, count;
    int delay_ms, answer_ms, status, retry_after, hangup_ms, garbage, slow_bytes, slow_ms;
    int close_at, reset_at, stall_at; /* -1: not */
    bool late, never, half, close, http10, has_commit, commit;
    char *raw, *text;
    size_t raw_len;
    int seen, fired;
} fault;

bool fault_add(const jval *rule, buf *why);
bool fault_add_text(const char *json, buf *why); /* one rule or an array of them */
void fault_clear(void); /* no rule is in force any more */
void fault_free(void);
const fault *fault_next(const request *q, unsigned conn); /* the rule that fires now, or NULL; valid to the end */
bool fault_spoil(const fault *f, buf *answer); /* raw, garbage, http10; true: close behind it */
void fault_show(buf *b);

#endif
