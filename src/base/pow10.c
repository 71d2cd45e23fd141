/* SPDX-License-Identifier: Apache-2.0
 * Powers of ten to 128 bits. Every 28th is stored, rounded down; those between are a stored one times a power of five
 * below 5^28, itself the product of two small table entries. The stored one's error (below 1) grows by less than 2 when
 * scaled, and the cut after 128 bits and the shift lose less than 2: hence the bound of 4 (3.26 is the worst of all 672,
 * found by exact computation). Both users of the table are built to live with that bound. */
#include "pow10.h"

#include "det_config.h"

#if DET_FAST_DOUBLES

enum { STEP = 28 };

static const det__u128 stored[24] = {
    {0xeef453d6923bd65au, 0x113faa2906a13b3fu}, {0xf148440a256e2c76u, 0xc00670ea43ca250du},
    {0xf3a20279ed56d48au, 0x6b43527578c1110fu}, {0xf6019da07f549b2bu, 0x7e2a53a146606a48u},
    {0xf867241c8cc6d4c0u, 0xc30163d203c94b62u}, {0xfad2a4b13d1b5d6cu, 0x796b805720085f81u},
    {0xfd442e4688bd304au, 0x908f4a166d1da663u}, {0xffbbcfe994e5c61fu, 0xfdf17746497f7052u},
    {0x811ccc668829b887u, 0x0806357d5a3f525fu}, {0x825ecc24c873782fu, 0x8ed400668c0c28c8u},
    {0x83a3eeeef9153e89u, 0x1953cf68300424acu}, {0x84ec3c97da624ab4u, 0xbd5af13bef0b113eu},
    {0x8637bd05af6c69b5u, 0xa63f9a49c2c1b10fu}, {0x878678326eac9000u, 0x0000000000000000u},
    {0x88d8762bf324cd0fu, 0xa5880a69fb6ac800u}, {0x8a2dbf142dfcc7abu, 0x6e3569326c784337u},
    {0x8b865b215899f46cu, 0xbd79e0d20082ee74u}, {0x8ce2529e2734bb1du, 0x1899e4a65f58660cu},
    {0x8e41ade9fbebc27du, 0x14588f13be847307u}, {0x8fa475791a569d10u, 0xf96e017d694487bcu},
    {0x910ab1d4db9914a0u, 0x1d9c9892400a22a2u}, {0x92746b9be2f8552cu, 0x32fd3cf5b4e49bb4u},
    {0x93e1ab8252f33b45u, 0xcabb90e5c942b503u}, {0x95527a5202df0ccbu, 0x0f37801e0c43ebc8u},
};

static const uint16_t five[7] = {1, 5, 25, 125, 625, 3125, 15625};
static const uint64_t five7[4] = {1, 78125, 6103515625u, 476837158203125u};

#if !defined(__SIZEOF_INT128__) || defined(DET__NARROW)
det__u128 det__mul64(uint64_t a, uint64_t b) {
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t low = a0 * b0, m0 = a1 * b0 + (low >> 32), m1 = a0 * b1 + (uint32_t)m0;
    det__u128 r;
    r.hi = a1 * b1 + (m0 >> 32) + (m1 >> 32);
    r.lo = m1 << 32 | (uint32_t)low;
    return r;
}

det__u128 det__mul128(det__u128 p, uint64_t m) {
    det__u128 r = det__mul64(p.hi, m);
    uint64_t carry = det__mul64(p.lo, m).hi;
    r.lo += carry;
    r.hi += r.lo < carry;
    return r;
}
#endif

det__u128 det__pow10(int k) {
    unsigned n = (unsigned)(k - DET__POW10_MIN), i = n / STEP, j = n % STEP;
    int below = det__pow10_log2(k - (int)j), more = det__pow10_log2((int)j); /* 5^j has more - j + 1 bits */
    uint64_t m = five7[j / 7] * five[j % 7] << (63 + (int)j - more);
    det__u128 r = det__mul128(stored[i], m);
    if (below + more == det__pow10_log2(k)) {
        r.hi = r.hi << 1 | r.lo >> 63;
        r.lo <<= 1;
    }
    return r;
}

#endif
