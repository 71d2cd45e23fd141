/* SPDX-License-Identifier: Apache-2.0
 * The POSIX port's worker: a thread that owns a core, so that any thread may report while it sends, receives and beats.
 *
 *     det_options_init(&o, NULL, mem, sizeof mem);  …
 *     det_worker_start(&w, &core, &o) → det_worker_report_… from any thread → det_worker_close(&w, DET_COMPLETED, 30000)
 *
 * Opt-in: a program that uses it links with -pthread, all others need not. From start to close the core is the worker's:
 * the program calls nothing of det.h but what makes a det_metric. Once det_worker_start() has failed or
 * det_worker_close() has returned, it may read the core again: det_get_stats(), det_errmsg(), …
 * The callbacks in the options, log and lost, are called from the worker's thread, in which all signals are blocked. They
 * may report, but must not start, close or fork. A report holds a lock that all reports share: none from a signal handler.
 *
 * fork(): the child has no worker. There every call answers DET_E_STATE and does nothing, and its copies of the worker's
 * descriptors are closed, which the master does not notice; the parent goes on as if nothing had happened. The child may
 * start workers of its own, in the same memory if it likes. */
#ifndef DET_WORKER_H
#define DET_WORKER_H

#include "det.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A worker: the caller's memory, opaque; not to be moved, nor given up before det_worker_close() has returned and no thread
 * reports any more. Need not be zeroed before det_worker_start(). */
typedef struct det_worker {
    uint64_t mem[160];
} det_worker;

/* Start a thread and let it det_open() the core. o is read before this returns, what it points to as det_open() says;
 * o->port is not used, the worker brings its own. Blocks as det_open().
 * As det_open(); DET_E_IO: no thread or no descriptors to be had. After a failure there is no thread and nothing is held,
 * det_errmsg(core) says more, reports answer DET_E_STATE and det_worker_close() is harmless. */
DET_API int det_worker_start(det_worker *w, det_core *core, const det_options *o);

/* Queue one report, as the functions of det.h of these names. Any thread; those of one thread keep their order.
 * DET_E_STATE as well when the worker is closed or closing, and after fork(). Codes are all there is of a failure: its
 * sentence is det_strerror()'s.
 * No I/O; at most one system call, which wakes the worker when it had nothing to do. May wait for other threads' reports
 * and for the worker to take some from the outbox; never for the network. */
DET_API int det_worker_report_training_metrics(det_worker *w, int64_t steps, const det_metric *m, size_t n);
DET_API int det_worker_report_validation_metrics(det_worker *w, int64_t steps, const det_metric *m, size_t n);
DET_API int det_worker_report_metrics(det_worker *w, const char *group, int64_t steps, const det_metric *m, size_t n);
DET_API int det_worker_report_progress(det_worker *w, double progress);

/* The run as it was when det_worker_start() returned. Owned by the worker. Any thread. */
DET_API const det_run_info *det_worker_get_run(const det_worker *w);

/* Fills *out with the figures as of the worker's latest turn, which its next report, answer or heartbeat will renew. Any
 * thread. DET_OK, or DET_E_STATE after fork() (*out is then zero). */
DET_API int det_worker_get_stats(det_worker *w, det_stats *out);

/* det_close() the core and end the thread. Blocks up to deadline_ms, and for a name lookup that is under way. Any thread
 * but the worker's own; repeating it, also at the same time, waits for the first one's end and gives the same. May be
 * called by a function given to atexit().
 * As det_close(); what det_worker_start() said if that failed; DET_E_STATE in the worker's own thread and after fork(). */
DET_API int det_worker_close(det_worker *w, int state, uint32_t deadline_ms);

#ifdef __cplusplus
}
#endif
#endif
