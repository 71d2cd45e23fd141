/* SPDX-License-Identifier: Apache-2.0
 * The characters of names in HTTP, as bits: byte c is bit c % 32 of word c / 32. */
#include "token.h"

const uint32_t det__token_set[8] = {
    0,
    0x03ff6cfa, /* ! # $ % & ' * + - . 0-9 */
    0xc7fffffe, /* A-Z ^ _ */
    0x57ffffff, /* ` a-z | ~ */
    0, 0, 0, 0,
};
