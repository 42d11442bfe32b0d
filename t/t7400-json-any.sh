#!/bin/sh
# JSON as others write it: our reader against Python's, over documents that are
# made up and over what a few changed bytes make of them. Both refuse the same,
# and see the same values in the same order.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need python3

cat >"$T/differ.py" <<'END'
import json, random, subprocess, sys

tool, seeds = sys.argv[1], sys.argv[2:]
DEPTH, TEXT, NUMBER, NAME = 32, 32767, 128, 511

class Number(str):
    pass

class Pairs(list):
    pass

def refuse(word):
    raise ValueError(word)

def parse(text):
    """The document as Python reads it; None when it refuses it, or when it is
    one that only we refuse, by the limits of the header."""
    try:
        doc = json.loads(text.decode('utf-8'), object_pairs_hook=Pairs,
                         parse_int=Number, parse_float=Number,
                         parse_constant=refuse)
    except (ValueError, RecursionError):
        return None
    return doc if isinstance(doc, list) else None

class Beyond(Exception):
    pass

def hexed(s):
    try:
        b = s.encode('utf-8')
    except UnicodeEncodeError:      # half of a pair
        raise Beyond
    return b

def told(v, depth, name, out):
    key = hexed(name)
    if b'\0' in key or len(key) > NAME:
        raise Beyond
    begin = '%d k%s ' % (depth, key.hex())
    if isinstance(v, list):
        if depth >= DEPTH:
            raise Beyond
        pairs = isinstance(v, Pairs)
        out.append(begin + ('{' if pairs else '['))
        for item in v:
            if pairs:
                told(item[1], depth + 1, item[0], out)
            else:
                told(item, depth + 1, '', out)
        out.append('%d k }' % depth)
    elif isinstance(v, Number):
        if len(v) > NUMBER:
            raise Beyond
        out.append(begin + 'n' + v)
    elif isinstance(v, str):
        if len(hexed(v)) > TEXT:
            raise Beyond
        out.append(begin + 's' + hexed(v).hex())
    else:
        out.append(begin + {True: 'T', False: 'F', None: 'N'}[v])

def ours(text):
    p = subprocess.run([tool], input=text, stdout=subprocess.PIPE)
    if p.returncode not in (0, 1):
        sys.exit('%r: ended with %d' % (text, p.returncode))
    return p.stdout.decode().splitlines() if p.returncode == 0 else None

def made(r, depth=0):
    kind = r.randrange(8 if depth < 5 else 6)
    if depth == 0:
        kind = 6 + r.randrange(2)
    if kind < 2:
        return ''.join(r.choice(['a', '"', '\\', '\n', '\u00e9', '\u20ac',
                                 '\U0001f600', '\0', '/', ' '])
                       for _ in range(r.randrange(8)))
    if kind == 2:
        return r.choice([0, -1, 7, 10 ** 17, -10 ** 20, 1.5, 1e300, -2e-7])
    if kind < 6:
        return [True, False, None][kind - 3]
    n = r.randrange(4)
    if kind == 6:
        return [made(r, depth + 1) for _ in range(n)]
    return {r.choice(['a', 'b', '', '\u00e9', 'long name']):
            made(r, depth + 1) for _ in range(n)}

def changed(r, text):
    b = bytearray(text)
    for _ in range(1 + r.randrange(2)):
        at = r.randrange(len(b) + 1)
        what = r.randrange(3)
        if what == 0 and b:
            b[at % len(b)] = r.choice(b'{}[],:"\\0123456789.eE+-utnfl \t/\x00\xc3\xff')
        elif what == 1 and b:
            del b[at % len(b)]
        else:
            b.insert(at, r.choice(b'{}[],:"\\0-.eEu \n'))
    return bytes(b)

def documents():
    r = random.Random(20261121)
    for s in seeds:
        text = open(s, 'rb').read()
        yield text
        for _ in range(40):
            yield changed(r, text)
    for _ in range(120):
        doc = made(r)
        text = json.dumps(doc, ensure_ascii=r.random() < .5,
                          indent=r.choice([None, 1])).encode()
        yield text
        for _ in range(3):
            yield changed(r, text)

both = neither = beyond = 0
for text in documents():
    got, doc = ours(text), parse(text)
    want = []
    try:
        if doc is None:
            want = None
        else:
            told(doc, 0, '', want)
    except Beyond:
        want = None
        beyond += 1
    if got != want:
        print('%r\n ours:   %r\n python: %r' % (text, got, want))
        sys.exit(1)
    if got is None:
        neither += 1
    else:
        both += 1
print('read %d, refused %d, of these by our limits %d'
      % (both, neither, beyond))
sys.exit(0 if both > 150 and neither > 150 else 1)
END
ok 'both read the same' python3 "$T/differ.py" "$MOCK/json-any" \
	"$TOP"/t/fuzz/seeds/json_any/*

done_testing
