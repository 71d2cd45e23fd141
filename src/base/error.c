/* SPDX-License-Identifier: Apache-2.0
 * The error list as text. The texts come from DET_ERROR_LIST; the class is read off the number, tens by tens, as the
 * list is numbered (a test holds the two together). */
#include "det_error.h"

static const unsigned char class_of_tens[] = {DET_CLASS_USAGE, DET_CLASS_USAGE, DET_CLASS_SPACE, DET_CLASS_NET,
                                              DET_CLASS_TLS,   DET_CLASS_PROTO, DET_CLASS_SERVER};

int det_error_class(int code) {
    if (code >= 0) return DET_CLASS_OK;
    if (code == DET_E_AGAIN) return DET_CLASS_AGAIN;
    return code > -70 ? class_of_tens[-code / 10] : DET_CLASS_USAGE;
}

#if DET_ERROR_TEXTS
const char *det_strerror(int code) {
    switch (code) {
#define DET_X(name, number, cls, text)                                                                                 \
    case name:                                                                                                         \
        return text;
        DET_ERROR_LIST(DET_X)
#undef DET_X
    default:
        return code >= 0 ? "ok" : "unknown error";
    }
}

const char *det_stage_name(int stage) {
    static const char names[][7] = {"", "dns", "tcp", "tls", "http", "server"};
    return stage > 0 && stage <= DET_STAGE_SERVER ? names[stage] : "";
}
#else
const char *det_strerror(int code) {
    return code >= 0 ? "ok" : "error";
}

const char *det_stage_name(int stage) {
    (void)stage;
    return "";
}
#endif
