/* SPDX-License-Identifier: Apache-2.0
 * get URL PATH: prints the body of any complete answer. Exit 0 on 2xx, 1 on another status, 2 without a complete
 * well-formed answer. The session without the Core API; DET_MASTER_CERT_FILE and DET_USER_TOKEN are honoured. */
#include <stdio.h>
#include <string.h>

#include "det_env.h"
#include "det_posix.h"

static int print(void *ctx, const det_response *r, const void *data, size_t len) {
    (void)ctx, (void)r;
    return fwrite(data, 1, len, stdout) == len ? DET_OK : DET_E_IO;
}

int main(int argc, char **argv) {
    static det_session session;
    static char buffer[16384];
    det_options env;
    det_session_options o = {0};
    det_request q = {0};
    det_response r = {0};
    if (argc != 3) {
        fprintf(stderr, "usage: get URL PATH\n");
        return 2;
    }
    det_options_init(&env, det_posix_port(), NULL, 0);
    int rc = det_options_from_env(&env);
    o.port = env.port;
    o.url = argv[1];
    o.buffer = buffer;
    o.buffer_len = sizeof buffer;
    o.token = env.token;
    o.ca_pem = env.ca_pem;
    o.ca_pem_len = env.ca_pem_len;
    o.tls_name = env.tls_name;
    o.noverify = env.noverify;
    q.method = "GET";
    q.path = argv[2];
    q.sink = print;
    if (rc == DET_OK) rc = det_session_init(&session, &o);
    if (rc == DET_OK) rc = det_session_call(&session, &q, &r);
    if (rc != DET_OK) fprintf(stderr, "get: %s\n", *det_session_errmsg(&session) ? det_session_errmsg(&session) : det_strerror(rc));
    det_session_free(&session);
    if (fflush(stdout) != 0) return 2;
    return rc == DET_OK ? 0 : det_error_class(rc) == DET_CLASS_SERVER ? 1 : 2;
}
