#!/bin/sh
# gate.sh - the figures of the gate, as ratios against what libcrypto's
# arithmetic does in the same run. Part of make bench, or alone:
#
#   B=$PWD/build sh t/bench/gate.sh
#
# COMMITS=8000     RSA commits to judge (half as many with tokens)
# BIG=100000       P-256 commits of the large push
# HISTORY=1000000  commits, and REFS=100000 refs, of the large repository
# BOMB=400000000   bytes of the commit that is refused unread
#
# Rates on one core are by processor time, as those of openssl speed; what two
# cores gain is by the clock on the wall, so the machine should be quiet.
# Nothing here asserts a time. Prints one table.
. "${0%/*}/../lib.sh"
# shellcheck source=../gate-lib.sh
. "${0%/*}/../gate-lib.sh"
need openssl git taskset awk perl
# read by what lib.sh ends with
# shellcheck disable=SC2034
TESTS=1
COMMITS=${COMMITS:-8000}
BIG=${BIG:-100000}
HISTORY=${HISTORY:-1000000}
REFS=${REFS:-100000}
BOMB=${BOMB:-400000000}
ZERO=0000000000000000000000000000000000000000
R=$B/benchbin/rounds
GATE=touchmark-pre-receive

die() {
	echo "bench: $1" >&2
	sed 's/^/  /' "$T/out" >&2
	exit 1
}
field() {	# NAME COLUMN, of the last rounds
	awk -F'\t' -v n="$1" -v c="$2" '$1 == n { print $c }' "$T/rounds"
}
ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'
}
per_s() {	# COUNT MS
	awk -v n="$1" -v t="$2" 'BEGIN { printf "%.0f", n * 1000 / t }'
}
row() {
	printf '%-56s %12s %12s %8s\n' "$1" "$2" "$3" "$4"
}

rsa='-algorithm RSA -pkeyopt rsa_keygen_bits:3072'
pki_root ca
pki_crl ca
PKI_KEY=$rsa pki_leaf ca r3 dev@example.org
pki_leaf ca e2 dev@example.org
PKI_KEY=$rsa tsa_new tsa
cat >"$T/policy" <<EOF
[policy]
	version = 1
[trust]
	roots = pki/ca.pem
	crl = pki/ca.crl
	tsaRoots = pki/tsa-root.pem
[ref "refs/heads/*"]
	require = commits
EOF

# history NAME COUNT ARG...: $T/NAME.git with that many commits and no ref for
# them; $T/NAME.in is the push that brings them in.
history() {
	name=$1 count=$2
	shift 2
	git init -q --bare "$T/$name.git"
	git -C "$T/$name.git" config touchmark.policy "$T/policy"
	"$B/benchbin/history" "$count" - "$@" 2>"$T/$name.id" |
		git -C "$T/$name.git" index-pack --stdin >"$T/out" 2>&1 ||
		die "no history $name"
	echo "$ZERO $(cat "$T/$name.id") refs/heads/main" >"$T/$name.in"
}
# As a push would leave it: compressed, with deltas.
repack() {
	git -C "$T/$1.git" update-ref refs/heads/x "$(cat "$T/$1.id")"
	git -C "$T/$1.git" repack -adFq || die "cannot repack $1"
	git -C "$T/$1.git" update-ref -d refs/heads/x
}
judge() {	# NAME ROUNDS: one core, then two, into $T/rounds
	cd "$T/$1.git" || die "no $1"
	"$R" "$2" "$T/$1.in" one "taskset -c 0 $GATE" \
		two "taskset -c 0,1 $GATE" >"$T/rounds" 2>"$T/out" || {
		"$GATE" <"$T/$1.in" >"$T/out" 2>&1
		die "the gate refuses $1"
	}
}
speed() {	# ALGORITHM LINE: verifications per second
	taskset -c 0 openssl speed -mr -seconds 2 "$1" 2>"$T/out" |
		awk -F: -v l="$2" '$1 == l { printf "%.0f", $5 }'
}

printf '%-56s %12s %12s %8s\n' figure ours peer ratio
figure() {	# NAME LABEL COUNT PEER
	judge "$1" 3
	one=$(per_s "$3" "$(field one 6)")
	row "$2, one core: per s of processor" "$one" "$4" "$(ratio "$one" "$4")"
	one=$(per_s "$3" "$(field one 2)")
	two=$(per_s "$3" "$(field two 2)")
	row "$2, two cores against one: per s" "$two" "$one" \
		"$(ratio "$two" "$one")"
}
history r3 "$COMMITS" "$T/pki/r3.key" "$T/pki/r3.pem"
repack r3
history r3t $((COMMITS / 2)) "$T/pki/r3.key" "$T/pki/r3.pem" \
	"$T/pki/tsa.key" "$T/pki/tsa.pem"
repack r3t
history e2 "$COMMITS" "$T/pki/e2.key" "$T/pki/e2.pem"
repack e2
peer=$(speed rsa3072 +F2)
figure r3 "$COMMITS RSA-3072 commits" "$COMMITS" "$peer"
figure r3t "$((COMMITS / 2)) with RFC 3161 tokens" $((COMMITS / 2)) \
	$((peer / 2))
figure e2 "$COMMITS P-256 commits" "$COMMITS" "$(speed ecdsap256 +F4)"
rate=$(per_s "$COMMITS" "$(field one 6)")
few=$(field two 5)

# ---- a large push -----------------------------------------------------------
history big "$BIG" "$T/pki/e2.key" "$T/pki/e2.pem"
judge big 1
one=$(per_s "$BIG" "$(field one 6)")
row "$BIG P-256 commits: per s of processor against few" "$one" "$rate" \
	"$(ratio "$one" "$rate")"
row "$BIG P-256 commits: peak KiB" "$(field two 5)" '' ''
[ "$BIG" -le "$COMMITS" ] || row 'the same: bytes for each further commit' \
	$((($(field two 5) - few) * 1024 / (BIG - COMMITS))) '' ''
rm -rf "$T/big.git"

# ---- a large repository -------------------------------------------------------
git init -q --bare "$T/old.git"
git -C "$T/old.git" config touchmark.policy "$T/policy"
awk -v n="$HISTORY" 'BEGIN {
	for (i = 1; i <= n; i++)
		printf "commit refs/heads/main\nmark :%d\ncommitter Dev " \
			"<dev@example.org> %d +0000\ndata 1\nx\n\n", i,
			1700000000 + i
}' | git -C "$T/old.git" fast-import --quiet --export-marks="$T/marks" ||
	die 'no large repository'
{
	echo '# pack-refs with: peeled fully-peeled sorted '
	awk -v n="$REFS" -v h="$HISTORY" '
		NR % int(h / n + 0.5) == 0 && k < n {
			printf "%s refs/heads/old/%07d\n", $2, ++k }' "$T/marks"
} >"$T/old.git/packed-refs"
tip=$(git -C "$T/old.git" rev-parse main)
"$B/benchbin/history" 1 "$tip" "$T/pki/e2.key" "$T/pki/e2.pem" \
	2>"$T/old.id" | git -C "$T/old.git" index-pack --stdin >"$T/out" 2>&1 ||
	die 'no commit to push'
echo "$tip $(cat "$T/old.id") refs/heads/main" >"$T/old.in"
cd "$T/old.git" || die 'no large repository'
"$R" 20 "$T/old.in" push "$GATE" nothing true >"$T/rounds" 2>"$T/out" ||
	die 'the gate refuses one commit'
row "1 commit into $HISTORY and $REFS refs: ms of processor" \
	"$(field push 6)" 15 "$(ratio "$(field push 6)" 15)"
row 'the same: ms on the wall' "$(field push 2)" '' ''
row 'the same: peak KiB' "$(field push 5)" 24576 \
	"$(ratio "$(field push 5)" 24576)"

# ---- a small pack, a large commit ---------------------------------------------
git init -q --bare "$T/bomb.git"
git -C "$T/bomb.git" config touchmark.policy "$T/bomb.policy"
sed 's/version = 1/enforce = false/' "$T/policy" >"$T/bomb.policy"
cd "$T/bomb.git" || die 'no repository'
{
	git -C "$T/r3.git" cat-file commit "$(cat "$T/r3.id")"
	perl -e 'print "a" x 1000000 for 1 .. shift' $((BOMB / 1000000))
} | git hash-object -t commit -w --stdin --literally >"$T/bomb.id" ||
	die 'no large commit'
echo "$ZERO $(cat "$T/bomb.id") refs/heads/main" >"$T/bomb.in"
"$GATE" <"$T/bomb.in" >"$T/out" 2>&1
grep -q ' limit-exceeded: ' "$T/out" || die 'the large commit is not refused'
"$R" 3 "$T/bomb.in" bomb "$GATE" >"$T/rounds" 2>"$T/out" ||
	die 'the large commit'
row "a commit of $BOMB bytes, refused: peak KiB" "$(field bomb 5)" 65536 \
	"$(ratio "$(field bomb 5)" 65536)"
