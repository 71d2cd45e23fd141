/* SPDX-License-Identifier: Apache-2.0
 * The POSIX port's files: the system's trust roots, and a certificate file given by the user. Keeps no descriptor open
 * between calls and uses no malloc. Must not know what a certificate is. */
#define _FILE_OFFSET_BITS 64 /* large files and inodes where long has 32 bits */
#define _DEFAULT_SOURCE 1
#define _DARWIN_C_SOURCE 1
#include "det_posix_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PEM_MAX (16u << 20)

#if !defined(MAP_ANONYMOUS) && defined(MAP_ANON)
#define MAP_ANONYMOUS MAP_ANON
#endif

int det__posix_open_file(const char *path) {
    int fd;
    do fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    return fd;
}

/* The same file each time, as long as no file appears or goes: the first of these that can be opened. A user's
 * SSL_CERT_FILE replaces them, as with other programs, also when it cannot be read: less trust, never more. */
static int open_roots(void) {
    static const char *const place[] = {
        "/etc/ssl/certs/ca-certificates.crt", /* Debian, Ubuntu, Arch, Alpine */
        "/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora, RHEL */
        "/etc/ssl/ca-bundle.pem",             /* SUSE */
        "/etc/ssl/cert.pem",                  /* macOS, OpenBSD, FreeBSD, Alpine */
        "/usr/local/share/certs/ca-root-nss.crt",
    };
    const char *given = getenv("SSL_CERT_FILE");
    if (given && *given) return det__posix_open_file(given);
    int fd = -1;
    for (size_t i = 0; fd < 0 && i < sizeof place / sizeof place[0]; i++) fd = det__posix_open_file(place[i]);
    return fd;
}

int det__posix_roots(void *ctx, size_t offset, void *data, size_t cap) {
    (void)ctx;
    int fd = open_roots();
    if (fd < 0) return DET_E_IO;
    ssize_t n;
    if (cap > INT32_MAX) cap = INT32_MAX;
    do n = pread(fd, data, cap, (off_t)offset);
    while (n < 0 && errno == EINTR);
    close(fd);
    return n < 0 ? DET_E_IO : (int)n;
}

/* A copy rather than a mapping of the file: one that is cut short while mapped would be a SIGBUS. */
static int read_all(int fd, char *out, size_t len) {
    while (len) {
        ssize_t n = read(fd, out, len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return -1;
        out += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Memory of zeros, or MAP_FAILED. POSIX by itself has it from a file alone. */
static void *map_zeros(size_t len) {
#ifdef MAP_ANONYMOUS
    return mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
#else
    int fd = open("/dev/zero", O_RDWR | O_CLOEXEC);
    if (fd < 0) return MAP_FAILED;
    void *at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    close(fd);
    return at;
#endif
}

static int read_pem(int fd, const char **pem, size_t *len) {
    struct stat s;
    if (fstat(fd, &s) != 0) return DET_E_CERT;
    if (s.st_size <= 0 || s.st_size > (off_t)PEM_MAX) {
        errno = EINVAL;
        return DET_E_CERT;
    }
    size_t n = (size_t)s.st_size;
    void *at = map_zeros(n + 1);
    if (at == MAP_FAILED) return DET_E_CERT;
    if (read_all(fd, (char *)at, n) != 0) {
        munmap(at, n + 1);
        return DET_E_CERT;
    }
    *pem = (const char *)at;
    *len = n;
    return DET_OK;
}

int det_posix_read_pem(const char *path, const char **pem, size_t *len) {
    int fd = det__posix_open_file(path);
    if (fd < 0) return DET_E_CERT;
    int code = read_pem(fd, pem, len), saved = errno;
    close(fd);
    errno = saved;
    return code;
}

void det_posix_free_pem(const char *pem, size_t len) {
    if (pem) munmap((void *)(uintptr_t)pem, len + 1);
}
