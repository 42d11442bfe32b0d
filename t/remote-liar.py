"""A signing host that lies: stands between a client and `touchmark serve`.

    remote-liar.py LIE COMMAND...

Reads requests, has the command answer them, and changes the one or the other
as LIE says (docs/PROTOCOL.agent gives the bytes).
"""
import os
import struct
import subprocess
import sys

VERB, KEY, NAMESPACE, DIGEST, TIME = 1, 3, 6, 15, 17
CODE, TEXT, SEAL, HASH, TRAILER, WHEN, PUBLIC = 1, 3, 5, 10, 11, 12, 14
SIGN, PREPARE = 1, 2


def read_frame(stream):
    head = stream.read(8)
    if len(head) < 8:
        return None
    return stream.read(struct.unpack(">4xI", head)[0])


def parse(body):
    kind, at, fields = body[0], 1, []
    while at < len(body):
        tag, size = struct.unpack(">BI", body[at:at + 5])
        fields.append([tag, body[at + 5:at + 5 + size]])
        at += 5 + size
    return kind, fields


def frame(kind, fields):
    body = bytes([kind])
    for tag, value in sorted(fields, key=lambda f: f[0]):
        body += struct.pack(">BI", tag, len(value)) + value
    return b"TMK1" + struct.pack(">I", len(body)) + body


def change(fields, tag, how):
    return [[t, how(v) if t == tag else v] for t, v in fields]


def flip(value):
    return value[:-1] + bytes([value[-1] ^ 1])


def later(value):
    return struct.pack(">q", struct.unpack(">q", value)[0] + 1)


def far(value):
    return struct.pack(">q", struct.unpack(">q", value)[0] + 3 * 86400)


def lie_request(lie, verb, fields):
    if lie == "other-key" and verb == SIGN or lie == "other-keys":
        return change(fields, KEY, lambda v: b"other")
    if lie == "namespace" and verb == SIGN:
        return change(fields, NAMESPACE, lambda v: b"git")
    if lie == "time" and verb == SIGN:
        return change(fields, TIME, later)
    if lie == "digest" and verb == SIGN:
        return change(fields, DIGEST, flip)
    return fields


def lie_answer(lie, verb, fields):
    if verb == SIGN:
        if lie == "flip":
            return change(fields, SEAL, flip)
        if lie == "no-seal":
            return [f for f in fields if f[0] != SEAL]
        if lie == "junk":
            return change(fields, SEAL, lambda v: b"\x30\x03\x02\x01\x00")
        if lie == "replay":
            kept = os.environ["HOST_ROOT"] + "/seal.kept"
            seal = [v for t, v in fields if t == SEAL][0]
            if not os.path.exists(kept):
                with open(kept, "wb") as out:
                    out.write(seal)
            with open(kept, "rb") as old:
                seal = old.read()
            return change(fields, SEAL, lambda v: seal)
    else:
        if lie == "trailer":
            return change(fields, TRAILER, flip)
        if lie == "no-trailer":
            return [f for f in fields if f[0] != TRAILER]
        if lie == "hash":
            return change(fields, HASH, lambda v: b"\x03")
        if lie == "clock":
            return change(fields, WHEN, far)
        if lie == "public":
            return change(fields, PUBLIC, lambda v: v[:-1])
    if lie == "escapes":
        return [[CODE, b"\x03"], [TEXT, b"no \x1b[31m way"]]
    if lie == "code":
        return [[CODE, b"\x09"], [TEXT, b"no"]]
    if lie == "both":
        return fields + [[TEXT, b"but"], [2, b"\x01"]]
    return fields


def main():
    lie, command = sys.argv[1], sys.argv[2:]
    out = sys.stdout.buffer
    if lie == "greeting":
        out.write(b"Welcome to the signing host.\n")
        out.flush()
    with subprocess.Popen(command, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as serve:
        while (body := read_frame(sys.stdin.buffer)) is not None:
            kind, fields = parse(body)
            verb = fields[0][1][0]
            serve.stdin.write(frame(kind, lie_request(lie, verb, fields)))
            serve.stdin.flush()
            while (body := read_frame(serve.stdout)) is not None:
                kind, fields = parse(body)
                if kind != 3:
                    break
            if body is None:
                break
            answer = frame(kind, lie_answer(lie, verb, fields))
            if lie == "huge":
                answer = b"TMK1\x7f\xff\xff\xff" + answer
            if lie == "cut":
                answer = answer[:-3]
            if lie == "notices":
                answer = b"TMK1\0\0\0\6\3\1\0\0\0\0" * 2000 + answer
            out.write(answer)
            out.flush()
            if lie == "cut" or lie == "leave" and verb == SIGN:
                break
        serve.stdin.close()


main()
