/* SPDX-License-Identifier: Apache-2.0
 * src/cli/auth_store.c and auth_file.c: auth.json in all its versions, and several processes at it. The texts are what
 * det 0.38.1 writes and reads (tests/unit/data/README.md). */
#include "config_dir.h"

#include <signal.h>
#include <sys/wait.h>

#include "cli/auth_file.h"
#include "cli/auth_store.h"
#include "unit.h"

#define M "http://h:8080"
static det__err err;

/* "active:user=token,…" of a master. */
static const char *seen(const char *master) {
    static char text[512];
    det__auth a;
    int n, code = det__auth_load(&a, master, &err);
    const char *active = det__auth_active_user(&a), *user;
    n = snprintf(text, sizeof text, "%s%s:", code ? "error " : "", active ? active : "");
    for (size_t i = 0; (user = det__auth_user(&a, i)) != NULL; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "%s=%s,", user, det__auth_token(&a, user));
    det__auth_free(&a);
    return text;
}

static void nothing_stored_is_no_error(void) {
    config_begin();
    CHECK_STR(seen(M), ":");
    det__auth a;
    CHECK_INT(det__auth_load(&a, M, &err), DET_OK);
    CHECK(det__auth_token(&a, "u") == NULL && det__auth_active_user(&a) == NULL && det__auth_user(&a, 0) == NULL);
    det__auth_free(&a);
    CHECK_INT(det__auth_drop_token(M, "u", &err), DET_OK);
    CHECK_INT(det__auth_clear_active(M, &err), DET_OK);
    CHECK_STR(config_read("auth.json"), "(none)"); /* nothing changed, nothing written */
    config_end();
}

static void a_login_is_written_as_det_writes_it(void) {
    config_begin();
    CHECK_INT(det__auth_set_token(M, "u", "tok", &err), DET_OK);
    CHECK_INT(det__auth_set_active(M, "u", &err), DET_OK);
    CHECK_STR(config_read("auth.json"), "{\n    \"masters\": {\n        \"http://h:8080\": {\n            \"active_user\": \"u\",\n"
                                        "            \"tokens\": {\n                \"u\": \"tok\"\n            }\n        }\n"
                                        "    },\n    \"version\": 2\n}");
    CHECK_INT(config_mode("auth.json"), 0600);
    CHECK_STR(seen(M), "u:u=tok,");
    config_end();
}

static void each_master_and_user_has_a_token_of_its_own(void) {
    config_begin();
    det__auth_set_token(M, "a", "1", &err);
    det__auth_set_token(M, "b", "2", &err);
    det__auth_set_token("https://x:443/y", "a", "3", &err);
    det__auth_set_token(M, "a", "4", &err);
    CHECK_STR(seen(M), ":a=4,b=2,");
    CHECK_STR(seen("https://x:443/y"), ":a=3,");
    CHECK_INT(det__auth_set_active(M, "b", &err), DET_OK);
    CHECK_INT(det__auth_drop_token(M, "b", &err), DET_OK);
    CHECK_STR(seen(M), "b:a=4,"); /* as in det: the active user is told apart */
    CHECK_INT(det__auth_clear_active(M, &err), DET_OK);
    CHECK_STR(seen(M), ":a=4,");
    CHECK_STR(seen("https://x:443/y"), ":a=3,");
    config_end();
}

static void the_active_user_needs_a_token(void) {
    config_begin();
    CHECK_INT(det__auth_set_active(M, "u", &err), DET_E_AUTH);
    CHECK_STR(err.text, "user 'u' is not logged in to http://h:8080");
    CHECK_STR(config_read("auth.json"), "(none)");
    config_end();
}

static void version_0_is_the_present_masters(void) {
    config_begin();
    config_write("auth.json", "{\"active_user\": \"a\", \"tokens\": {\"a\": \"1\", \"b\": \"2\"}}");
    CHECK_STR(seen(M), "a:a=1,b=2,");
    CHECK_INT(det__auth_set_token(M, "c", "3", &err), DET_OK);
    CHECK_STR(seen(M), "a:a=1,b=2,c=3,");
    CHECK(strstr(config_read("auth.json"), "\"version\": 2") != NULL);
    config_end();
}

static void version_1_urls_become_canonical_and_one(void) {
    config_begin();
    config_write("auth.json", "{\"version\": 1, \"masters\": {"
                              "\"h\": {\"tokens\": {\"a\": \"1\", \"b\": \"1\"}},"
                              "\"http://u:p@H:8080/?q#f\": {\"active_user\": \"b\", \"tokens\": {\"b\": \"2\"}},"
                              "\"h:8080\": {\"active_user\": \"a\"},"
                              "\"https://x/y/\": {\"active_user\": \"z\", \"tokens\": {}}}}");
    CHECK_STR(seen(M), "b:a=1,b=2,");
    CHECK_STR(seen("https://x:443/y"), "z:");
    CHECK_INT(det__auth_clear_active("https://x:443/y", &err), DET_OK);
    CHECK_STR(seen(M), "b:a=1,b=2,");
    CHECK(strstr(config_read("auth.json"), "u:p@") == NULL);
    config_end();
}

static void empty_stores_of_every_version_are_read(void) {
    static const char *const S[] = {"{}", "{\"version\":1}", "{\"version\":2}", "{\"masters\":{},\"version\":2}",
                                    "{\"version\":2,\"masters\":{\"http://h:8080\":{}}}"};
    config_begin();
    for (size_t i = 0; i < sizeof S / sizeof S[0]; i++) {
        config_write("auth.json", S[i]);
        CHECK_STR(seen(M), ":");
        CHECK_INT(det__auth_set_token(M, "u", "t", &err), DET_OK);
        CHECK_STR(seen(M), ":u=t,");
    }
    config_end();
}

/* det drops an IPv6 key from a version 1 file, but takes a version 2 file with one for damaged and deletes it. */
static void an_ipv6_master_makes_it_a_version_1_file(void) {
    config_begin();
    CHECK_INT(det__auth_set_token("http://[::1]:8080", "u", "t", &err), DET_OK);
    CHECK(strstr(config_read("auth.json"), "\"version\": 1") != NULL);
    CHECK_INT(det__auth_set_token(M, "u", "t2", &err), DET_OK);
    CHECK(strstr(config_read("auth.json"), "\"version\": 1") != NULL);
    CHECK_STR(seen("http://[::1]:8080"), ":u=t,");
    CHECK_STR(seen(M), ":u=t2,");
    config_end();
}

static void entries_of_urls_that_are_of_no_use_are_kept(void) {
    config_begin();
    config_write("auth.json", "{\"version\": 1, \"masters\": {\"ftp://z\": {\"tokens\": {\"a\": \"1\"}}}}");
    CHECK_INT(det__auth_set_token(M, "u", "t", &err), DET_OK);
    CHECK(strstr(config_read("auth.json"), "\"ftp://z\": {") && strstr(config_read("auth.json"), "\"version\": 1"));
    config_end();
}

static void damaged_and_foreign_files_are_told_and_kept(void) {
    static const char *const bad[] = {
        "", "{", "[]", "null", "{\"version\": 3, \"masters\": {}}", "{\"version\": \"2\"}", "{\"version\": 0}", "{\"x\": 1}",
        "{\"version\": 2, \"masters\": []}", "{\"version\": 2, \"masters\": {\"http://h:8080\": 1}}",
        "{\"version\": 2, \"masters\": {\"http://h:8080\": {\"other\": 1}}}",
        "{\"version\": 2, \"masters\": {\"http://h:8080\": {\"active_user\": null}}}",
        "{\"version\": 2, \"masters\": {\"http://h:8080\": {\"tokens\": {\"u\": 1}}}}",
        "{\"version\": 2, \"masters\": {}, \"more\": 1}", "{\"tokens\": [\"a\"]}",
        "{\"version\": 2, \"masters\": {\"http://h:8080\": {\"tokens\": {\"u\": \"cut o",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        config_begin();
        config_write("auth.json", bad[i]);
        if (i % 2) CHECK_INT(det__auth_set_token(M, "u", "t", &err), DET_E_STATE);
        else CHECK_STR(seen(M), "error :");
        CHECK(strstr(err.text, "auth.json is no store of logins") && strstr(err.text, "auth.json.bad, please try again"));
        CHECK_STR(config_read("auth.json.bad"), bad[i]);
        CHECK_STR(config_read("auth.json"), "(none)");
        CHECK_INT(det__auth_set_token(M, "u", "t", &err), DET_OK);
        config_end();
    }
}

static void odd_names_and_tokens_go_there_and_back(void) {
    static const char user[] = "\xc3\xa9\"\\ \xf0\x9f\x98\x80\x7f\n";
    config_begin();
    CHECK_INT(det__auth_set_token(M, user, "v2.public.-_", &err), DET_OK);
    CHECK_INT(det__auth_set_active(M, user, &err), DET_OK);
    det__auth a;
    CHECK_INT(det__auth_load(&a, M, &err), DET_OK);
    CHECK_STR(det__auth_active_user(&a), user);
    CHECK_STR(det__auth_token(&a, user), "v2.public.-_");
    det__auth_free(&a);
    CHECK(strstr(config_read("auth.json"), "\"\\u00e9\\\"\\\\ \\ud83d\\ude00\\u007f\\n\"") != NULL);
    config_end();
}

static void what_det_wrote_is_read_and_written_again_byte_for_byte(void) {
    char before[4096];
    config_begin();
    config_take("auth_v1_new.json", "auth.json");
    CHECK_STR(seen("http://localhost:8080"), ":ada=v2.public.first,");
    config_take("auth_v2.json", "auth.json");
    snprintf(before, sizeof before, "%s", config_read("auth.json"));
    CHECK_STR(seen("http://localhost:8080"), "ada:ada=v2.public.first,b\xc3\xa9\xf0\x9f\x98\x80\"=v2.public.second,");
    CHECK_STR(seen("https://master.example.com:443/base"), ":ada=v2.public.third,");
    CHECK_INT(det__auth_set_active("http://localhost:8080", "ada", &err), DET_OK);
    CHECK_STR(config_read("auth.json"), before);
    config_end();
}

/* Two processes, 60 logins each, no one lost. */
static void processes_writing_at_once_lose_nothing(void) {
    char user[32];
    pid_t pid[2];
    config_begin();
    for (int p = 0; p < 2; p++) {
        pid[p] = fork();
        if (pid[p] != 0) continue;
        for (int i = 0; i < 60; i++) {
            snprintf(user, sizeof user, "p%d-%d", p, i);
            if (det__auth_set_token(M, user, "t", &err) != DET_OK) _exit(1);
        }
        _exit(0);
    }
    for (int p = 0; p < 2; p++) {
        int status = -1;
        waitpid(pid[p], &status, 0);
        CHECK_INT(status, 0);
    }
    det__auth a;
    CHECK_INT(det__auth_load(&a, M, &err), DET_OK);
    for (int i = 0; i < 120; i++) {
        snprintf(user, sizeof user, "p%d-%d", i / 60, i % 60);
        CHECK(det__auth_token(&a, user) != NULL);
    }
    det__auth_free(&a);
    config_end();
}

static void a_kill_between_two_logins_leaves_a_store(void) {
    config_begin();
    CHECK_INT(det__auth_set_token(M, "first", "t", &err), DET_OK);
    for (unsigned i = 0; i < 30; i++) {
        pid_t pid = fork();
        if (pid == 0)
            for (;;) det__auth_set_token(M, "next", "t", &err), det__auth_drop_token(M, "next", &err);
        usleep(300 + i * 173);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        CHECK(strncmp(seen(M), ":first=t,", 9) == 0);
    }
    CHECK_STR(config_read("auth.json.bad"), "(none)");
    config_end();
}

static const unit_test TESTS[] = {
    TEST(nothing_stored_is_no_error),
    TEST(a_login_is_written_as_det_writes_it),
    TEST(each_master_and_user_has_a_token_of_its_own),
    TEST(the_active_user_needs_a_token),
    TEST(version_0_is_the_present_masters),
    TEST(version_1_urls_become_canonical_and_one),
    TEST(empty_stores_of_every_version_are_read),
    TEST(an_ipv6_master_makes_it_a_version_1_file),
    TEST(entries_of_urls_that_are_of_no_use_are_kept),
    TEST(damaged_and_foreign_files_are_told_and_kept),
    TEST(odd_names_and_tokens_go_there_and_back),
    TEST(what_det_wrote_is_read_and_written_again_byte_for_byte),
    TEST(processes_writing_at_once_lose_nothing),
    TEST(a_kill_between_two_logins_leaves_a_store),
};
UNIT_MAIN(TESTS)
