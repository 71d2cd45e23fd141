/* SPDX-License-Identifier: Apache-2.0
 * The error list as text. Everything comes from DET_ERROR_LIST. */
#include "det_error.h"

const char *det_strerror(int code) {
    switch (code) {
#if DET_ERROR_TEXTS
#define DET_X(name, number, cls, text)                                                                                 \
    case name:                                                                                                         \
        return text;
#else
#define DET_X(name, number, cls, text)                                                                                 \
    case name:                                                                                                         \
        return #name;
#endif
        DET_ERROR_LIST(DET_X)
#undef DET_X
    default:
        return code >= 0 ? "ok" : "unknown error";
    }
}

int det_error_class(int code) {
    switch (code) {
#define DET_X(name, number, cls, text)                                                                                 \
    case name:                                                                                                         \
        return DET_CLASS_##cls;
        DET_ERROR_LIST(DET_X)
#undef DET_X
    default:
        return code >= 0 ? DET_CLASS_OK : DET_CLASS_USAGE;
    }
}

const char *det_stage_name(int stage) {
    switch (stage) {
    case DET_STAGE_DNS:
        return "dns";
    case DET_STAGE_TCP:
        return "tcp";
    case DET_STAGE_TLS:
        return "tls";
    case DET_STAGE_HTTP:
        return "http";
    case DET_STAGE_SERVER:
        return "server";
    default:
        return "";
    }
}
