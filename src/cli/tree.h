/* SPDX-License-Identifier: Apache-2.0
 * A JSON text as a tree, for configuration files: read, changed, written again as Python's json.dump(indent=4,
 * sort_keys=True) does. Nodes belong to the tree they are in. Freed strings are wiped, for they may be secrets. */
#ifndef DET_CLI_TREE_H
#define DET_CLI_TREE_H

#include <stddef.h>
#include <stdint.h>

typedef struct det__tree det__tree;
struct det__tree {
    det__tree *next;   /* of the same container, in the text's order */
    det__tree *child;  /* OBJECT, ARRAY: the first */
    det__tree *parent;
    char *key;         /* in an object; NUL-terminated */
    char *text;        /* STRING: decoded; NUMBER: as written; NUL-terminated */
    size_t key_len, len;
    uint8_t type;      /* det_json_type: OBJECT, ARRAY, STRING, NUMBER, TRUE, FALSE, NULL */
};

/* Parse one JSON text. Of equal keys the last counts, as in Python. DET_OK, DET_E_JSON, DET_E_DEPTH, DET_E_SPACE. */
int det__tree_parse(det__tree **root, const char *text, size_t len);

void det__tree_free(det__tree *t);

/* A new empty object that is no tree's yet; NULL when memory is out. */
det__tree *det__tree_new(void);

/* The member of an object, or NULL (also when t is no object or NULL). */
det__tree *det__tree_get(const det__tree *t, const char *key);

/* The text of a member that is a string, or NULL. */
const char *det__tree_string(const det__tree *t, const char *key);

/* Set a member, replacing another in its place: a string, or a number as it is to be written. The member, or NULL when
 * memory is out. */
det__tree *det__tree_put(det__tree *object, const char *key, int type, const char *text);

/* The member of this name if it is an object, else a new one put there. NULL when memory is out. */
det__tree *det__tree_object(det__tree *object, const char *key);

void det__tree_remove(det__tree *object, const char *key);

/* The text, malloc'd, NUL-terminated, without a line break at its end; NULL when memory is out. Wipe and free() it. */
char *det__tree_print(const det__tree *t, size_t *len);

/* The same as it looks inside of depth containers, with another indent. */
char *det__tree_print_inside(const det__tree *t, int indent, int depth, size_t *len);

#endif
