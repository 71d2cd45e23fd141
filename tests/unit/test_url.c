/* SPDX-License-Identifier: Apache-2.0
 * The master URL: contract 1.1's samples, the deliberate differences from the Python harness, and the knobs' edges. */
#include "unit/unit.h"

#include "det_error.h"
#include "http/url.h"

static char text_of[1024];

/* The canonical text, or "!URL", "!SIZE" for the errors. */
static const char *canonical(const char *s) {
    det__url u;
    det__out o;
    int err = det__url_parse(&u, s);
    if (err) return err == DET_E_URL ? "!URL" : err == DET_E_SIZE ? "!SIZE" : "!";
    det__out_init(&o, text_of, sizeof text_of - 1);
    det__url_text(&u, &o);
    text_of[o.len] = 0;
    return text_of;
}

typedef struct sample {
    const char *in, *out;
} sample;

static void check_all(const sample *s, size_t n) {
    for (size_t i = 0; i < n; i++) CHECK_STR(canonical(s[i].in), s[i].out);
}
#define CHECK_ALL(s) check_all(s, sizeof(s) / sizeof((s)[0]))

static void samples_of_the_harness_come_out_the_same(void) {
    static const sample S[] = {
        {"localhost", "http://localhost:8080"},
        {"localhost:8080", "http://localhost:8080"},
        {"h", "http://h:8080"},
        {"http://h", "http://h:80"},
        {"https://h", "https://h:443"},
        {"https://h/", "https://h:443"},
        {"http://H:0/", "http://h:80"},
        {"http://h:99999", "!URL"},
        {"h/path/", "http://h:8080/path"},
        {"https://h//a//", "https://h:443//a"},
        {"http://h?x=1", "!URL"},
        {"u:p@h", "!URL"},
        {"http://h#f", "!URL"},
        {"", "!URL"},
        {"http://", "!URL"},
        {"https://", "!URL"},
        {"http://H.Example.COM/Path", "http://h.example.com:80/Path"},
        {"https://h:443/", "https://h:443"},
        {"h:8080:9", "!URL"},
        {"//h", "!URL"},
        {"http://h:80/a/%20b", "http://h:80/a/%20b"},
        {"http://u@h", "!URL"},
        {"http://127.0.0.1:8081", "http://127.0.0.1:8081"},
        {"http://10.0.0.1", "http://10.0.0.1:80"},
    };
    CHECK_ALL(S);
}

static void a_scheme_that_is_not_ours_never_becomes_a_host(void) {
    static const sample S[] = {
        {"HTTPS://h", "!URL"}, {"Https://h", "!URL"},   {"HTTP://h", "!URL"}, {"ftp://h", "!URL"},
        {"httpss://h", "!URL"}, {"httpx://h", "!URL"},  {"htt://h", "!URL"},  {"a+b-c.d://h", "!URL"},
        {"://h", "!URL"},      {"x://", "!URL"},        {"https:/h", "!URL"}, {"http:/h", "!URL"},
        {"https:///h", "!URL"}, {"http:////h", "!URL"}, {"1://h", "!URL"},    {"-://h", "!URL"},
    };
    CHECK_ALL(S);
    CHECK_STR(canonical("h/see/http://x"), "http://h:8080/see/http://x");
    CHECK_STR(canonical("http:80"), "http://http:80"); /* a host called so, with a port: what was asked for */
}

static void ipv6_literals_keep_their_meaning(void) {
    static const sample S[] = {
        {"[::1]", "http://[::1]:8080"},
        {"http://[::1]", "http://[::1]:80"},
        {"http://[::1]:80", "http://[::1]:80"},
        {"https://[2001:DB8::A]:8443/x/", "https://[2001:db8::a]:8443/x"},
        {"[::ffff:1.2.3.4]:1", "http://[::ffff:1.2.3.4]:1"},
        {"[::]:", "http://[::]:8080"},
        {"[1111:2222:3333:4444:5555:6666:123.123.123.123]", "http://[1111:2222:3333:4444:5555:6666:123.123.123.123]:8080"},
        {"[1111:2222:3333:4444:5555:6666:7777:8888:9]", "http://[1111:2222:3333:4444:5555:6666:7777:8888:9]:8080"},
        {"[1111:2222:3333:4444:5555:6666:1230.123.123.123]", "!URL"},
        {"[]", "!URL"},
        {"[", "!URL"},
        {"[::1", "!URL"},
        {"::1", "!URL"},
        {"[::1]x", "!URL"},
        {"[::1]]", "!URL"},
        {"[::1]:x", "!URL"},
        {"[::g]", "!URL"},
        {"[1:2]", "!URL"},
        {"[abc]", "!URL"},
        {"[1.2.3.4]", "!URL"},
        {"[fe80::1%eth0]", "!URL"},
        {"[fe80::1%25eth0]", "!URL"},
        {"[::1 ]", "!URL"},
        {"u@[::1]", "!URL"},
        {"[v1.a]", "!URL"},
    };
    CHECK_ALL(S);
}

static void an_ipv6_host_is_stored_without_brackets(void) {
    det__url u;
    CHECK_INT(det__url_parse(&u, "[FE80::1]:9"), DET_OK);
    CHECK_STR(u.host, "fe80::1");
    CHECK_INT(u.ipv6, 1);
    CHECK_INT(u.port, 9);
    CHECK_INT(u.tls, 0);
    CHECK_STR(u.base, "");
    CHECK_INT(det__url_parse(&u, "https://h/b"), DET_OK);
    CHECK_STR(u.host, "h");
    CHECK_INT(u.ipv6, 0);
    CHECK_INT(u.tls, 1);
    CHECK_INT(u.port, 443);
    CHECK_STR(u.base, "/b");
}

static void ports_are_decimal_and_zero_is_unset(void) {
    static const sample S[] = {
        {"h:0", "http://h:8080"},       {"h:", "http://h:8080"},         {"http://h:", "http://h:80"},
        {"https://h:/", "https://h:443"}, {"https://h:0", "https://h:443"}, {"h:1", "http://h:1"},
        {"h:65535", "http://h:65535"},  {"h:65536", "!URL"},             {"h:00080", "http://h:80"},
        {"h:4294967376", "!URL"},       {"h:18446744073709551696", "!URL"}, {"h:-1", "!URL"},
        {"h:+1", "!URL"},               {"h:1x", "!URL"},                {"h: 1", "!URL"},
        {"h:1 ", "!URL"},               {"h:0x50", "!URL"},              {":80", "!URL"},
    };
    CHECK_ALL(S);
}

static int is_host_char(int c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c && strchr("-._~", c));
}

static void no_other_character_passes_in_a_host(void) {
    for (int c = 1; c < 256; c++) {
        char s[4] = {'a', (char)c, 'b', 0};
        if (strchr("/:", c)) continue;
        CHECK_INT(strcmp(canonical(s), "!URL") != 0, is_host_char(c));
        s[1] = 'a', s[0] = (char)c;
        if (c != '[') CHECK_INT(strcmp(canonical(s), "!URL") != 0, is_host_char(c));
        s[0] = 'a', s[2] = (char)c;
        CHECK_INT(strcmp(canonical(s), "!URL") != 0, is_host_char(c));
    }
}

static void white_space_around_a_url_is_refused(void) {
    static const sample S[] = {{" https://h", "!URL"}, {"https://h ", "!URL"}, {"\thttps://h", "!URL"},
                               {"https://h\n", "!URL"}, {"  h ", "!URL"},      {"h/a b", "!URL"}};
    CHECK_ALL(S);
}

static void only_clean_characters_pass_in_a_base_path(void) {
    for (int c = 1; c < 256; c++) {
        char s[] = "h/a?b";
        int good = c > 0x20 && c < 0x7f && c != '?' && c != '#';
        s[3] = (char)c;
        CHECK_INT(strcmp(canonical(s), "!URL") != 0, good);
    }
    CHECK_STR(canonical("h/?"), "!URL");
    CHECK_STR(canonical("h#"), "!URL");
    CHECK_STR(canonical("h?"), "!URL");
}

static void parameters_of_the_last_segment_are_dropped(void) {
    static const sample S[] = {
        {"h/x;q", "http://h:8080/x"},       {"h/a;b/c;d", "http://h:8080/a;b/c"},   {"h/a;b/c", "http://h:8080/a;b/c"},
        {"h/a;b/", "http://h:8080/a;b"},    {"h/x;q;r", "http://h:8080/x"},         {"h/x/;p", "http://h:8080/x"},
        {"h/;p", "http://h:8080"},          {"h/x//;p", "http://h:8080/x"},         {"h;p", "!URL"},
        {"h/x;a\x01", "!URL"},
    };
    CHECK_ALL(S);
}

static void trailing_slashes_go_and_inner_ones_stay(void) {
    static const sample S[] = {{"h/", "http://h:8080"},       {"h//", "http://h:8080"},    {"h/a//b///", "http://h:8080/a//b"},
                               {"h///a", "http://h:8080///a"}, {"h/./a/..", "http://h:8080/./a/.."}};
    CHECK_ALL(S);
}

/* "aaa…" of n characters between two texts. */
static const char *long_url(const char *before, size_t n, const char *after) {
    static char s[8192];
    size_t b = strlen(before);
    memcpy(s, before, b);
    memset(s + b, 'a', n);
    memcpy(s + b + n, after, strlen(after) + 1);
    return s;
}

static void a_host_may_fill_its_knob_and_no_more(void) {
    det__url *u = (det__url *)(void *)unit_guard(sizeof *u);
    CHECK_INT(det__url_parse(u, long_url("https://", DET_HOST_SIZE - 1, ":1/x")), DET_OK);
    CHECK_INT(strlen(u->host), DET_HOST_SIZE - 1);
    CHECK_STR(u->base, "/x");
    CHECK_INT(det__url_parse(u, long_url("https://", DET_HOST_SIZE, "")), DET_E_SIZE);
    CHECK_INT(det__url_parse(u, long_url("", DET_HOST_SIZE + 4000, "/")), DET_E_SIZE);
    unit_guard_free((unsigned char *)u, sizeof *u);
}

static void a_base_path_may_fill_its_knob_and_no_more(void) {
    det__url *u = (det__url *)(void *)unit_guard(sizeof *u);
    CHECK_INT(det__url_parse(u, long_url("h/", DET_BASE_SIZE - 2, "///;p")), DET_OK);
    CHECK_INT(strlen(u->base), DET_BASE_SIZE - 1);
    CHECK_INT(det__url_parse(u, long_url("h/", DET_BASE_SIZE - 1, "")), DET_E_SIZE);
    CHECK_INT(det__url_parse(u, long_url("h/", DET_BASE_SIZE + 4000, "/")), DET_E_SIZE);
    unit_guard_free((unsigned char *)u, sizeof *u);
}

static const char *host_line(const char *s, void (*put)(const det__url *, det__out *)) {
    det__url u;
    det__out o;
    CHECK_INT(det__url_parse(&u, s), DET_OK);
    det__out_init(&o, text_of, sizeof text_of - 1);
    put(&u, &o);
    text_of[o.len] = 0;
    return text_of;
}

static void authority_always_shows_the_port(void) {
    CHECK_STR(host_line("https://h", det__url_authority), "h:443");
    CHECK_STR(host_line("[::1]/x", det__url_authority), "[::1]:8080");
}

static void a_host_line_shows_the_port_unless_it_is_the_schemes(void) {
    CHECK_STR(host_line("http://h", det__url_host), "h");
    CHECK_STR(host_line("https://h:443/x", det__url_host), "h");
    CHECK_STR(host_line("https://h:80", det__url_host), "h:80");
    CHECK_STR(host_line("http://h:443", det__url_host), "h:443");
    CHECK_STR(host_line("h", det__url_host), "h:8080");
    CHECK_STR(host_line("https://[::1]", det__url_host), "[::1]");
}

static void canonical_text_is_canonical(void) {
    static const char *const S[] = {"h", "https://H/a//;x", "[::1]:5/x/", "http://h:80/a/%20b"};
    for (size_t i = 0; i < sizeof S / sizeof S[0]; i++) {
        char once[256];
        snprintf(once, sizeof once, "%s", canonical(S[i]));
        CHECK_STR(canonical(once), once);
    }
}

static const unit_test TESTS[] = {
    TEST(samples_of_the_harness_come_out_the_same),
    TEST(a_scheme_that_is_not_ours_never_becomes_a_host),
    TEST(ipv6_literals_keep_their_meaning),
    TEST(an_ipv6_host_is_stored_without_brackets),
    TEST(ports_are_decimal_and_zero_is_unset),
    TEST(no_other_character_passes_in_a_host),
    TEST(white_space_around_a_url_is_refused),
    TEST(only_clean_characters_pass_in_a_base_path),
    TEST(parameters_of_the_last_segment_are_dropped),
    TEST(trailing_slashes_go_and_inner_ones_stay),
    TEST(a_host_may_fill_its_knob_and_no_more),
    TEST(a_base_path_may_fill_its_knob_and_no_more),
    TEST(authority_always_shows_the_port),
    TEST(a_host_line_shows_the_port_unless_it_is_the_schemes),
    TEST(canonical_text_is_canonical),
};
UNIT_MAIN(TESTS)
