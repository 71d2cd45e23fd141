/* SPDX-License-Identifier: Apache-2.0
 * The spool's side of a core: what is kept about the log. See feed.c. */
#ifndef DET_CORE_FEED_H
#define DET_CORE_FEED_H

#include "det.h"
#include "outbox.h"

enum det__feed_phase {
    DET__FEED_BETWEEN, /* no run is under way */
    DET__FEED_OPENING,
    DET__FEED_ACTIVE,
    DET__FEED_ENDING   /* all is delivered: its state is to be told */
};

typedef struct det__feed {
    det__outbox staging;  /* reports that are not in the log yet */
    uint64_t pos;         /* read up to here */
    uint64_t mark;        /* up to here it is a record's in the outbox, or settled */
    uint64_t taken;       /* settled up to here */
    uint64_t tidied;      /* … and the log was told */
    uint32_t reserve;     /* what letting go takes of the storage: a copy of RUN, and SETTLED */
    uint32_t step;        /* so much is settled before the log is told: a copy of RUN comes with it */
    uint64_t gone;        /* where the log begins */
    uint64_t recovered;   /* where it ended when it was opened: before are earlier programs' records */
    uint64_t state_end;   /* behind the STATE that is being told */
    uint32_t own, active; /* logical runs */
    int store_code;       /* what the log said last */
    uint8_t phase;
    uint8_t offline;
    uint8_t dry;          /* the log has been read to its end, and nothing was appended since */
    uint8_t run_due;      /* our own RUN is not in the log yet */
    uint8_t state_due;    /* enum det_state, to be written to the log */
    char ids[2][40];      /* external ids made here */
} det__feed;

/* runlog.c: the log as a sequence of runs */
enum { DET__LOG_TEXTS = 5, DET__LOG_TIDY = 1024 }; /* strings of a RUN; bytes settled before the log is told, at least */
struct det__core;
struct det__spooled;
void det__log_take_run(struct det__core *c, char *text); /* a RUN's strings become the options */
int det__log_put(struct det__core *c, uint8_t kind, uint32_t run, const void *payload, size_t len);
int det__log_append(struct det__core *c, const struct det__spooled *h, const void *payload);
int det__log_put_own_run(struct det__core *c);            /* before anything is reported */
int det__log_fits(struct det__core *c, size_t len);       /* … a report or RUN, and what letting go of it takes */
int det__log_put_run(struct det__core *c, const char *run); /* the active run's RUN, its strings */
int det__log_put_settled(struct det__core *c);
int det__log_settled(struct det__core *c, uint32_t run, uint64_t *upto); /* 1: there is word of it, in released too */
int det__log_tidy(struct det__core *c);                   /* let go of what is settled; 0: no room to say so */
int det__log_is_there(int rc);                            /* … a record, whether its payload fits or not */
det__record *det__log_room(const struct det__core *c, size_t want, size_t *cap); /* free space of the outbox */

/* The next record at *pos whatever its size, up to cap bytes of its payload: DET_OK, DET_E_SIZE, DET_E_AGAIN at the end. */
int det__log_get(struct det__core *c, uint64_t *pos, struct det__spooled *h, void *payload, size_t cap);

/* The newest record of a kind of this run. DET_OK, DET_E_NOT_FOUND, DET_E_SIZE or DET_E_IO. */
int det__log_find(struct det__core *c, uint8_t kind, uint32_t run, void *buf, size_t cap);

int det__feed_open(det_core *core); /* look at the log, add our own run. DET_OK or an error */

/* What reports and the log need done. DET_OK: the engine may go on; DET_E_STATE there is nothing for it, DET_E_CLOSED it
 * has ended; DET_E_AGAIN or DET_E_IO: the log will not take, or give, what there is. */
int det__feed_step(det_core *core);

#endif
