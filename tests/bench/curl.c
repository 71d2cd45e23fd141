/* SPDX-License-Identifier: Apache-2.0
 * See curl.h. */
#include "curl.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static CURL *handle;
static struct curl_slist *headers;
static char base[256], report_url[320], answer[8192];
static size_t answer_len;
static long trial;

static size_t collect(char *data, size_t size, size_t n, void *ctx) {
    size_t len = size * n, room = sizeof answer - 1 - answer_len;
    (void)ctx;
    memcpy(answer + answer_len, data, len < room ? len : room);
    answer_len += len < room ? len : room;
    answer[answer_len] = 0;
    return len;
}

static void post(const char *url, const char *body) {
    long status = 0;
    answer_len = 0;
    curl_easy_setopt(handle, CURLOPT_URL, url);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body);
    CURLcode rc = curl_easy_perform(handle);
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    if (rc != CURLE_OK || status != 200) bench_die("libcurl: %s: %ld %s %s", url, status, curl_easy_strerror(rc), answer);
}

static const char *opened(const char *path, const char *body, const char *key) {
    char url[320];
    snprintf(url, sizeof url, "%s%s", base, path);
    post(url, body);
    const char *at = strstr(answer, key);
    if (!at) bench_die("libcurl: no %s in %s", key, answer);
    return at + strlen(key);
}

static void add_header(const char *line) {
    headers = curl_slist_append(headers, line);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
}

void curl_begin(const char *url, const char *ca_file) {
    char text[1024];
    snprintf(base, sizeof base, "%s/api/v1", url);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    handle = curl_easy_init();
    if (!handle) bench_die("no libcurl");
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, collect);
    if (ca_file) curl_easy_setopt(handle, CURLOPT_CAINFO, ca_file);
    add_header("Content-Type: application/json");
    const char *token = opened("/auth/login", "{\"username\":\"determined\",\"password\":\"\",\"isHashed\":true}", "\"token\":\"");
    snprintf(text, sizeof text, "Authorization: Bearer %.*s", (int)strcspn(token, "\""), token);
    add_header(text);
    long experiment = atol(opened("/experiments",
                                  "{\"config\":\"{\\\"name\\\":\\\"curl\\\",\\\"searcher\\\":{\\\"metric\\\":\\\"unmanaged\\\",\\\"name\\\":"
                                  "\\\"single\\\"}}\",\"unmanaged\":true}",
                                  "{\"experiment\":{\"id\":"));
    snprintf(text, sizeof text, "{\"experimentId\":%ld,\"hparams\":null,\"unmanaged\":true}", experiment);
    trial = atol(opened("/trials", text, "{\"trial\":{\"id\":"));
    char path[64];
    snprintf(path, sizeof path, "/trials/%ld/start", trial);
    snprintf(text, sizeof text, "{\"trialId\":%ld,\"resume\":true}", trial);
    (void)opened(path, text, "\"trialRunId\":1");
    snprintf(report_url, sizeof report_url, "%s/trials/%ld/metrics", base, trial);
}

void curl_report(long step, const char *metrics_json) {
    char body[1024];
    snprintf(body, sizeof body,
             "{\"group\":\"training\",\"metrics\":{\"stepsCompleted\":%ld,\"trialId\":%ld,\"trialRunId\":1,\"metrics\":{\"avgMetrics\":%s}}}",
             step, trial, metrics_json);
    post(report_url, body);
}

void curl_end(void) {
    curl_easy_cleanup(handle);
    curl_slist_free_all(headers);
    headers = NULL;
}

const char *curl_kind(void) {
    static char text[96];
    const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
    snprintf(text, sizeof text, "libcurl %s, %s", v->version, v->ssl_version);
    return text;
}
