/* SPDX-License-Identifier: Apache-2.0
 * JSON texts with what a strict reader says of them (RFC 8259), by our own hand. Each is read whole, at every split
 * position and byte by byte. tokens: the expected tokens in the notation of test_json_reader.c, or NULL: any. */
#ifndef DATA_JSON_CASES_H
#define DATA_JSON_CASES_H

#include <stddef.h>

typedef struct json_case {
    const char *text;
    size_t len;
    const char *tokens;
} json_case;

#define T(s) s, sizeof(s) - 1

static const json_case json_accepted[] = {
    {T("{}"), "{ }"},
    {T("[]"), "[ ]"},
    {T(" [ ] "), "[ ]"},
    {T("\t\r\n {\n}\r\n"), "{ }"},
    {T("null"), "null"},
    {T("true"), "true"},
    {T("false"), "false"},
    {T(" null\n"), "null"},
    {T("0"), "#0"},
    {T("-0"), "#-0"},
    {T("7"), "#7"},
    {T("-1"), "#-1"},
    {T("1234567890"), "#1234567890"},
    {T("0.5"), "#0.5"},
    {T("-0.0"), "#-0.0"},
    {T("0e1"), "#0e1"},
    {T("0e+1"), "#0e+1"},
    {T("1E5"), "#1E5"},
    {T("1E-05"), "#1E-05"},
    {T("12.75e+02"), "#12.75e+02"},
    {T("1e99999"), "#1e99999"},
    {T("123456789012345678901234567890.5e-300"), NULL},
    {T("\"\""), "'"},
    {T("\"a\""), "'a"},
    {T("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), "'\"\\/\b\f\n\r\t"},
    {T("\"\\u0041\\u00e9\\u20AC\""), "'A\xc3\xa9\xe2\x82\xac"},
    {T("\"\\ud83d\\uDE00\""), "'\xf0\x9f\x98\x80"},
    {T("\"\\uDBFF\\uDFFF\""), "'\xf4\x8f\xbf\xbf"},
    {T("\"\\uD83D\""), "'\xef\xbf\xbd"},
    {T("\"\\uDE00\""), "'\xef\xbf\xbd"},
    {T("\"\\uD83Dx\""), "'\xef\xbf\xbdx"},
    {T("\"\\uD83D\\n\""), "'\xef\xbf\xbd\n"},
    {T("\"\\uD83D\xc3\xa9\""), "'\xef\xbf\xbd\xc3\xa9"},
    {T("\"\\uD83D\\uD83D\\uDE00\""), "'\xef\xbf\xbd\xf0\x9f\x98\x80"},
    {T("\"\\uD83D\\u0041\""), "'\xef\xbf\xbd" "A"},
    {T("\"\\uDE00\\uD83D\""), "'\xef\xbf\xbd\xef\xbf\xbd"},
    {T("\"\xc2\x80\xdf\xbf\""), "'\xc2\x80\xdf\xbf"},
    {T("\"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\""), "'\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"},
    {T("\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""), "'\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"},
    {T("\"\x7f\""), "'\x7f"},
    {T("\"/\""), "'/"},
    {T("\"a\\u0000b\""), NULL},
    {T("\"12345678\\u00e912345678\xe2\x82\xac" "12345678\""), "'12345678\xc3\xa9" "12345678\xe2\x82\xac" "12345678"},
    {T("\"abcdefghijklmnopqrstuvwxyzabcdef\""), "'abcdefghijklmnopqrstuvwxyzabcdef"},
    {T("\"abcdefghijklmnopqrstuvwxyzabcdefg\""), "'abcdefghijklmnopqrstuvwxyzabcdefg"},
    {T("\"abcdefghijklmnopqrstuvwxyzabcde\xc3\xa9\""), "'abcdefghijklmnopqrstuvwxyzabcde\xc3\xa9"},
    {T("\"abcdefghijklmnopqrstuvwxyzabcde\\ud83d\""), "'abcdefghijklmnopqrstuvwxyzabcde\xef\xbf\xbd"},
    {T("\"abcdefghijklmnopqrstuvwxyzabc\\ud83d\\ude00xyz\\ud83d\\\\\""),
     "'abcdefghijklmnopqrstuvwxyzabc\xf0\x9f\x98\x80xyz\xef\xbf\xbd\\"},
    {T("{\"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\":1}"),
     "{ :abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz #1 }"},
    {T("[1,2,3]"), "[ #1 #2 #3 ]"},
    {T("[1 ,\n2\t, 3 ]"), "[ #1 #2 #3 ]"},
    {T("[[],{},[[{}]]]"), "[ [ ] { } [ [ { } ] ] ]"},
    {T("{\"a\":1}"), "{ :a #1 }"},
    {T("{ \"a\" : [ true , false , null ] , \"b\" : { \"c\" : \"d\" } }"),
     "{ :a [ true false null ] :b { :c 'd } }"},
    {T("{\"a\":1,\"a\":2}"), "{ :a #1 :a #2 }"},
    {T("{\"\":\"\"}"), "{ : ' }"},
    {T("{\"\\u0061\\n\":-1.5e3,\"x\":[\"y\"]}"), "{ :a\n #-1.5e3 :x [ 'y ] }"},
    {T("[1e1,0.1,-0,\"\",{}]"), "[ #1e1 #0.1 #-0 ' { } ]"},
};

static const json_case json_refused[] = {
    {T(""), NULL}, {T(" "), NULL}, {T("\n"), NULL}, {T("\0"), NULL}, {T("nul"), NULL}, {T("nulL"), NULL},
    {T("nullx"), NULL}, {T("True"), NULL}, {T("NaN"), NULL}, {T("Infinity"), NULL}, {T("-Infinity"), NULL},
    {T("undefined"), NULL}, {T("'a'"), NULL}, {T("a"), NULL}, {T("tru"), NULL}, {T("truetrue"), NULL},
    /* numbers */
    {T("-"), NULL}, {T("+1"), NULL}, {T("01"), NULL}, {T("-01"), NULL}, {T("00"), NULL}, {T("1."), NULL},
    {T(".5"), NULL}, {T("-.5"), NULL}, {T("1.e1"), NULL}, {T("1e"), NULL}, {T("1e+"), NULL}, {T("1e-"), NULL},
    {T("1e1.5"), NULL}, {T("1.5.5"), NULL}, {T("0x10"), NULL}, {T("1_000"), NULL}, {T("1 000"), NULL}, {T("--1"), NULL},
    {T("1-1"), NULL}, {T("1e5e5"), NULL}, {T("- 1"), NULL}, {T("1f"), NULL}, {T("\xef\xbc\x91"), NULL},
    {T("[1.]"), NULL}, {T("[-]"), NULL}, {T("[1e]"), NULL}, {T("[0e+-1]"), NULL},
    /* strings */
    {T("\""), NULL}, {T("\"a"), NULL}, {T("\"\\\""), NULL}, {T("\"\\x41\""), NULL}, {T("\"\\u12\""), NULL},
    {T("\"\\u123g\""), NULL}, {T("\"\\U0041\""), NULL}, {T("\"\\'\""), NULL}, {T("\"\\\n\""), NULL}, {T("\"\n\""), NULL},
    {T("\"\t\""), NULL}, {T("\"\0\""), NULL}, {T("\"\x1f\""), NULL}, {T("\"\\ud83d"), NULL}, {T("\"\\ud83d\\"), NULL},
    {T("\"\\ud83d\\x\""), NULL}, {T("\"\\ud83d\\u00\""), NULL}, {T("\"a\"b"), NULL}, {T("\"\\\xc3\xa9\""), NULL},
    /* UTF-8: continuation alone, cut, overlong, surrogates, above U+10FFFF, Latin-1 */
    {T("\"\x80\""), NULL}, {T("\"\xc3\""), NULL}, {T("\"\xc3"), NULL}, {T("\"\xc0\x80\""), NULL}, {T("\"\xc1\xbf\""), NULL},
    {T("\"\xe0\x80\x80\""), NULL}, {T("\"\xe0\x9f\xbf\""), NULL}, {T("\"\xe2\x82\""), NULL}, {T("\"\xed\xa0\x80\""), NULL},
    {T("\"\xed\xbf\xbf\""), NULL}, {T("\"\xf0\x80\x80\x80\""), NULL}, {T("\"\xf0\x8f\xbf\xbf\""), NULL},
    {T("\"\xf0\x9f\x98\""), NULL}, {T("\"\xf4\x90\x80\x80\""), NULL}, {T("\"\xf5\x80\x80\x80\""), NULL},
    {T("\"\xfe\""), NULL}, {T("\"\xff\""), NULL}, {T("\"\xe9t\xe9\""), NULL}, {T("\"abcdefgh\x80\""), NULL},
    {T("{\"\xff\":1}"), NULL}, {T("\xc3\xa9"), NULL}, {T("\xef\xbb\xbf{}"), NULL}, {T("\xef\xbb\xbf"), NULL},
    {T("\xff\xfe{\0}\0"), NULL}, {T("[\xc2\xa0]"), NULL}, {T("[\x0c]"), NULL}, {T("[\x0b]"), NULL},
    /* structure */
    {T("["), NULL}, {T("]"), NULL}, {T("{"), NULL}, {T("}"), NULL}, {T("[}"), NULL}, {T("{]"), NULL}, {T("[]]"), NULL},
    {T("{}}"), NULL}, {T("[1"), NULL}, {T("[1,"), NULL}, {T("[1,]"), NULL}, {T("[,1]"), NULL}, {T("[,]"), NULL},
    {T("[1,,2]"), NULL}, {T("[1 2]"), NULL}, {T("[1:2]"), NULL}, {T("[\"a\":1]"), NULL}, {T("{,}"), NULL},
    {T("{\"a\"}"), NULL}, {T("{\"a\":}"), NULL}, {T("{\"a\",1}"), NULL}, {T("{\"a\":1,}"), NULL}, {T("{\"a\" 1}"), NULL},
    {T("{\"a\"::1}"), NULL}, {T("{\"a\":1:2}"), NULL}, {T("{\"a\":1 \"b\":2}"), NULL}, {T("{a:1}"), NULL},
    {T("{1:1}"), NULL}, {T("{null:1}"), NULL}, {T("{'a':1}"), NULL}, {T("{\"a\":1"), NULL}, {T("{\"a\""), NULL},
    {T("{\"a\":"), NULL}, {T("{\"a\":1]"), NULL}, {T("[{\"a\":1]}"), NULL}, {T("{}{}"), NULL}, {T("[][]"), NULL},
    {T("1 2"), NULL}, {T("1,"), NULL}, {T(","), NULL}, {T(":"), NULL}, {T("[]x"), NULL}, {T("{}\0"), NULL},
    {T("[1]//x"), NULL}, {T("/**/[]"), NULL}, {T("[1]#"), NULL}, {T("{\"a\":1}\xef\xbb\xbf"), NULL}, {T("[\"a\",\n4\n,1,"), NULL},
};

#undef T

#endif
