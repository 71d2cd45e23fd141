/* SPDX-License-Identifier: Apache-2.0
 * libFuzzer target of the URL parser. Whatever is accepted must be clean enough to stand in a request head, and its
 * canonical text must be accepted again as the same. Build, from the repository's root, after make:
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -Isrc tests/fuzz/fuzz_url.c src/http/url.c \
 *     build/libdet.a -o fuzz_url && ./fuzz_url -max_len=400 tests/fuzz/corpus/url */
#include <stdlib.h>
#include <string.h>

#include "det_error.h"
#include "http/request.h"

static void require(int c) {
    if (!c) abort();
}

static void require_visible(const char *s) {
    for (; *s; s++) require(*s > 0x20 && *s < 0x7f && !strchr("?#@", *s));
}

/* '@' may stand in a path. */
static void require_path(const char *s) {
    for (; *s; s++) require(*s > 0x20 && *s < 0x7f && *s != '?' && *s != '#');
}

/* A path may still end in parameters after its last slashes went, as the harness has it: those go the next time. */
static void require_same(const det__url *u, const char *text) {
    det__url again;
    require(det__url_parse(&again, text) == DET_OK);
    require(again.port == u->port && again.tls == u->tls && again.ipv6 == u->ipv6 && !strcmp(again.host, u->host));
    require(strchr(u->base, ';') || !strcmp(again.base, u->base));
}

static void require_one_head(const det__url *u) {
    char head[1024];
    det__head h = {"GET", "/x", NULL, 0, 0};
    det__out o;
    size_t lines = 0;
    det__out_init(&o, head, sizeof head);
    require(det__request_lines(&o, u, DET__AUTH_NONE, NULL) == DET_OK);
    require(det__request_head(&o, u, "", 0, &h) == DET_OK);
    for (size_t i = 0; i < o.len; i++) lines += head[i] == '\n';
    require(lines == 4); /* Host, User-Agent, request line, empty line */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = (char *)malloc(size + 1), canonical[512];
    det__url u;
    det__out o;
    int err;
    require(text != NULL);
    memcpy(text, data, size);
    text[size] = 0;
    err = det__url_parse(&u, text);
    free(text);
    require(err == DET_OK || err == DET_E_URL || err == DET_E_SIZE);
    if (err) return 0;
    require(u.host[0] && u.port && (!u.base[0] || u.base[0] == '/'));
    require_visible(u.host);
    require_path(u.base);
    det__out_init(&o, canonical, sizeof canonical - 1);
    det__url_text(&u, &o);
    require(det__out_ok(&o));
    canonical[o.len] = 0;
    require_same(&u, canonical);
    require_one_head(&u);
    return 0;
}
