/* SPDX-License-Identifier: Apache-2.0
 * The master URL: from what a person typed to host, port and base path, the way the Python harness does it (contract
 * 1.1), but for four things that would send credentials astray: any scheme but lower-case http and https is refused
 * (with the harness "HTTPS://h" is plain text to a host called "https"), and so is "name:/", its misspelling; IPv6
 * literals keep their meaning; host names are letters, digits and "-._~"; an empty query, fragment or user is refused
 * as a full one is. Invariant: host and base hold nothing that could end a request line or a header line. */
#include "url.h"

#include <string.h>

#include "det_error.h"
#include "token.h"

#define NAME "azAZ09-.__~~"
#define IPV6 "0:AFaf.."
#define BASE "!\"$>@~" /* visible, but no query and no fragment */

enum { IPV6_MOST = 45, UNSAID = 8080 };

static unsigned scheme_port(const det__url *u) {
    return u->tls ? 443 : 80;
}

/* "http://", "https://" or neither. Another scheme is no host, or has an empty port before a slash: refused as such. */
static const char *parse_scheme(det__url *u, const char *s) {
    const char *p = s, *scheme = "https://";
    for (; *scheme; scheme++) {
        if (*p == *scheme) {
            p++;
        } else if (*scheme != 's') {
            p = s;
            break;
        }
    }
    u->tls = p - s == 8;
    u->port = (uint16_t)(p == s ? UNSAID : scheme_port(u));
    return p;
}

/* RFC 3986 section 3.2.2 without zone identifiers (RFC 6874), which mean nothing to another machine. The name lookup
 * judges the order of an address's digits; here nothing may pass that is not an address at all. *s is moved behind. */
static int parse_host(det__url *u, const char **s) {
    int ipv6 = **s == '[';
    const char *host = *s + ipv6, *end = det__span(host, ipv6 ? IPV6 : NAME);
    size_t n = (size_t)(end - host), colons = 0;
    if (n >= sizeof u->host) return DET_E_SIZE;
    for (size_t i = 0; i < n; i++) {
        unsigned c = (uint8_t)host[i];
        colons += c == ':';
        u->host[i] = (char)(c - 'A' < 26 ? c | 0x20 : c);
    }
    u->host[n] = 0;
    u->ipv6 = (uint8_t)ipv6;
    *s = end + ipv6;
    if (ipv6 ? *end != ']' || colons < 2 || n > IPV6_MOST : !n) return DET_E_URL;
    return DET_OK;
}

/* ":port", ":" or nothing; 0 and nothing leave the default. */
static int parse_port(det__url *u, const char **s) {
    const char *p = *s;
    uint32_t port = 0;
    unsigned digit;
    if (*p == ':') {
        if (p[1] == '/' && u->port == UNSAID) return DET_E_URL;
        while ((digit = (unsigned)*++p - '0') <= 9) {
            port = port * 10 + digit;
            if (port > 65535) return DET_E_URL;
        }
    }
    if (port) u->port = (uint16_t)port;
    *s = p;
    return *p == 0 || *p == '/' ? DET_OK : DET_E_URL;
}

/* The base path: parameters of its last segment dropped (urllib.parse.urlparse), then trailing slashes. */
static int parse_base(det__url *u, const char *s) {
    const char *end = det__span(s, BASE);
    size_t n;
    if (*end) return DET_E_URL;
    while (end > s && *end != '/') end--;
    while (*end && *end != ';') end++;
    while (end > s && end[-1] == '/') end--;
    n = (size_t)(end - s);
    if (n >= sizeof u->base) return DET_E_SIZE;
    memcpy(u->base, s, n);
    u->base[n] = 0;
    return DET_OK;
}

int det__url_parse(det__url *u, const char *text) {
    int err;
    text = parse_scheme(u, text);
    err = parse_host(u, &text);
    if (!err) err = parse_port(u, &text);
    if (!err) err = parse_base(u, text);
    return err;
}

/* With the port, unless it is this one. */
static void put_host(const det__url *u, det__out *o, unsigned port) {
    if (u->ipv6) det__out_ch(o, '[');
    det__out_str(o, u->host);
    if (u->ipv6) det__out_ch(o, ']');
    if (u->port == port) return;
    det__out_ch(o, ':');
    det__out_u64(o, u->port);
}

void det__url_authority(const det__url *u, det__out *o) {
    put_host(u, o, 0);
}

void det__url_host(const det__url *u, det__out *o) {
    put_host(u, o, scheme_port(u));
}

void det__url_text(const det__url *u, det__out *o) {
    det__out_str(o, u->tls ? "https://" : "http://");
    det__url_authority(u, o);
    det__out_str(o, u->base);
}
