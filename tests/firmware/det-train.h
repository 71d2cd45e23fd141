/* SPDX-License-Identifier: Apache-2.0
 * libdet's knobs for the training firmware: all but the spool, which there is no storage for; sizes of a small device. */
#define DET_ERROR_TEXTS 0
#define DET_SPOOL 0
#define DET_LOCK 0
#define DET_RX_SIZE 512
#define DET_TLS_RX_SIZE 256
#define DET_HOST_SIZE 64
#define DET_BASE_SIZE 16
#define DET_MSG_SIZE 96
#define DET_CONN_SIZE 24
#define DET_JSON_DEPTH 32
#define DET_TLS_STATE_SIZE 1464 /* both.h; tls13-min.h 1448, tls12-min.h 1332 */
