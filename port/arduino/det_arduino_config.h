/* SPDX-License-Identifier: Apache-2.0
 * The knobs of det_config.h as the Arduino library has them, since a sketch cannot give compile options: https where the board's
 * core brings mbedTLS (ESP32), and for an AVR what its 8 KB can hold: the session (det_session.h), not the Core API, whose
 * memory alone is 4 KB, and only by a compiler with -mdouble=64 (avr-gcc 10): libdet refuses doubles of 32 bits. Edit it, or
 * give -DDET_CONFIG_FILE where a build can. */
#ifndef ESP32
#define DET_TLS 0
#endif
#ifdef __AVR__
#define DET_ERROR_TEXTS 0
#define DET_RX_SIZE 128
#define DET_HDR_SIZE 512
#define DET_HOST_SIZE 64
#define DET_BASE_SIZE 16
#define DET_MSG_SIZE 64
#define DET_JSON_DEPTH 64
#define DET_PIPELINE 1
#define DET_CONN_SIZE 16
#endif
