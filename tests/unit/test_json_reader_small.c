/* SPDX-License-Identifier: Apache-2.0
 * test_json_reader.c once more, with the code as 32-bit targets have it. What is compiled in here takes the library's
 * place. */
#define DET__JSON_FAST 0
#include "json/text.c"
#include "json/reader.c"

#include "test_json_reader.c"
