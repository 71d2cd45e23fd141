/* SPDX-License-Identifier: Apache-2.0
 * Every compile-time knob of libdet: default, range, cost.
 *
 * Define DET_CONFIG_FILE to the name of a header of yours, e.g. -DDET_CONFIG_FILE='"my_det.h"', to override any of
 * them. The library and every program that includes its headers must be compiled with the same values: they set the
 * size of det_session. All are numbers and tested with #if.
 *
 * A figure in brackets is what the knob costs of flash on a Cortex-M4 at -Os, the others as they are by default there:
 * its 1 against its 0, or a number against the 1 that turns it off. `make size UPDATE=1` writes them. */
#ifndef DET_CONFIG_H
#define DET_CONFIG_H

#ifdef DET_CONFIG_FILE
#include DET_CONFIG_FILE
#endif
#include <stdint.h>

/* 1: https by mbedTLS (2.28, 3.x, 4.x) [2769 bytes of flash], its own not counted. 0: built without mbedTLS, https URLs are refused with
 * DET_E_NO_TLS. */
#ifndef DET_TLS
#define DET_TLS 1
#endif

/* 1: det_strerror() and det_errmsg() give sentences. 0: only the server's own words are kept, codes and stages say the
 * rest. [3577 bytes of flash] */
#ifndef DET_ERROR_TEXTS
#define DET_ERROR_TEXTS 1
#endif

/* Receive buffer inside det_session, bytes, 64 … 65536. A small reply costs one recv if it fits, and so do the 13 pipelined
 * ones in 4096. RAM: itself. */
#ifndef DET_RX_SIZE
#if UINTPTR_MAX > 0xffffffff
#define DET_RX_SIZE 4096
#else
#define DET_RX_SIZE 1024
#endif
#endif

/* Buffer below TLS that joins the reads of a record's header and body into one recv, bytes, 64 … 65536; 8448 holds two of
 * a master's records of 4 KB, 28 answers. RAM: itself. */
#ifndef DET_TLS_RX_SIZE
#if UINTPTR_MAX > 0xffffffff
#define DET_TLS_RX_SIZE 8448
#else
#define DET_TLS_RX_SIZE 512
#endif
#endif

/* Constant header lines (Host, User-Agent, Authorization) inside det_session, bytes, 128 … 8192. A master's token has
 * up to 367 characters. RAM: itself. */
#ifndef DET_HDR_SIZE
#define DET_HDR_SIZE 640
#endif

/* Host name of the master without port, bytes with the final NUL, 16 … 256. RAM: itself. */
#ifndef DET_HOST_SIZE
#define DET_HOST_SIZE 128
#endif

/* Base path of the master URL, bytes with the final NUL, 2 … 1024. RAM: itself. */
#ifndef DET_BASE_SIZE
#define DET_BASE_SIZE 64
#endif

/* Text of the last failure inside det_session, the server's own message included, bytes, 64 … 4096. RAM: itself. */
#ifndef DET_MSG_SIZE
#define DET_MSG_SIZE 224
#endif

/* 1: a request line over 4,096 bytes that would be a connection's first, which the master resets (contract 8), is
 * preceded by a short request. 0: it is sent as it is. [178 bytes of flash]; the header
 * lines and 40 bytes have to fit DET_RX_SIZE, or such a request is DET_E_SIZE. Default: 1 on 64-bit targets, else 0. */
#ifndef DET_LONG_LINES
#if UINTPTR_MAX > 0xffffffff
#define DET_LONG_LINES 1
#else
#define DET_LONG_LINES 0
#endif
#endif

/* 1: a core can log in with a password (det_options.user). 0: it needs det_options.token. [1292 bytes of flash] */
#ifndef DET_LOGIN
#define DET_LOGIN 1
#endif

/* 1: det_port.lock() and unlock(), if the port has them, are called around every use of the outbox. 0: never, reports
 * come from the thread that steps. [508 bytes of flash] */
#ifndef DET_LOCK
#define DET_LOCK 1
#endif

/* Most requests under way at a time over a core's connection, 1 … 1024. RAM of a core: a byte each. With 1 nothing is
 * pipelined and det_session_pipe() is not there (the command needs it), which saves [692 bytes of flash]. */
#ifndef DET_PIPELINE
#if UINTPTR_MAX > 0xffffffff
#define DET_PIPELINE 256
#else
#define DET_PIPELINE 16
#endif
#endif

/* 1: a report whose answer was lost is delivered exactly once (see det.h). 0: it is told as DET_E_UNSURE and never sent
 * again. [1825 bytes of flash] */
#ifndef DET_EXACT
#define DET_EXACT 1
#endif

/* Most reports of one group and step that are joined in one request, 1 … 256; 1: none, which saves [376 bytes of flash]. */
#ifndef DET_JOIN
#define DET_JOIN 16
#endif

/* 1: det_options.when_full may have a full outbox drop reports. 0: it refuses the new one. [942 bytes of flash] */
#ifndef DET_POLICIES
#define DET_POLICIES 1
#endif

/* 1: a report carries a CRC in the outbox; one whose memory has changed meanwhile is not sent but told (DET_E_DAMAGED).
 * 0: it is sent. [134 bytes of flash], more without DET_SPOOL, and 1 ns a byte of a report on a host. Default: 0 where pointers are 64 bits
 * wide, else 1. */
#ifndef DET_CHECK_RECORDS
#if UINTPTR_MAX > 0xffffffff
#define DET_CHECK_RECORDS 0
#else
#define DET_CHECK_RECORDS 1
#endif
#endif

/* 1: what the master's database or its searcher would refuse is found when it is reported: JSON that is none, U+0000, a
 * number beyond a double, an epoch that is no number (det.h says which). 0: only the master finds it, and a report of it
 * is refused as a whole. [492 bytes of flash] */
#ifndef DET_CHECK_VALUES
#define DET_CHECK_VALUES 1
#endif

/* 1: a spool (det_options.spool): reports that outlive the program, offline runs. 0: without, which saves
 * [5052 bytes of flash] and 232 of a core's RAM. With neither this nor DET_EXACT reports carry the master's time, however late they are
 * sent. */
#ifndef DET_SPOOL
#define DET_SPOOL 1
#endif

/* Longest response head accepted, status line and all header lines and each interim head, bytes, 256 … 1048576.
 * Costs nothing: heads are parsed as they arrive. A longer one is DET_E_HEAD. */
#ifndef DET_HEAD_LIMIT
#define DET_HEAD_LIMIT 65536
#endif

/* Storage the port may use for one connection (POSIX: socket and address list), bytes, multiple of 8. RAM: itself. */
#ifndef DET_CONN_SIZE
#define DET_CONN_SIZE 256
#endif

/* Storage of mbedTLS's top-level structures for one session, bytes, multiple of 8; checked when the TLS file is
 * compiled. mbedTLS's record buffers are on its own heap. RAM: itself. */
#ifndef DET_TLS_STATE_SIZE
#define DET_TLS_STATE_SIZE 3072
#endif

/* Doubles to text and back. 1: by a table of powers of ten [1140 bytes of flash]. 0: by big integers, exactly the same
 * results in some 30 times the time. Default: 1 where pointers are 64 bits wide, else 0. */
#ifndef DET_FAST_DOUBLES
#if defined(UINTPTR_MAX) && UINTPTR_MAX > 0xffffffffu
#define DET_FAST_DOUBLES 1
#else
#define DET_FAST_DOUBLES 0
#endif
#endif

/* CRC-32 of the records in outbox and spool. 1: by tables [1118 bytes of flash]. 0: by 64 bytes, at a fourth of the speed. Default: 1
 * where pointers are 64 bits wide, else 0. */
#ifndef DET_FAST_CRC
#if defined(UINTPTR_MAX) && UINTPTR_MAX > 0xffffffffu
#define DET_FAST_CRC 1
#else
#define DET_FAST_CRC 0
#endif
#endif

/* Deepest nesting the JSON reader accepts, multiple of 32, 32 … 4096. RAM of a reader: one bit each. */
#ifndef DET_JSON_DEPTH
#define DET_JSON_DEPTH 512
#endif

#endif
