/* SPDX-License-Identifier: Apache-2.0
 * A configuration directory of the test's own, and its files. Include first: it asks for POSIX. */
#ifndef CONFIG_DIR_H
#define CONFIG_DIR_H
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE 1
#endif
#ifndef _DARWIN_C_SOURCE
#define _DARWIN_C_SOURCE 1
#endif

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static char config_dir[64];

static inline const char *config_path(const char *name) {
    static char path[4][512];
    static unsigned turn;
    char *p = path[turn++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", config_dir, name);
    return p;
}

/* A fresh one, which det__store_dir() gives from now on. */
static inline void config_begin(void) {
    snprintf(config_dir, sizeof config_dir, "/tmp/det-config-XXXXXX");
    if (!mkdtemp(config_dir)) abort();
    setenv("DET_DEBUG_CONFIG_PATH", config_dir, 1);
}

static inline void config_end(void) {
    struct dirent *d;
    chmod(config_dir, 0700);
    DIR *dir = opendir(config_dir);
    while (dir && (d = readdir(dir)) != NULL) unlink(config_path(d->d_name));
    if (dir) closedir(dir);
    rmdir(config_dir);
}

static inline void config_write(const char *name, const char *text) {
    FILE *f = fopen(config_path(name), "wb");
    if (!f) abort();
    fputs(text, f);
    fclose(f);
}

/* The whole file, "(none)" where there is none; valid until the next call but one. */
static inline const char *config_read(const char *name) {
    static char text[2][65536];
    static unsigned turn;
    char *t = text[turn++ % 2];
    FILE *f = fopen(config_path(name), "rb");
    if (!f) return "(none)";
    t[fread(t, 1, sizeof text[0] - 1, f)] = 0;
    fclose(f);
    return t;
}

/* Copy a file of tests/unit/data, seen from the repository's root. */
static inline void config_take(const char *from, const char *name) {
    char path[128], text[8192];
    snprintf(path, sizeof path, "tests/unit/data/%s", from);
    FILE *f = fopen(path, "rb");
    if (!f) {
        fprintf(stderr, "no %s: run from the repository's root\n", path);
        exit(1);
    }
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    config_write(name, text);
}

static inline int config_mode(const char *name) {
    struct stat st;
    return stat(config_path(name), &st) == 0 ? (int)(st.st_mode & 0777) : -1;
}

#endif
