# SPDX-License-Identifier: Apache-2.0
# Rows and what tabulate ("presto") and csv.writer make of them, one JSON object a line, for tests/unit/test_cli_table.c:
#   python3 tables.py vectors >tables.jsonl        the rows below (tabulate 0.10.0 without wcwidth, Python 3.11)
#   python3 tables.py fuzz SEED COUNT >FILE        random ones; TEST_TABLES=FILE build/unit/test_cli_table
import csv
import io
import json
import random
import sys

import tabulate

assert tabulate.wcwidth is None, "wcwidth is installed: a plain installation of det has none"
HEADERS = ["ID", "Name", "# of Batches", "X"]

PIECES = (
    ["", " ", "  ", "a", "b", "exp-1", "naïve", "日本語", "é", "👩‍💻", "ﬀ", "\u0301", "\u200b", "\ufeff", "|", "-"]
    + ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x1f", "\x85", "\u2028", "\u2029", "\t", "\xa0", "\u3000"]
    + ["0", "1", "42", "007", "1_000", "_", "1.5", ".5", "5.", ".", "-", "+", "e", "E5", "e-3", "1e400", "1e3", "123456789"]
    + ["1,000", "1,234.5", ",", "inf", "-inf", "nan", "NaN", "Infinity", "+inf", "True", "False", "true", "None", "0x1"]
    + ["٣", "１２", "𝟗", "²", "½", "\x00", "\x01", "\x7f", '"', "'", "\\", "\\n", "100%", "3.14159265", "1e-7", "0.1"]
    + ["\x1b", "\x1b[31m", "\x1b[0m", "\x1b[1;32mok\x1b[0m", "\x1b[31m042\x1b[0m", "\x1b[31m4.20\x1b[0m", "\x1b[", "["]
    + ["\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "\x1b]8;a=b:c=d;u\x1b\\42\x1b]8;;\x1b\\", "\x1b]8;a=bc=d;u\x1b\\t\x1b]8;;\x1b\\"]
    + ["\x1b]8;;", "\x1b\\", "m"]
)
NUMBERS = ["1", "22", "-3", "+4", "1.25", "10.5", "1e3", "1e-5", "1,000", "12,345.678", "nan", "inf", " 7 ", "1_0", "٣", "5.", ""]
LINES = ["a\nbb", "a\r\nb", "\na", "a\n", "a\n\nb", "x\vy", "one\ntwo\nthree", "a\x85b\nc", "\n", "\r\n", " \n ", "", "1\n", "\n2"]


def text(r):
    return "".join(r.choice(PIECES) for _ in range(r.choice([0, 1, 1, 1, 2, 2, 3, 5])))


def number(r):
    return r.choice([0, 1, -1, 7, 22, 333, 2**31, 2**53 + 1, 0.5, 0.25, 1.0, -0.0, 1e16, 1.5e-7, 1e22, 123456.789, 100.0,
                     r.random(), r.random() * 1000, r.randrange(10**6), r.uniform(-1e9, 1e9), 5e-324, 1.7e308])


def column(r):
    plain = r.choice([PIECES[:20], PIECES[:20], PIECES])
    kinds = [
        lambda: r.randrange(1000),
        lambda: number(r),
        lambda: text(r),
        lambda: r.choice(NUMBERS),
        lambda: r.choice(LINES),
        lambda: r.choice(plain) + r.choice(plain),
        lambda: r.choice([True, False]),
        lambda: r.choice([None, True, 1, "True", "1"]),
        lambda: r.choice(["", None]),
        lambda: r.choice(["\x1b[31m", "", " "]) + r.choice(NUMBERS) + r.choice(["\x1b[0m", "", "\n"]),
        lambda: r.choice(["a", "b\nc", "\x1b[1mbold\x1b[0m", "\x1b[1mx\r\ny\x1b[0m z", "p\vq"]),
        lambda: r.choice([None, 1, 2.5, "3", "4.75", "x", True, "1,000"]),
    ]
    main = r.choice(kinds)
    return lambda: r.choice(kinds)() if r.random() < 0.05 else None if r.random() < 0.05 else main()


def rows_of(r):
    cols = [column(r) for _ in range(r.randint(1, 4))]
    return len(cols), [[c() for c in cols] for _ in range(r.choice([0, 1, 1, 2, 3, 5, 8]))]


def case(n, rows):
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(HEADERS[:n])
    writer.writerows(rows)
    # det prints the table with print()
    table = tabulate.tabulate(rows, HEADERS[:n], tablefmt="presto") + "\n"
    return {"columns": n, "rows": rows, "table": table, "csv": out.getvalue()}


def vectors():
    for names in (NUMBERS, LINES, PIECES):
        for a in names:
            yield 2, [[1, a], [22, "x"]]
            yield 2, [[1, a], [22, None]]
            yield 2, [[1, a], [22, "2.125"], [3, 4]]
            yield 3, [[1, a, "\x1b[32mgreen\x1b[0m"], [22, "1", "y"]]
            yield 2, [[1, a], [22, "p\nq"]]
    yield 4, []
    yield 1, [[""], [None], ["a"]]
    yield 4, [[1, "\x01", 2, 3], [2, "a", 3, 4], ["\x01 ", None, None, None]]
    yield 2, [["\x01", 1]]
    yield 2, [[True, 1.5], [False, True], [None, False]]
    yield 2, [[1e16, 1.0], [0.1, 2], [5e-324, "7"]]


def write(cases):
    skipped = 0
    for n, rows in cases:
        try:
            print(json.dumps(case(n, rows)))
        except (ValueError, UnicodeError, OverflowError) as e:  # tabulate itself fails
            skipped += 1
    print(skipped, "skipped", file=sys.stderr)


if sys.argv[1] == "vectors":
    write(vectors())
else:
    rand = random.Random(int(sys.argv[2]))
    write(rows_of(rand) for _ in range(int(sys.argv[3])))
