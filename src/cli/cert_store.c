/* SPDX-License-Identifier: Apache-2.0
 * certs.json, {"<canonical URL>": "<PEM>"}, and what came before it: master.crt, the PEM text of the one master. */
#include "cert_store.h"

#include <stdlib.h>
#include <string.h>

#include "det_json.h"
#include "host.h"
#include "store.h"
#include "tree.h"

#define BAD "is no store of certificates that detc or det wrote, or is damaged"

static int is_good(const det__tree *root) {
    if (root->type != DET_JSON_OBJECT) return 0;
    for (const det__tree *c = root->child; c; c = c->next)
        if (c->type != DET_JSON_STRING || strlen(c->text) != c->len) return 0;
    return 1;
}

static int parse(det__tree **root, const char *text, size_t len) {
    int code = DET_E_SPACE;
    if (!text) {
        *root = det__tree_new();
        return *root ? DET_OK : code;
    }
    code = det__tree_parse(root, text, len);
    if (code == DET_E_SPACE || (code == DET_OK && is_good(*root))) return code;
    det__tree_free(*root);
    *root = NULL;
    return DET_E_STATE;
}

/* DET_E_STATE comes without a sentence. */
static int read_store(const det__store *s, det__tree **root, det__err *e) {
    char *text;
    size_t len;
    int code = det__store_read(s, &text, &len, e);
    *root = NULL;
    if (code != DET_OK) return code;
    code = parse(root, text, len);
    free(text);
    return code == DET_E_SPACE ? det__cli_fail_memory(e) : code;
}

static int lock_and_read(det__store *s, det__tree **root, det__err *e) {
    int code = det__store_lock(s, e);
    if (code == DET_OK) code = read_store(s, root, e);
    return code == DET_E_STATE ? det__store_put_aside(s, BAD, e) : code;
}

static int write_store(const det__store *s, const det__tree *root, det__err *e) {
    size_t len;
    char *text = det__tree_print(root, &len);
    int code = text ? det__store_write(s, text, len, e) : det__cli_fail_memory(e);
    free(text);
    return code;
}

static int add(det__store *s, const char *master_url, const char *pem, det__err *e) {
    det__tree *root;
    int code = lock_and_read(s, &root, e);
    if (code != DET_OK) return code;
    if (det__tree_put(root, master_url, DET_JSON_STRING, pem)) code = write_store(s, root, e);
    else code = det__cli_fail_memory(e);
    det__tree_free(root);
    return code;
}

int det__certs_set(const char *master_url, const char *pem, det__err *e) {
    det__store s;
    int code = det__store_init(&s, "certs.json", e);
    if (code == DET_OK) code = add(&s, master_url, pem, e);
    det__store_free(&s);
    return code;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* master.crt counts only while there is no certs.json. Where nothing can be written it is used as it is, each time. */
static int take_over(det__store *s, const char *master_url, char **pem, det__err *e) {
    det__store old;
    size_t len;
    int code = det__store_init(&old, "master.crt", e);
    if (code == DET_OK) code = det__store_read(&old, pem, &len, e);
    if (code == DET_E_STATE) code = det__cli_fail(e, DET_E_IO, "%s is no certificate", old.path);
    if (code == DET_OK && *pem && add(s, master_url, *pem, NULL) == DET_OK) (void)det__host_remove(old.path);
    det__store_free(&old);
    return code;
}

static int copy_member(const det__tree *root, const char *master_url, char **pem, det__err *e) {
    const char *text = det__tree_string(root, master_url);
    if (!text) return DET_OK;
    *pem = (char *)malloc(strlen(text) + 1);
    if (!*pem) return det__cli_fail_memory(e);
    memcpy(*pem, text, strlen(text) + 1);
    return DET_OK;
}

static int get(det__store *s, const char *master_url, char **pem, det__err *e) {
    det__tree *root;
    int code;
    if (!det__host_exists(s->path)) return take_over(s, master_url, pem, e);
    code = read_store(s, &root, e);
    if (code == DET_E_STATE) code = lock_and_read(s, &root, e);
    if (code == DET_OK) code = copy_member(root, master_url, pem, e);
    det__tree_free(root);
    return code;
}

int det__certs_get(const char *master_url, char **pem, det__err *e) {
    det__store s;
    int code = det__store_init(&s, "certs.json", e);
    *pem = NULL;
    if (code == DET_OK) code = get(&s, master_url, pem, e);
    det__store_free(&s);
    return code;
}
