/* SPDX-License-Identifier: Apache-2.0
 * JSON figures (CPU time): the reader beside RapidJSON's strict SAX reader on the bodies of recorded answers, both in one process,
 * taking turns; numbers are converted on both sides. Then doubles written, and a report of ten of them rendered; their
 * best round is given too, since a busy machine doubles the median.
 * Build: g++ -O2 -std=c++11 -Iinclude tests/bench/bench_json.cpp build/libdet.a -o bench_json (needs rapidjson-dev).
 * bench_json RECORDING... (default: the lists). Prints medians; the exit status says only whether both agreed. */
#include <rapidjson/reader.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "det_json.h"

namespace {

typedef std::vector<std::string> Texts;

double now_ns() {
    timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return double(t.tv_sec) * 1e9 + double(t.tv_nsec);
}

double median(std::vector<double> v) {
    std::sort(v.begin(), v.end());
    return v[v.size() / 2];
}

double best(const std::vector<double> &v) {
    return *std::min_element(v.begin(), v.end());
}

/* ---- bodies of a recording (tests/recordings/README.md) ---- */

std::map<std::string, std::string> streams_of(const std::string &file) {
    std::map<std::string, std::string> streams;
    std::string *current = nullptr;
    for (size_t at = 0; at < file.size();) {
        size_t eol = std::min(file.find('\n', at), file.size() - 1);
        std::string line = file.substr(at, eol + 1 - at);
        bool marker = line.compare(0, 4, "=== ") == 0 || line.compare(0, 9, ">>> conn ") == 0 || line.compare(0, 9, "<<< conn ") == 0;
        if (marker) {
            if (current && !current->empty()) current->erase(current->size() - 1);
            current = line[0] == '<' ? &streams[line] : nullptr;
        } else if (current) {
            *current += line;
        }
        at = eol + 1;
    }
    return streams;
}

std::string dechunk(const std::string &s, size_t *at) {
    std::string body;
    for (;;) {
        size_t n = std::strtoul(s.c_str() + *at, nullptr, 16), eol = s.find("\r\n", *at);
        if (eol == std::string::npos) return body;
        *at = std::min(eol + 2 + n + 2, s.size());
        if (n == 0) return body;
        body += s.substr(eol + 2, n);
    }
}

void add_texts(Texts *out, const std::string &body) {
    for (size_t at = 0; at < body.size();) { /* a stream's records are one text a line */
        size_t eol = std::min(body.find('\n', at), body.size());
        if (eol > at && (body[at] == '{' || body[at] == '[')) out->push_back(body.substr(at, eol - at));
        at = eol + 1;
    }
}

Texts bodies_of(const char *path) {
    std::ifstream in(path, std::ios::binary);
    std::string file((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    Texts texts;
    for (const auto &stream : streams_of(file)) {
        const std::string &s = stream.second;
        for (size_t at = 0; at < s.size();) {
            size_t end = s.find("\r\n\r\n", at);
            if (end == std::string::npos) break;
            std::string head = s.substr(at, end - at);
            size_t length = head.find("Content-Length: ");
            at = end + 4;
            if (head.find("Transfer-Encoding: chunked") != std::string::npos) {
                add_texts(&texts, dechunk(s, &at));
            } else if (length != std::string::npos) {
                size_t n = std::strtoul(head.c_str() + length + 16, nullptr, 10);
                add_texts(&texts, s.substr(at, n));
                at = std::min(at + n, s.size());
            }
        }
    }
    return texts;
}

/* ---- the two readers; both do the same with each token ---- */

struct Sum {
    size_t tokens = 0, bytes = 0;
    double numbers = 0;
    void text(const char *s, size_t n) {
        tokens++;
        bytes += n + (n ? (unsigned char)s[n - 1] : 0);
    }
    void number(double v) {
        tokens++;
        numbers += v;
    }
    bool operator==(const Sum &o) const {
        return tokens == o.tokens && bytes == o.bytes && (numbers == o.numbers);
    }
};

struct Sax : rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Sax> {
    Sum sum;
    bool Null() { return sum.tokens++, true; }
    bool Bool(bool) { return sum.tokens++, true; }
    bool Int(int v) { return sum.number(v), true; }
    bool Uint(unsigned v) { return sum.number(v), true; }
    bool Int64(int64_t v) { return sum.number(double(v)), true; }
    bool Uint64(uint64_t v) { return sum.number(double(v)), true; }
    bool Double(double v) { return sum.number(v), true; }
    bool String(const char *s, rapidjson::SizeType n, bool) { return sum.text(s, n), true; }
    bool Key(const char *s, rapidjson::SizeType n, bool) { return sum.text(s, n), true; }
    bool StartObject() { return sum.tokens++, true; }
    bool EndObject(rapidjson::SizeType) { return sum.tokens++, true; }
    bool StartArray() { return sum.tokens++, true; }
    bool EndArray(rapidjson::SizeType) { return sum.tokens++, true; }
};

bool read_rapid(const std::string &text, Sum *sum) {
    rapidjson::Reader reader;
    rapidjson::StringStream in(text.c_str());
    Sax sax;
    sax.sum = *sum;
    const unsigned flags = rapidjson::kParseValidateEncodingFlag | rapidjson::kParseFullPrecisionFlag;
    bool ok = !reader.Parse<flags>(in, sax).IsError();
    *sum = sax.sum;
    return ok;
}

void number(const det_json_token &t, Sum *sum) {
    int64_t i;
    double d = 0;
    if (det_json_to_int(&t, &i) == DET_OK) d = double(i);
    else det_json_to_double(&t, &d);
    sum->number(d);
}

bool read_det(const std::string &text, size_t piece, Sum *sum) {
    det_json_reader r;
    det_json_token t;
    char scratch[1024];
    size_t at = 0;
    det_json_read_init(&r, scratch, sizeof scratch);
    for (;;) {
        int type = det_json_next(&r, &t);
        if (type == DET_JSON_NUMBER) number(t, sum);
        else if (type == DET_JSON_KEY || type == DET_JSON_STRING) sum->text(t.text, t.len);
        else if (type > DET_JSON_END) sum->tokens++;
        else if (type != DET_E_AGAIN) return type == DET_JSON_END;
        if (type == DET_E_AGAIN) {
            size_t n = std::min(piece, text.size() - at);
            det_json_feed(&r, text.data() + at, n, at + n == text.size());
            at += n;
        }
    }
}

bool bench_read(const Texts &texts) {
    std::vector<double> rapid, whole, pieces, ratio;
    size_t bytes = 0;
    bool same = true;
    for (const std::string &t : texts) bytes += t.size();
    const int repeat = int(2000000 / (bytes + 1)) + 1;
    for (int round = 0; round < 41; round++) {
        Sum a, b, c;
        double t0 = now_ns();
        for (int i = 0; i < repeat; i++)
            for (const std::string &t : texts) same = read_rapid(t, &a) && same;
        double t1 = now_ns();
        for (int i = 0; i < repeat; i++)
            for (const std::string &t : texts) same = read_det(t, t.size(), &b) && same;
        double t2 = now_ns();
        for (int i = 0; i < repeat; i++)
            for (const std::string &t : texts) same = read_det(t, 1024, &c) && same;
        double t3 = now_ns();
        same = same && a == b;
        rapid.push_back((t1 - t0) / repeat);
        whole.push_back((t2 - t1) / repeat);
        pieces.push_back((t3 - t2) / repeat);
        ratio.push_back((t2 - t1) / (t1 - t0));
    }
    const double mb = double(bytes) * 1e3;
    std::printf("json read, %zu texts, %zu bytes: RapidJSON %.0f MB/s, libdet %.0f MB/s, in pieces of 1024 %.0f MB/s, "
                "time ratio %.2f%s\n",
                texts.size(), bytes, mb / median(rapid), mb / median(whole), mb / median(pieces), median(ratio),
                same ? "" : " (RESULTS DIFFER)");
    return same;
}

/* ---- writing ---- */

uint64_t random64() {
    static uint64_t s = 88172645463325252u;
    s ^= s << 13;
    s ^= s >> 7;
    return s ^= s << 17;
}

std::vector<double> random_doubles(size_t n, bool unit) {
    std::vector<double> v;
    while (v.size() < n) {
        uint64_t bits = random64();
        double d;
        std::memcpy(&d, &bits, sizeof d);
        if (unit) d = double(bits >> 11) / 9007199254740992.0;
        if (std::isfinite(d)) v.push_back(d);
    }
    return v;
}

void bench_doubles(const char *what, const std::vector<double> &v) {
    std::vector<double> ns;
    char buf[64];
    size_t sum = 0;
    for (int round = 0; round < 41; round++) {
        double t0 = now_ns();
        for (double d : v) {
            det_json_writer w;
            det_json_write_init(&w, buf, sizeof buf, 0);
            det_json_double(&w, d);
            sum += w.len;
        }
        ns.push_back((now_ns() - t0) / double(v.size()));
    }
    std::printf("json write, %s: %.1f ns each (best %.1f; mean length %.1f)\n", what, median(ns), best(ns),
                double(sum) / 41 / double(v.size()));
}

size_t render_report(char *buf, size_t cap, const double *v, int step) {
    static const char *const names[10] = {"loss", "accuracy", "lr", "grad_norm", "momentum", "perplexity", "precision",
                                          "recall", "f1", "throughput"};
    det_json_writer w;
    det_json_write_init(&w, buf, cap, 0);
    det_json_object(&w);
    det_json_key(&w, "group");
    det_json_string(&w, "training");
    det_json_key(&w, "metrics");
    det_json_object(&w);
    det_json_key(&w, "trialId");
    det_json_int(&w, 16);
    det_json_key(&w, "trialRunId");
    det_json_int(&w, 1);
    det_json_key(&w, "stepsCompleted");
    det_json_int(&w, step);
    det_json_key(&w, "metrics");
    det_json_object(&w);
    det_json_key(&w, "avgMetrics");
    det_json_object(&w);
    for (int i = 0; i < 10; i++) {
        det_json_key(&w, names[i]);
        det_json_double(&w, v[i]);
    }
    for (int i = 0; i < 4; i++) det_json_object_end(&w);
    return det_json_finish(&w) == DET_OK ? w.len : 0;
}

void bench_report() {
    std::vector<double> v = random_doubles(10000, true), ns;
    char buf[1024];
    size_t sum = 0;
    for (int round = 0; round < 101; round++) {
        double t0 = now_ns();
        for (int i = 0; i < 1000; i++) sum += render_report(buf, sizeof buf, &v[size_t(i) * 10], i);
        ns.push_back((now_ns() - t0) / 1000);
    }
    std::printf("json write, a report of ten doubles (%zu bytes): %.0f ns (best %.0f)\n", sum / 101 / 1000, median(ns),
                best(ns));
}

} // namespace

int main(int argc, char **argv) {
    const char *lists[] = {"tests/recordings/lists_paged.txt", "tests/recordings/cli/e_list.txt"};
    bool same = true;
    for (int i = 1; i < std::max(argc, 3); i++) {
        if (argc > 1 && i >= argc) break;
        Texts texts = bodies_of(argc > 1 ? argv[i] : lists[i - 1]);
        same = !texts.empty() && bench_read(texts) && same;
    }
    bench_doubles("random bits", random_doubles(20000, false));
    bench_doubles("random in 0..1", random_doubles(20000, true));
    bench_report();
    return same ? 0 : 1;
}
