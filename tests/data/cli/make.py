#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Answers made up for detc, and what the real det prints of them.

    make.py answers                          writes NAME.txt: exchanges in the form of tests/recordings
    make.py expect CLI_REPLAY DET            runs DET for each line of `cases` and writes CASE.stdout, CASE.stderr; the
                                             lists of DET have no --json: what its print_json() makes of the answers

Not part of any build or test: what it wrote is kept beside it. DET is det of `pip install determined==0.38.1`."""
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
START = "2026-11-23T06:23:51.133147Z"


def go_json(value):
    """As Go's encoding/json has it: no spaces, UTF-8, but for < > & and the two line separators."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for c in "<>&\u2028\u2029":
        text = text.replace(c, "\\u%04x" % ord(c))
    return text.encode()


def exchange(method, target, answer, status="200 OK", token=True, body=b""):
    request = f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    request += "Authorization: Bearer TOKEN\r\n" if token else ""
    request += f"Content-Length: {len(body)}\r\n" if body else ""
    data = answer if isinstance(answer, bytes) else go_json(answer)
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
    if len(data) <= 2048:
        reply = head.encode() + b"Content-Length: %d\r\n\r\n" % len(data) + data
    else:
        reply = head.encode() + b"Transfer-Encoding: chunked\r\n\r\n"
        for at in range(0, len(data), 4000):
            piece = data[at : at + 4000]
            reply += b"%x\r\n" % len(piece) + piece + b"\r\n"
        reply += b"0\r\n\r\n"
    return b">>> conn 1\n" + request.encode() + b"\r\n" + body + b"\n<<< conn 1\n" + reply + b"\n"


def info(version="0.38.1"):
    return exchange("GET", "/info", {
        "version": version, "master_id": "c4e5f808-4036-4a56-9225-6c902e771ab1", "cluster_id": "398a0bc4-7953-4a1c-8181-fd2140b83189",
        "cluster_name": "", "telemetry": {"enabled": False, "otel_enabled": False, "otel_endpoint": ""}, "sso_providers": None}, token=False)


def me(name="determined"):
    return exchange("GET", "/api/v1/me", {"user": {
        "id": 2, "username": name, "admin": False, "active": True, "agentUserGroup": None, "displayName": "", "modifiedAt": START,
        "remote": False}})


def error(code, reason, text):
    return {"error": {"code": code, "reason": reason, "error": text}}


def experiment(number, name, **more):
    e = {"id": number, "description": "", "labels": [], "startTime": START, "endTime": None, "state": "STATE_RUNNING",
         "archived": False, "numTrials": 1, "trialIds": [], "displayName": "determined", "userId": 2, "username": "determined",
         "resourcePool": "", "searcherType": "single", "name": name, "notes": "", "jobId": "j", "forkedFrom": None, "progress": 0,
         "projectId": 1, "projectName": "Uncategorized", "workspaceId": 1, "workspaceName": "Uncategorized", "config": {"name": name},
         "originalConfig": "", "projectOwnerId": 1, "unmanaged": True}
    e.update(more)
    return {k: v for k, v in e.items() if v != "ABSENT"}


def page(rows, offset, limit, key="experiments"):
    end = min(len(rows), offset + limit) if limit else len(rows)
    start = min(offset, len(rows))
    return {key: rows[start:end],
            "pagination": {"offset": offset, "limit": limit, "startIndex": start, "endIndex": end, "total": len(rows)}}


def experiments(rows, offset=0, limit=200, pages=None, everything=False):
    """The requests of det e list for these rows."""
    out = b""
    while True:
        p = page(rows, offset, limit)
        query = f"limit={limit}&offset={offset}" if everything else f"archived=false&limit={limit}&offset={offset}&users=determined"
        out += exchange("GET", "/api/v1/experiments?" + query, p)
        offset = p["pagination"]["endIndex"]
        if pages == 1 or offset >= len(rows):
            return out


def checkpoint(number, metrics, **more):
    training = {"trialId": 16, "experimentId": 13, "experimentConfig": {"searcher": {"metric": "loss"}}, "hparams": {},
                "trainingMetrics": {"avgMetrics": None, "batchMetrics": []}, "validationMetrics": {"avgMetrics": metrics, "batchMetrics": []}}
    training.update(more.pop("training", {}))
    c = {"taskId": "13.t1", "uuid": "00000000-0000-4000-8000-%012d" % number, "reportTime": START, "resources": {"m.bin": "2048"},
         "metadata": {"steps_completed": 10 * number}, "state": "STATE_COMPLETED",
         "training": {k: v for k, v in training.items() if v != "ABSENT"}}
    c.update(more)
    return c


def checkpoints(rows, query="sortByAttr=SORT_BY_END_TIME"):
    return exchange("GET", "/api/v1/experiments/13/checkpoints?" + query, page(rows, 0, 0, "checkpoints"))


NAMES = [
    "plain", "日本語の実験", "한국어 실험", "full ＷＩＤＴＨ", "half ｶﾀｶﾅ", "cafe\u0301 combining", "Z\u0351\u036b\u0343al\u0333go", "🙂 emoji 👩‍💻", "flag 🇩🇪", "naïve",
    "שלום עולם", "مرحبا", "zero\u200bwidth", "soft\u00adhyphen", "nbsp\u00a0here", "ideographic\u3000space",
    'a "quoted" name', "'single'", '"', "a,b,c", ",", "semi;colon", "back\\slash", "pipe | and +--", "<b>&amp;</b>",
    "two\nlines", "three\n\nlines", "ends with a line break\n", "\nbegins with one", "carriage\rreturn", "crlf\r\nname", "tab\there", "line\u2028separator", "nel\u0085name", "vt\x0bff\x0cname",
    "  leading", "trailing  ", " ", "", "\x1b[31mred\x1b[0m", "\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "bell\x07", "del\x7f", "€ £ ¥", "A" * 100,
    "1e3", "007", "0x1F", "nan", "inf", "-Infinity", "1_000", "1,000", "True", "None", "=SUM(A1)", "-", "--", "+1", "½", "٣", "end",
]
MIXED = [
    experiment(1, "done", state="STATE_COMPLETED", progress=1, endTime="2026-11-23T06:24:00Z", resourcePool="default"),
    experiment(22, "half", progress=0.5, forkedFrom=1, resourcePool="gpu pool", username="someone"),
    experiment(333, "none", progress=None, startTime="2026-11-23T06:23:51.1Z", forkedFrom=22),
    experiment(4444, "small", progress=0.00049, startTime="2026-11-23T07:23:51+01:00", endTime="2026-11-22T22:53:51.999999999-07:30"),
    experiment(55555, "near", progress=0.9996, state="STATE_ERROR", archived=True, workspaceName="w", projectName="Проект"),
    experiment(6, "third", progress=0.3333333333333333, state="STATE_STOPPING_CANCELED", username=""),
    experiment(7, "odd", progress=0.0005, state="STATE_PAUSED", resourcePool="ABSENT", workspaceName="ABSENT", projectName="ABSENT"),
    experiment(8, "absent", progress="ABSENT", endTime="ABSENT", forkedFrom="ABSENT"),
    experiment(9, "over", progress=1.2345, startTime="2024-02-29T23:59:59.999999Z", endTime="1999-12-31T23:59:59.5Z"),
    experiment(10, "quarter", progress=0.125, startTime="2026-11-23T06:23:51.123456789Z"),
    experiment(11, "quarter up", progress=0.0625, state="STATE_DELETE_FAILED"),
]
SHAPES = {
    "ints": ["12", "3", "-45", "1000000"], "floats": ["1.5", "10.25", "-0.001", "7"], "exponents": ["1e3", "2.5e-7", "1E10", "3"],
    "padded": [" 5 ", "12", "3 "], "bools": ["True", "False", "True"], "nothing": ["", "", ""], "spaces": [" ", "  ", ""],
    "nans": ["nan", "inf", "-inf", "1"], "separators": ["1,000", "2,500", "3"], "one_wide": ["宽"], "one": ["x"], "break": ["a\nb"],
    "breaks": ["1\n2", "3\n44", "5"], "hex": ["0x1", "0x22"], "underscores": ["1_0", "2_000"], "signs": ["+1", "+22", "-3"],
}
# Numbers as no Go program writes them, and depth; each ODD becomes the next one.
ODD = ["1e-7", "1E+22", "-0", "-0.0", "1.50", "123456789012345678901234567890", "1e400", "-1e400", "5e-324", "0.30000000000000004", "100000.0e10"]
DEEP = {"Z": {}, "a": [], "é": {"b": [[], {}, [None, True, False, ["ODD"] * len(ODD)]], "B": "<&>\u2028\x00\x7f\U0001f642\"\\/"}, "": {"": ""}}
SIZES = {"s0": "0", "s1": "1", "s1023": "1023", "s1024": "1024", "s1100": "1100"}


def checkpoint_rows():
    rows = [
        checkpoint(1, {"loss": 0.5, "acc": 1}), checkpoint(2, {"loss": 1}), checkpoint(3, {"loss": "NaN"}), checkpoint(4, {"acc": 0.5}),
        checkpoint(5, None), checkpoint(6, {"loss": 1e-7}), checkpoint(7, {"loss": 123456789012345680}), checkpoint(8, {"loss": 1e22}),
        checkpoint(9, {"loss": None}), checkpoint(10, {"loss": True}), checkpoint(13, {"loss": -0.0}), checkpoint(14, {"loss": 0.1 + 0.2}),
        checkpoint(15, {"loss": "text, with \"quotes\""}),
        checkpoint(16, {"loss": 2.0}, metadata={}), checkpoint(17, {"loss": 3}, metadata={"steps_completed": 12345678901}),
        checkpoint(18, {"loss": 3}, resources={}), checkpoint(19, {"loss": 3}, resources=SIZES),
        checkpoint(20, {"loss": 3}, resources={"z": "1", "a/": "0", "Z": "5", "ä": "1048576", "日本/": "0"}),
        checkpoint(21, {"loss": 3}, resources={"big": "1099511627776", "bigger": "1152921504606846976"}),
        checkpoint(22, {"loss": 3}, resources={"edge": str(1024 * 1024 - 1)}), checkpoint(23, {"loss": 3}, resources={"k": "1536", "m": "1587"}),
        checkpoint(24, {"loss": 3}, state="STATE_DELETED"), checkpoint(25, {"loss": 3}, state="STATE_PARTIALLY_DELETED"),
        checkpoint(26, {"loss": 3}, state="STATE_ERROR"), checkpoint(27, {"loss": 3}, training={"trialId": "ABSENT"}),
        checkpoint(28, {"loss": 3}, training={"validationMetrics": "ABSENT"}), checkpoint(29, {"loss": 3}, metadata={"steps_completed": 20.5}),
        checkpoint(30, {"loss": 3}, metadata={"steps_completed": "30"}), checkpoint(31, {"loss": 3}, metadata={"steps_completed": None}),
    ]
    return rows


def scripts():
    base = info() + me()
    names = [experiment(i + 1, n) for i, n in enumerate(NAMES)]
    many = [experiment(i, f"run {i} {'é' * (i % 7)}", progress=i / 345, state="STATE_COMPLETED" if i % 3 else "STATE_ERROR",
                       endTime=f"2026-11-23T{i % 24:02d}:{i % 60:02d}:00.{i:06d}Z", forkedFrom=i // 2 or None) for i in range(1, 346)]
    plain = [checkpoint(1, {"loss": 0.5}), checkpoint(2, {"loss": 0.25})]
    yield "names", base + experiments(names) + experiments(names, everything=True)
    yield "mixed", base + experiments(MIXED) + experiments(MIXED, everything=True)
    yield "empty", base + experiments([]) + experiments([], everything=True) + checkpoints([])
    yield "many", base + experiments(many, limit=100) + experiments(many, offset=300, limit=50, pages=1) + experiments(many, offset=500, limit=100)
    for shape, texts in SHAPES.items():
        yield "shape_" + shape, base + experiments([experiment(i + 1, t) for i, t in enumerate(texts)])
    yield "checkpoints", base + checkpoints(checkpoint_rows())
    yield "checkpoints_plain", base + checkpoints(plain) + checkpoints(plain[:1], "limit=1&sortByAttr=SORT_BY_SEARCHER_METRIC")
    yield "checkpoints_nosearcher", base + checkpoints([checkpoint(1, {"loss": 0.5}, training={"experimentConfig": None}), checkpoint(2, {"loss": 1})])
    yield "checkpoints_othermetric", base + checkpoints(
        [checkpoint(1, {"loss": 0.5, "val.acc \u00e9": 0.75}, training={"experimentConfig": {"searcher": {"metric": "val.acc \u00e9"}}}), checkpoint(2, {"loss": 1})])
    yield "old_master", info("0.37.0") + me() + experiments(MIXED[:1])
    yield "new_master", info("0.39.0") + me() + experiments(MIXED[:1])
    yield "missing", base + exchange("GET", "/api/v1/experiments/13/checkpoints?sortByAttr=SORT_BY_END_TIME",
                                     error(5, "NotFound", "experiment '13' not found"), "404 Not Found")
    yield "failing", base + exchange("GET", "/api/v1/experiments?archived=false&limit=200&offset=0&users=determined",
                                     error(13, "Internal", "it's \"broken\" & <down>\nfor good"), "500 Internal Server Error")
    yield "forbidden", base + exchange("GET", "/api/v1/experiments?archived=false&limit=200&offset=0&users=determined",
                                       error(7, "PermissionDenied", "access denied"), "403 Forbidden")
    yield "second_page_fails", base + exchange("GET", "/api/v1/experiments?archived=false&limit=2&offset=0&users=determined", page(MIXED, 0, 2)) + exchange(
        "GET", "/api/v1/experiments?archived=false&limit=2&offset=2&users=determined", error(13, "Internal", "gone"), "500 Internal Server Error") + b"".join(
        exchange("GET", f"/api/v1/experiments?archived=false&limit=2&offset={at}&users=determined", page(MIXED, at, 2)) for at in range(4, 11, 2))
    yield "json", base + odd_page(0) + odd_page(2) + odd_page(4)
    yield "whoami_odd", info() + me("名前 \"x\"") + me("名前 \"x\"")
    yield "login_refused", info() + exchange("POST", "/api/v1/auth/login", error(16, "Unauthenticated", "invalid credentials"), "401 Unauthorized", False,
                                             go_json({"username": "determined", "password": "x", "isHashed": True}))


def odd_page(offset):
    rows = [experiment(i + 1, n, config=DEEP if i == 2 else {"name": n}) for i, n in enumerate(["[{", "}]", "deep", '"experiments":[{"', "\\"])]
    body = go_json(page(rows, offset, 2))
    for number in ODD:
        body = body.replace(b'"ODD"', number.encode(), 1)
    return exchange("GET", f"/api/v1/experiments?archived=false&limit=2&offset={offset}&users=determined", body)


def write_answers():
    for name, data in scripts():
        with open(os.path.join(HERE, name + ".txt"), "wb") as f:
            f.write(b"=== made up by make.py\n=== conn 1 opened\n" + data + b"=== conn 1 closed by client\n")


def print_json(script, python, key):
    """What print_json() writes of the resources of all of a script's answers."""
    data = open(os.path.join(HERE, script + ".txt"), "rb").read()
    rows = []
    for answer in data.split(b"<<< conn 1\n")[1:]:
        head, body = answer.split(b"\r\n\r\n", 1)
        if b"chunked" in head:
            whole = b""
            while not body.startswith(b"0\r\n"):
                size, body = body.split(b"\r\n", 1)
                whole, body = whole + body[: int(size, 16)], body[int(size, 16) + 2 :]
            body = whole
        else:
            body = body[: int(head.split(b"Content-Length: ")[1])]
        rows += json.loads(body).get(key, [])
    code = "import json, sys; from determined.cli import render; render.print_json(json.load(sys.stdin))"
    return subprocess.run([python, "-c", code], input=json.dumps(rows).encode(), capture_output=True, check=True).stdout


def expect(replay, det):
    for line in open(os.path.join(HERE, "cases")):
        if not line.strip() or line.startswith("#"):
            continue
        case, script, status, *arguments = line.split()
        if "--json" in arguments:
            if status == "0":
                with open(os.path.join(HERE, case + ".stdout"), "wb") as f:
                    f.write(print_json(script, os.path.join(os.path.dirname(det), "python"), "checkpoints" if "lc" in arguments else "experiments"))
            continue
        with tempfile.TemporaryDirectory() as home:
            os.mkdir(home + "/determined")
            env = {"PATH": os.environ["PATH"], "HOME": home, "XDG_CONFIG_HOME": home, "LC_ALL": "C.UTF-8", "DET_PASS": "x"}
            if case.startswith("login"):
                env.pop("DET_PASS")
            ran = subprocess.run([replay, "--auth", home + "/determined/auth.json", "--report", home + "/report",
                                  os.path.join(HERE, script + ".txt"), det, *arguments], env=env, input=b"x\n", capture_output=True)
            report = open(home + "/report").read()
        if str(ran.returncode) != status or " unexpected 0\n" not in report:
            print(case, "status", ran.returncode, report, ran.stderr.decode())
        for kind, data in (("stdout", ran.stdout), ("stderr", ran.stderr)):
            path = os.path.join(HERE, f"{case}.{kind}")
            if data:
                with open(path, "wb") as f:
                    f.write(data)
            elif os.path.exists(path):
                os.remove(path)


if sys.argv[1:2] == ["answers"]:
    write_answers()
elif sys.argv[1:2] == ["expect"] and len(sys.argv) == 4:
    expect(os.path.abspath(sys.argv[2]), os.path.abspath(sys.argv[3]))
else:
    sys.exit(__doc__)
