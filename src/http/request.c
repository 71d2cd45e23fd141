/* SPDX-License-Identifier: Apache-2.0
 * Request heads. Invariant: what comes from a caller is checked byte by byte before it is written, so one head stays
 * one head (CWE-113, CWE-444). No Accept-Encoding line is written: the master then answers plainly (contract 1.7). */
#include "request.h"

#include "det_error.h"
#include "det_version.h"
#include "response.h"
#include "token.h"

#define TARGET "!\"$~" /* visible, but no '#' */
#define TYPE "Content-Type: application/json\r\n"

/* The end of what is written. */
static DET__NOINLINE int finish(det__out *o) {
    det__out_str(o, "\r\n");
    return det__out_ok(o) ? DET_OK : DET_E_SIZE;
}

int det__request_lines(det__out *o, const det__url *u, int auth, const char *token) {
    if (auth != DET__AUTH_NONE && (!token || !*token || *det__span(token, DET__VISIBLE))) return DET_E_ARG;
    det__out_str(o, "Host: ");
    det__url_host(u, o);
    det__out_str(o, "\r\nUser-Agent: libdet/" DET_VERSION);
    if (auth != DET__AUTH_NONE) {
        det__out_str(o, auth == DET__AUTH_BEARER ? "\r\nAuthorization: Bearer "
                                                 : "\r\nGrpc-Metadata-x-allocation-token: Bearer ");
        det__out_str(o, token);
    }
    return finish(o);
}

/* RFC 9110 section 8.6: a length is expected of methods that define a meaning for a body, even when there is none. All
 * of those begin with P; none of the others in use does but PROPFIND and its kin, which have bodies too. */
static void put_length(det__out *o, const det__head *h) {
    static const char both[] = TYPE "Content-Length: ";
    if (!h->body_len && h->method[0] != 'P') return;
    det__out_str(o, h->body_len ? both : both + sizeof TYPE - 1);
    det__out_u64(o, h->body_len);
    det__out_str(o, "\r\n");
}

static int is_head(const det__head *h) {
    const char *m = h->method;
    return *m && !*det__span(m, DET__TOKEN) && h->path[0] == '/' && !*det__span(h->path, TARGET) &&
           (!h->extra || det__response_is_lines(h->extra));
}

int det__request_head(det__out *o, const det__url *u, const char *lines, size_t lines_len, const det__head *h) {
    if (!is_head(h)) return DET_E_ARG;
    det__out_str(o, h->method);
    det__out_ch(o, ' ');
    det__out_str(o, u->base);
    det__out_str(o, h->path);
    det__out_str(o, " HTTP/1.1\r\n");
    det__out_mem(o, lines, lines_len);
    if (h->close) det__out_str(o, "Connection: close\r\n");
    put_length(o, h);
    if (h->extra) det__out_str(o, h->extra);
    return finish(o);
}
