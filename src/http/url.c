/* SPDX-License-Identifier: Apache-2.0
 * The master URL: from what a person typed to host, port and base path, the way the Python harness does it (contract
 * 1.1), but for four things that would send credentials astray: any scheme but lower-case http and https is refused
 * (with the harness "HTTPS://h" is plain text to a host called "https"), and so is "name:/", its misspelling; IPv6
 * literals keep their meaning; host names are letters, digits and "-._~"; an empty query, fragment or user is refused
 * as a full one is. Invariant: host and base hold nothing that could end a request line or a header line. */
#include "url.h"

#include <string.h>

#include "det_error.h"

static int is_digit(char c) {
    return c >= '0' && c <= '9';
}

static int is_alnum(char c) {
    char lower = (char)(c | 0x20);
    return is_digit(c) || (lower >= 'a' && lower <= 'z');
}

static int is_one_of(char c, const char *set) {
    for (; *set; set++)
        if (c == *set) return 1;
    return 0;
}

/* The scheme and its default port. NULL: a scheme that is not ours. */
static const char *parse_scheme(det__url *u, const char *s) {
    const char *p = s;
    u->port = 8080;
    while (is_alnum(*p) || is_one_of(*p, "+-.")) p++;
    if (p[0] != ':' || p[1] != '/') return s;
    if (p[2] != '/' || memcmp(s, "http", 4) != 0) return NULL;
    u->tls = p == s + 5 && s[4] == 's';
    u->port = u->tls ? 443 : 80;
    return p == s + 4 || u->tls ? p + 3 : NULL;
}

/* RFC 3986 section 3.2.2 without zone identifiers (RFC 6874), which mean nothing to another machine. The name lookup
 * judges the digits' order; here nothing may pass that is not an address at all. */
static int ipv6_is_possible(const char *s, size_t n) {
    size_t colons = 0;
    for (size_t i = 0; i < n; i++) {
        char lower = (char)(s[i] | 0x20);
        if (!is_digit(s[i]) && !(lower >= 'a' && lower <= 'f') && s[i] != ':' && s[i] != '.') return 0;
        colons += s[i] == ':';
    }
    return colons >= 2 && n <= 45;
}

static int name_is_possible(const char *s, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!is_alnum(s[i]) && !is_one_of(s[i], "-._~")) return 0;
    return n > 0;
}

/* The host up to its port, path or end. *s is moved behind it. */
static int parse_host(det__url *u, const char **s) {
    const char *host;
    size_t n = 0;
    u->ipv6 = **s == '[';
    host = *s + u->ipv6;
    while (host[n] && !is_one_of(host[n], u->ipv6 ? "]" : ":/?#")) n++;
    if (u->ipv6 ? host[n] != ']' || !ipv6_is_possible(host, n) : !name_is_possible(host, n)) return DET_E_URL;
    if (n >= sizeof u->host) return DET_E_SIZE;
    for (size_t i = 0; i < n; i++) u->host[i] = (char)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] | 0x20 : host[i]);
    u->host[n] = 0;
    *s = host + n + u->ipv6;
    return DET_OK;
}

/* ":port", ":" or nothing; 0 and nothing leave the default. */
static int parse_port(det__url *u, const char **s) {
    uint32_t port = 0;
    if (**s == ':')
        for ((*s)++; is_digit(**s); (*s)++) {
            port = port * 10 + (uint32_t)(**s - '0');
            if (port > 65535) return DET_E_URL;
        }
    if (port) u->port = (uint16_t)port;
    return **s == 0 || **s == '/' ? DET_OK : DET_E_URL;
}

/* The base path: parameters of its last segment dropped (urllib.parse.urlparse), then trailing slashes. */
static int parse_base(det__url *u, const char *s) {
    size_t n = 0, segment = 0;
    for (; s[n]; n++) {
        if (s[n] <= 0x20 || s[n] >= 0x7f || s[n] == '?' || s[n] == '#') return DET_E_URL;
        if (s[n] == '/') segment = n;
    }
    for (n = segment; s[n] && s[n] != ';'; n++) {}
    while (n > 0 && s[n - 1] == '/') n--;
    if (n >= sizeof u->base) return DET_E_SIZE;
    memcpy(u->base, s, n);
    u->base[n] = 0;
    return DET_OK;
}

int det__url_parse(det__url *u, const char *text) {
    int err;
    memset(u, 0, sizeof *u);
    text = parse_scheme(u, text);
    if (!text) return DET_E_URL;
    err = parse_host(u, &text);
    if (!err) err = parse_port(u, &text);
    if (!err) err = parse_base(u, text);
    return err;
}

static void put_host(const det__url *u, det__out *o) {
    if (u->ipv6) det__out_ch(o, '[');
    det__out_str(o, u->host);
    if (u->ipv6) det__out_ch(o, ']');
}

void det__url_authority(const det__url *u, det__out *o) {
    put_host(u, o);
    det__out_ch(o, ':');
    det__out_u64(o, u->port);
}

void det__url_host(const det__url *u, det__out *o) {
    if (u->port == (u->tls ? 443 : 80))
        put_host(u, o);
    else
        det__url_authority(u, o);
}

void det__url_text(const det__url *u, det__out *o) {
    det__out_str(o, u->tls ? "https://" : "http://");
    det__url_authority(u, o);
    det__out_str(o, u->base);
}
