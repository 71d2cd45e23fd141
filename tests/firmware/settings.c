/* SPDX-License-Identifier: Apache-2.0
 * See settings.h. The text is cut into strings where it lies. */
#include "settings.h"

#include <string.h>

#include "board.h"

#define PAGE ((char *)0x21000000) /* PSRAM, zero but for the loader's file */

fw_settings settings;

static uint32_t number(const char *s) {
    uint32_t v = 0;
    while (*s >= '0' && *s <= '9') v = v * 10 + (uint32_t)(*s++ - '0');
    return v;
}

uint16_t split_port(char *address) {
    char *colon = strchr(address, ':');
    if (!colon) return 0;
    *colon = 0;
    return (uint16_t)number(colon + 1);
}

static int equal(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

static int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int set_seed(const char *v) {
    for (size_t i = 0; i < sizeof settings.seed; i++) {
        int high = hex(v[2 * i]), low = high < 0 ? -1 : hex(v[2 * i + 1]);
        if (low < 0) return 0;
        settings.seed[i] = (uint8_t)(high << 4 | low);
    }
    settings.has_seed = 1;
    return 1;
}

static int set_dns(char *v) {
    settings.dns_port = split_port(v);
    return settings.dns_port && ipaddr_aton(v, &settings.dns);
}

static int set(const char *name, char *v) {
    static const struct {
        const char *name;
        char **to;
    } texts[] = {{"url", &settings.url},   {"token", &settings.token}, {"user", &settings.user},
                 {"pass", &settings.pass}, {"time", &settings.time},   {"ca", &settings.ca}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (equal(name, texts[i].name)) return (*texts[i].to = v) != NULL;
    if (equal(name, "dns")) return set_dns(v);
    if (equal(name, "seed")) return set_seed(v);
    if (equal(name, "epochs")) return (settings.epochs = number(v)) != 0;
    if (!equal(name, "pace")) return 0;
    settings.pace_ms = number(v);
    return 1;
}

static int is_line_good(char *line) {
    char *equals = strchr(line, '=');
    if (equals) *equals = 0;
    if (equals && set(line, equals + 1)) return 1;
    put_text("settings: not understood: ");
    put_text(line);
    put_text("\n");
    return 0;
}

int settings_read(void) {
    char *at = PAGE;
    settings.epochs = 1;
    settings.dns_port = 53;
    IP_ADDR4(&settings.dns, 10, 0, 2, 3);
    while (*at) {
        char *end = strchr(at, '\n');
        int rest = memcmp(at, "ca=", 3) == 0;
        if (end && !rest) *end = 0;
        if (!is_line_good(at)) return 0;
        if (!end || rest) break;
        at = end + 1;
    }
    return 1;
}
