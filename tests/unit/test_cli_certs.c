/* SPDX-License-Identifier: Apache-2.0
 * src/cli/cert_store.c: certs.json, and master.crt before it. src/cli/password.c. */
#include "config_dir.h"

#include "cli/cert_store.h"
#include "cli/password.h"
#include "unit.h"

#define M "https://h:443"
#define PEM "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
static det__err err;

/* Valid until the next call. */
static const char *get(const char *master, int code) {
    static char *pem;
    free(pem);
    CHECK_INT(det__certs_get(master, &pem, &err), code);
    return pem ? pem : "(none)";
}

static void certificates_are_stored_by_master_as_det_writes_them(void) {
    config_begin();
    CHECK_STR(get(M, DET_OK), "(none)");
    CHECK_STR(config_read("certs.json.lock"), "(none)"); /* reading leaves no trace */
    CHECK_INT(det__certs_set("https://z:1", "z\n", &err), DET_OK);
    CHECK_INT(det__certs_set(M, PEM, &err), DET_OK);
    CHECK_STR(config_read("certs.json"),
              "{\n    \"https://h:443\": \"-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----\\n\",\n"
              "    \"https://z:1\": \"z\\n\"\n}");
    CHECK_STR(get(M, DET_OK), PEM);
    CHECK_STR(get("https://z:1", DET_OK), "z\n");
    CHECK_STR(get("https://h:1", DET_OK), "(none)");
    CHECK_INT(det__certs_set(M, "new", &err), DET_OK);
    CHECK_STR(get(M, DET_OK), "new");
    config_end();
}

static void what_det_wrote_is_read_and_written_again_byte_for_byte(void) {
    char before[4096];
    config_begin();
    config_take("certs.json", "certs.json");
    snprintf(before, sizeof before, "%s", config_read("certs.json"));
    CHECK_STR(get("https://master.example.com:443/base", DET_OK), PEM);
    CHECK_STR(get(M, DET_OK), PEM PEM);
    CHECK_INT(det__certs_set(M, PEM PEM, &err), DET_OK);
    CHECK_STR(config_read("certs.json"), before);
    config_end();
}

static void damaged_and_foreign_files_are_told_and_kept(void) {
    static const char *const bad[] = {"", "[]", "{\"a\": 1}", "{\"a\": null}", "{\"a\": \"b\"", "{\"a\": \"b\\u0000\"}", "\"x\""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        config_begin();
        config_write("certs.json", bad[i]);
        if (i % 2) CHECK_STR(get(M, DET_E_STATE), "(none)");
        else CHECK_INT(det__certs_set(M, PEM, &err), DET_E_STATE);
        CHECK(strstr(err.text, "certs.json is no store of certificates") && strstr(err.text, "certs.json.bad, please try"));
        CHECK_STR(config_read("certs.json.bad"), bad[i]);
        CHECK_STR(get(M, DET_OK), "(none)");
        config_end();
    }
}

static void the_old_single_certificate_becomes_this_masters(void) {
    config_begin();
    config_write("master.crt", PEM);
    CHECK_STR(get(M, DET_OK), PEM);
    CHECK_STR(config_read("master.crt"), "(none)");
    CHECK_STR(get(M, DET_OK), PEM);
    CHECK_STR(get("https://z:1", DET_OK), "(none)");
    config_end();
}

static void the_old_certificate_does_not_count_beside_a_store(void) {
    config_begin();
    config_write("master.crt", "old");
    config_write("certs.json", "{}");
    CHECK_STR(get(M, DET_OK), "(none)");
    config_end();
}

static void the_old_certificate_serves_where_nothing_can_be_written(void) {
    config_begin();
    config_write("master.crt", PEM);
    CHECK_INT(mkdir(config_path("certs.json.lock"), 0700), 0); /* root heeds no permissions, but cannot open this */
    CHECK_STR(get(M, DET_OK), PEM);
    CHECK_STR(config_read("master.crt"), PEM);
    CHECK_INT(det__certs_set(M, PEM, &err), DET_E_IO);
    CHECK(strstr(err.text, "cannot lock ") != NULL);
    rmdir(config_path("certs.json.lock"));
    config_end();
}

/* What a password's warning is; "" for none. */
static const char *warning(const char *password) {
    static char text[512];
    FILE *f = tmpfile();
    int said = det__password_warn(password, f);
    rewind(f);
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    CHECK_INT(said, text[0] != 0);
    return text;
}

static void strong_passwords_pass_in_silence(void) {
    CHECK_STR(warning("Abcdefg1"), "");
    CHECK_STR(warning("Abcde1\xc3\xa9\xc3\xa9"), "");
}

static void weak_passwords_are_told_in_dets_words(void) {
    CHECK_STR(warning("abc"), "Warning: your password does not appear to satisfy recommended complexity requirements:\n"
                              "\xe2\x9c\x93 password cannot be blank\n"
                              "\xe2\x9c\x97 password must have at least 8 characters\n"
                              "\xe2\x9c\x97 password must include an uppercase letter\n"
                              "\xe2\x9c\x93 password must include a lowercase letter\n"
                              "\xe2\x9c\x97 password must include a number\n"
                              "Please change your password as soon as possible.\n");
    CHECK(strstr(warning(""), "\xe2\x9c\x97 password cannot be blank\n") != NULL);
    CHECK(strstr(warning("Abcde1\xc3\xa9"), "\xe2\x9c\x97 password must have at least 8") != NULL); /* 7 characters */
}

static const unit_test TESTS[] = {
    TEST(certificates_are_stored_by_master_as_det_writes_them),
    TEST(what_det_wrote_is_read_and_written_again_byte_for_byte),
    TEST(damaged_and_foreign_files_are_told_and_kept),
    TEST(the_old_single_certificate_becomes_this_masters),
    TEST(the_old_certificate_does_not_count_beside_a_store),
    TEST(the_old_certificate_serves_where_nothing_can_be_written),
    TEST(strong_passwords_pass_in_silence),
    TEST(weak_passwords_are_told_in_dets_words),
};
UNIT_MAIN(TESTS)
