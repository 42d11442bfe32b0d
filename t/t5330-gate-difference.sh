#!/bin/sh
# A small object may be stored as a difference to a large one. What stands
# behind it is made by whoever reads it, and is as bounded as the object.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"
need python3

gate_setup
gate_policy <<EOF
[ref "refs/heads/*"]
	require = commits
	force = allow
[role "release"]
	member = dev@example.org
	member = bob@example.org
[ref "refs/tags/*"]
	require = tag
	role = release
	threshold = 2
EOF
pki_leaf ca bob bob@example.org

# pack.py KIND BASE OBJECT: a pack of two objects on standard output, the second
# one as a difference to the first
cat >"$T/pack.py" <<'END'
import hashlib, struct, sys, zlib

def head(kind, size):
    out = [kind << 4 | size & 15]
    size >>= 4
    while size:
        out[-1] |= 128
        out.append(size & 127)
        size >>= 7
    return bytes(out)

def number(n):
    out = [n & 127]
    while n > 127:
        n >>= 7
        out[-1] |= 128
        out.append(n & 127)
    return bytes(out)

def back(n):
    out = [n & 127]
    while n > 127:
        n = (n >> 7) - 1
        out.insert(0, n & 127 | 128)
    return bytes(out)

base = open(sys.argv[2], "rb").read()
want = open(sys.argv[3], "rb").read()
one = head(int(sys.argv[1]), len(base)) + zlib.compress(base, 1)
delta = number(len(base)) + number(len(want))
for i in range(0, len(want), 127):
    piece = want[i:i + 127]
    delta += bytes([len(piece)]) + piece
two = head(6, len(delta)) + back(len(one)) + zlib.compress(delta)
pack = b"PACK" + struct.pack(">II", 2, 2) + one + two
sys.stdout.buffer.write(pack + hashlib.sha1(pack).digest())
END
# measured CMD...: the most memory, in KiB, that it or a child of it took
cat >"$T/measured" <<END
#!/usr/bin/env python3
import resource, subprocess, sys
rc = subprocess.call(["$BIN/touchmark-pre-receive"])
most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
open("$T/most", "w").write("%d\n" % most)
sys.exit(rc)
END
chmod +x "$T/measured"

{ plain; head -c 300000000 /dev/zero | tr '\0' 'a'; } >"$T/large"
plain | seal_commit dev >"$T/small"
python3 "$T/pack.py" 1 "$T/large" "$T/small" >"$T/bomb.pack"
git tag -s -m x v1 "$(plain | seal_commit dev | put commit)"
git cat-file tag v1 >"$T/raw"
echo rubbish >"$T/rubbish"
python3 "$T/pack.py" 3 "$T/large" "$T/rubbish" >"$T/beside.pack"
ok 'git takes the pack' sh -c "git index-pack --stdin <'$T/bomb.pack'"
large=$(git hash-object -t commit --literally "$T/large")
small=$(git hash-object -t commit "$T/small")
run sh -c "echo $small | git cat-file \
	--batch-check='%(objectsize) %(deltabase)'"
has "^[0-9]{3,4} $large\$" 'it is small, and a difference to 300 MB'

for READER in libgit2 git; do
	gate_repo $READER
	# what comes in stays as it was packed
	git -C "$SRV" config transfer.unpackLimit 1
	[ "$(nm "$BIN/touchmark-pre-receive" | grep -c __asan_init)" != 0 ] ||
		ln -sf "$T/measured" "$SRV/hooks/pre-receive"
	echo 0 >"$T/most"
	refuse limit-exceeded "$READER: a difference to what is too large" \
		"$large:refs/heads/large" "$small:refs/heads/small"
	has "refs/heads/small .*limit-exceeded: to read object $small takes " \
		'it is named'
	[ "$(cat "$T/most")" -lt 65536 ]
	tap $? "in $(cat "$T/most") KiB"
	git -C "$SRV" config --unset transfer.unpackLimit
	accept 'the same commit, stored by itself' "$small:refs/heads/small"

	# beside a tag, before the approval that counts
	beside=refs/touchmark/approvals/$(git rev-parse v1)
	git -C "$SRV" index-pack --stdin <"$T/beside.pack" >/dev/null
	git -C "$SRV" update-ref "$beside/a" \
		"$(git hash-object "$T/rubbish")"
	refuse threshold-unmet "$READER: it approves nothing" v1
	openssl cms -sign -binary -signer "$T/pki/bob.pem" \
		-inkey "$T/pki/bob.key" -md sha256 -nosmimecap -in "$T/raw" \
		-outform DER -out "$T/p7s"
	git -C "$SRV" update-ref "$beside/bob" \
		"$(git -C "$SRV" hash-object -w "$T/p7s")"
	accept 'nor does it stand in the way of what does' v1
done
done_testing
