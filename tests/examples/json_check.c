/* SPDX-License-Identifier: Apache-2.0
 * Exit 0 when stdin is exactly one valid JSON text, 1 when it is not. Needs the same memory for any input. */
#include <stdio.h>

#include "det_json.h"

int main(void) {
    char piece[512], scratch[512];
    det_json_reader reader;
    det_json_token token;
    size_t n;
    int type;
    det_json_read_init(&reader, scratch, sizeof scratch);
    do {
        n = fread(piece, 1, sizeof piece, stdin);
        det_json_feed(&reader, piece, n, n == 0);
        do {
            type = det_json_next(&reader, &token);
        } while (type > DET_JSON_END);
    } while (type == DET_E_AGAIN);
    return type == DET_JSON_END && !ferror(stdin) ? 0 : 1;
}
