# SPDX-License-Identifier: Apache-2.0
# One file of several: prints the C files and headers that are given, one after the other, to standard output.
#     awk -f amalgam.awk [-v skip='det.h det_port.h'] [-v also=det.h] [-v own_header=det.h] FILE…
#   also         a header that is included first
#   skip         headers whose #include lines are left out
#   own_header   C sources: this one, which has them, is included first. Functions and objects that the files share get
#                DET_PRIVATE, which is `static` unless defined otherwise
# Quoted #includes are put in their place, once; feature-test macros (_…_SOURCE) go to the top. What a C file keeps for itself
# (static functions and objects, enumerators, types, tags, macros) may be called the same in another one: NAME becomes
# det__FILE__NAME, but after `.` and `->`, where it is a member, and in comments, strings and #include lines.
# It knows C's tokens and counts braces, and no more of C than the style of this project needs.

function die(what) {
    print "amalgam.awk: " what >"/dev/stderr"
    failed = 1
    exit 1
}
function base(path) {
    sub(/.*\//, "", path)
    return path
}
function folder(path) {
    return path ~ /\// ? substr(path, 1, length(path) - length(base(path))) : ""
}
function exists(path, l, r) {
    r = (getline l <path) >= 0
    close(path)
    return r
}

# ---- tokens: the next one of `rest` goes to `tok`, its kind to `kind`: id, text (comments, strings), space or other -----
function take(n, k) {
    tok = substr(rest, 1, n)
    rest = substr(rest, n + 1)
    kind = k
    return 1
}
function comment(n) { # from rest's start, or the line's if one goes on
    n = index(in_comment ? rest : substr(rest, 3), "*/")
    if (n) n += in_comment ? 1 : 3
    in_comment = !n
    return take(n ? n : length(rest), "text")
}
function next_token() {
    if (rest == "") return 0
    if (in_comment || substr(rest, 1, 2) == "/*") return comment()
    if (match(rest, /^[A-Za-z_][A-Za-z_0-9]*/)) return take(RLENGTH, "id")
    if (match(rest, /^[0-9][A-Za-z_0-9.]*/)) return take(RLENGTH, "other")
    if (match(rest, /^[ \t]+/)) return take(RLENGTH, "space")
    if (match(rest, /^"([^"\\]|\\.)*"/) || match(rest, /^'([^'\\]|\\.)*'/)) return take(RLENGTH, "text")
    if (substr(rest, 1, 2) == "//") return take(length(rest), "text")
    return take(substr(rest, 1, 2) == "->" ? 2 : 1, "other")
}

# ---- what a C file keeps for itself ------------------------------------------------------------------------------------
function own(name, space) { # space: "" or "tag ", C's two name spaces at file scope
    if (name !~ /^(det_|DET_|_)/) mine[space name] = "det__" stem "__" name
}
function statement_start() {
    is_static = is_typedef = named = parens = pointer = 0
    was = last_id = tag = ""
}
# At file scope: where the names of declarations and tags stand.
function outside(t, k) {
    if (k == "id") {
        if (t == "static") is_static = 1
        else if (t == "typedef") is_typedef = 1
        if (parens == 1 && is_typedef && pointer) own(t)
        tag = was ~ /^(struct|enum|union)$/ ? t : ""
        if (t == "enum") in_enum = 1
        if (!parens) last_id = t
    } else if (t == "(") {
        if (is_static && !named && !parens && last_id !~ /^__/) {
            own(last_id)
            named = 1
        }
        parens++
    } else if (t == ")") parens--
    else if (!parens && (t == "[" || t == "=" || t == ",") && (is_static || is_typedef) && !named) {
        own(last_id)
        named = 1
    } else if (t == ";") {
        if ((is_static || is_typedef) && !named) own(last_id)
        in_enum = 0
        statement_start()
    }
    pointer = was == "(" && t == "*"
    was = t
}
# Opening a brace at file scope: a body of a tag, of an enumeration, of a function, or an initializer.
function brace(t) {
    if (tag != "") own(tag, "tag ")
    body = was == ")" ? "function" : in_enum ? "enum" : "other"
    expect = body == "enum"
    parens = 0
}
function inside(t, k) {
    if (body != "enum" || depth != 1) return
    if (k == "id" && expect) own(t)
    if (t == "(") parens++
    else if (t == ")") parens--
    expect = t == "," && !parens
}
function scan_line(line) {
    rest = line
    while (next_token()) {
        if (kind == "text" && tok !~ /^["']/ || kind == "space") continue
        if (tok == "{") {
            if (!depth) brace(tok)
            depth++
        } else if (tok == "}") {
            depth--
            if (!depth && body == "function") statement_start()
            if (!depth) {
                in_enum = 0
                was = "}"
            }
        } else if (depth) inside(tok, kind)
        else outside(tok, kind)
    }
}
function scan_directive(line, name) { # a default for a name of the system's is no name of ours
    if (match(line, /^#[ ]*ifndef[ ]+/)) guarded = substr(line, RLENGTH + 1)
    if (match(line, /^#[ ]*define[ ]+/)) {
        name = substr(line, RLENGTH + 1)
        match(name, /^[A-Za-z_0-9]+/)
        name = substr(name, 1, RLENGTH)
        if (name != guarded) own(name)
    }
    directive_goes_on = line ~ /\\$/
}
function collect(path, line) {
    split("", mine)
    stem = base(path)
    sub(/\.c$/, "", stem)
    sub(/^det_/, "", stem)
    if (stem in stems) die("two files called " stem ".c")
    stems[stem] = 1
    depth = in_comment = directive_goes_on = in_enum = 0
    guarded = ""
    statement_start()
    while ((getline line <path) > 0) {
        if (!in_comment && (line ~ /^#/ || directive_goes_on)) scan_directive(line)
        else scan_line(line)
    }
    close(path)
    if (depth) die(path ": braces do not match")
}

# ---- printing ----------------------------------------------------------------------------------------------------------
# A member, where it is used and where it is declared: in a structure's body, but behind `:` or `[`.
function is_member(before) {
    if (before == "." || before == "->") return 1
    return members && depth >= members && before !~ /^[:\[]$/ && rest ~ /^[ \t]*[;,:\[)]/
}
function track(t, before) {
    if (t == "{") {
        depth++
        if (!members && opens_members) members = depth
    } else if (t == "}") {
        if (members == depth) members = 0
        depth--
    }
    opens_members = t ~ /^(struct|union)$/ || (before ~ /^(struct|union)$/ && t != "{")
}
function renamed(line, out, before, name) {
    rest = line
    out = before = ""
    while (next_token()) {
        name = before ~ /^(struct|enum|union)$/ ? "tag " tok : tok
        out = out (kind == "id" && name in mine && !is_member(before) ? mine[name] : tok)
        if (kind ~ /id|other/) {
            track(tok, before)
            before = tok
        }
    }
    return out
}
# A line at file scope of what the files share: a prototype, an object or its declaration.
function marked(line) {
    if (!own_header || line !~ /^[a-z]/ || line ~ /^(static|typedef|enum|struct [a-z_0-9]+ \{|union|DET_API)/) return line
    if (line ~ /^extern /) {
        sub(/^extern /, "DET_PRIVATE_OBJECT ", line)
        return line
    }
    if (line ~ /^const .*[ *]det__[a-z_0-9]+(\[.*\])* = /) return "DET_PRIVATE " line
    return line ~ /^[a-z][A-Za-z_0-9 *]*[ *]det__[a-z_0-9]+\(/ ? "DET_PRIVATE " line : line
}
# Where an included header lies, unless it is there already. One under a condition will be printed again: guards keep it single.
function included(path, name, where) {
    if (name in skipped) return ""
    where = folder(path) name
    while (sub(/[^\/]+\/\.\.\//, "", where)) continue
    if (!exists(where)) where = "include/" name
    if (where in done) return ""
    if (!exists(where)) die(path ": no " name)
    if (ifs <= (path ~ /\.h$/)) done[where] = 1
    return where
}
function print_file(path, is_c, line) {
    if (is_c) collect(path)
    print "\n/* ---- " path " " substr(dashes, length(path)) " */"
    ifs = in_comment = depth = members = opens_members = 0
    while ((getline line <path) > 0) {
        if (line ~ /^#[ ]*if/) ifs++
        if (line ~ /^#[ ]*endif/) ifs--
        if (line ~ /^#[ ]*include[ ]+"/) nest(path, line)
        else if (line ~ /^#[ ]*include/) print line
        else if (line !~ feature_test) print is_c ? marked(renamed(line)) : marked(line)
    }
    close(path)
}
# A header within a file: what the file keeps for itself is not meant there.
function nest(path, line, kept, outer, k) {
    gsub(/^[^"]*"|".*$/, "", line)
    line = included(path, line)
    if (line == "") return
    outer = ifs
    for (k in mine) kept[k] = mine[k]
    split("", mine)
    print_file(line, 0)
    for (k in kept) mine[k] = kept[k]
    ifs = outer
    in_comment = 0
}
function features(path, line) {
    while ((getline line <path) > 0)
        if (line ~ feature_test && !(line in feature)) {
            feature[line] = 1
            split(line, word, " ")
            print "#ifndef " word[2] "\n" line "\n#endif"
        }
    close(path)
}
function lead_in(guard) {
    guard = toupper(own_header)
    gsub(/\./, "_", guard)
    print "#ifndef " guard "_SOURCE\n#define " guard "_SOURCE"
    print "\n#include \"" own_header "\"\n"
    print "/* What the files of this one share is its own; -DDET_PRIVATE= shows it to others. */"
    print "#ifndef DET_PRIVATE\n#define DET_PRIVATE static\n#define DET_PRIVATE_OBJECT static\n#endif"
    print "#ifndef DET_PRIVATE_OBJECT\n#define DET_PRIVATE_OBJECT extern\n#endif\n"
    print "/* What the knobs leave out is declared all the same, and with `#define DET_API static` what a program does not call is"
    print " * unused. GCC judges that at the end of all, so there it stays ignored. */"
    print "#ifdef __GNUC__\n#pragma GCC diagnostic push\n#pragma GCC diagnostic ignored \"-Wunused-function\"\n#endif"
}
BEGIN {
    feature_test = "^#define _[A-Z_0-9]+ [0-9]+L?$"
    dashes = "--------------------------------------------------------------------------------------------------------------"
    n = split(skip, word, " ")
    for (i = 1; i <= n; i++) skipped[word[i]] = 1
    for (i = 1; i < ARGC; i++) if (ARGV[i] ~ /\.c$/) features(ARGV[i])
    if (also) print "#include \"" also "\""
    if (own_header) lead_in()
    for (i = 1; i < ARGC; i++) {
        if (ARGV[i] in done) continue
        done[ARGV[i]] = 1
        print_file(ARGV[i], ARGV[i] ~ /\.c$/)
    }
    if (own_header) print "\n#ifdef __clang__\n#pragma GCC diagnostic pop\n#endif\n#endif"
    exit failed
}
