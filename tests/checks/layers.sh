#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make layers: no layer of src/ includes one above or beside it, judged by the #include lines of src/, port/ and include/.
#     sh tests/checks/layers.sh [ROOT]     one line per forbidden #include, then N passed, N failed (by file)
set -u
cd "${1:-$(dirname "$0")/../..}" || exit 1
cd src/.. && cd port/.. && cd include/.. || exit 1

find src port include -name '*.[ch]' ! -path 'port/*/*/*' | # below a world are its examples
     sort | xargs awk -v ports_headers="$(cd port && echo ./*/*.h)" '
    # The layers that each may include. det_port.h is for those that reach the platform or wait for it.
    BEGIN {
        may["base"] = "base error config"
        may["json"] = "json base det_json error config"
        may["http"] = "http base error config version"
        may["transport"] = "transport base port error config"
        may["session"] = "session transport http json base det_session port error config"
        may["core"] = "core session json base det det_session det_json det_spool port error config version"
        may["cli"] = "cli core session transport http json base det det_session det_json port posix det_winsock error config version" # hosted
        may["port"] = "port posix det_worker det_spool env det ports_own"
        # Public headers, by what they may include.
        may["det.h"] = "det_session det_json det_spool port error version"
        may["det_session.h"] = "port error"
        may["det_json.h"] = "error"
        may["det_port.h"] = "error"
        may["det_spool.h"] = "error"
        may["det_error.h"] = "config"
        may["det_posix.h"] = "port det_spool"
        may["det_env.h"] = "det"
        may["det_worker.h"] = "det"
        may["det_config.h"] = ""
        may["det_version.h"] = ""
        n = split(ports_headers, word, " ")
        for (i = 1; i <= n; i++) { sub(/.*\//, "", word[i]); ports_header[word[i]] = 1 }
        system_headers = " stddef.h stdint.h string.h limits.h "
    }
    # src/LAYER/x.c is in LAYER; port/WORLD/x.c is port; include/x.h is itself.
    function layer_of(path,  part) {
        split(path, part, "/")
        return part[1] == "src" ? part[2] : part[1] == "port" ? "port" : part[2]
    }
    # What "../http/url.h" or "det_port.h" stands for, said in a file of `layer`.
    function target_of(name, layer,  part) {
        if (name ~ /^\.\.\/[a-z]+\/[a-z_0-9]+\.h$/) { split(name, part, "/"); return part[2] }
        if (name ~ /^det_(port|error|config|version|posix|env)\.h$/) { sub(/^det_/, "", name); sub(/\.h$/, "", name); return name }
        if (name ~ /\//) return "elsewhere"
        if (layer == "port" && name in ports_header) return "ports_own"
        if (name ~ /^det(_|\.)/) { sub(/\.h$/, "", name); return name }
        return layer
    }
    function forbid(why) { print FILENAME ":" FNR ": " why ": " $0; bad[FILENAME] = 1 }
    FNR == 1 { files++; layer = layer_of(FILENAME); if (!(layer in may)) forbid("a layer that is not known, " layer) }
    /^[ \t]*#[ \t]*include[ \t]*"/ {
        name = $0; sub(/^[^"]*"/, "", name); sub(/".*/, "", name)
        target = target_of(name, layer)
        if (index(" " may[layer] " ", " " target " ") == 0) forbid(layer " may not include " target)
    }
    /^[ \t]*#[ \t]*include[ \t]*</ {
        name = $0; sub(/^[^<]*</, "", name); sub(/>.*/, "", name)
        if (name ~ /^(mbedtls|psa)\//) { if (FILENAME !~ /^src\/(transport\/tls_mbedtls|cli\/chain)\.c$/) forbid("only tls_mbedtls.c and chain.c know mbedTLS") }
        else if (layer != "port" && layer != "cli" && index(system_headers, " " name " ") == 0) forbid("src/ and include/ need no such header")
    }
    END {
        for (f in bad) failed++
        printf "%d passed, %d failed\n", files - failed, failed
        exit failed > 0 || files == 0
    }'
