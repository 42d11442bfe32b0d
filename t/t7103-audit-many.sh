#!/bin/sh
# Many signers at once, and rotations meanwhile: nothing is lost, the chain is
# whole, each result has its intent.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=audit-lib.sh
. "${0%/*}/audit-lib.sh"
need openssl softhsm2-util ssh-keygen

cd "$T" || exit 1
audit_setup p256
P=8 N=50
p=0
while [ $p -lt $P ]; do
	mkdir "d$p"
	i=0
	while [ $i -lt $N ]; do
		echo "$p $i" >"d$p/f$p.$i"
		i=$((i + 1))
	done
	p=$((p + 1))
done

together() {
	pids=
	p=0
	while [ $p -lt $P ]; do
		touchmark sign -t openpgp "d$p"/f*[0-9] >"out.$p" 2>&1 &
		pids="$pids $!"
		p=$((p + 1))
	done
	"$@"
	bad=0
	for pid in $pids; do
		wait "$pid" || bad=$((bad + 1))
	done
	cat out.[0-9]* >out
	is "$bad" 0 "$P processes sign $N files each"
}

# results: each names an intent of its own, with the same digest
judge() {
	cat "$LOG" "$LOG".[0-9] 2>/dev/null | awk '
	function text(name) {
		if (!match($0, "\"" name "\":\"[^\"]*\""))
			return ""
		return substr($0, RSTART, RLENGTH)
	}
	function number(name) {
		if (!match($0, "\"" name "\":[0-9]+"))
			return 0
		return substr($0, RSTART + length(name) + 3) + 0
	}
	/"kind":"intent"/ { m++; intent[number("seq")] = text("digest") text("artefact") }
	/"kind":"result"/ { result[number("intent")] = text("digest") text("artefact"); n++ }
	END {
		for (i in result)
			if (!(i in intent) || intent[i] != result[i])
				bad++
		print n + 0, m + 0, bad + 0
	}'
}

together true
is "$(judge)" "$((P * N)) $((P * N)) 0" 'each has an intent and its result'
ok 'the chain is whole' touchmark log verify
is "$(cat d*/*.asc | grep -c BEGIN)" $((P * N)) 'all signatures are there'
p=0
lost=0
for f in d3/f*.asc; do
	seal=$(sed '1,/^$/d; /^=/,$d' "$f" | openssl base64 -d | sha256sum)
	grep -q "\"seal\":\"sha256:${seal%% *}\"" "$LOG" || lost=$((lost + 1))
done
is "$lost" 0 'and each by its digest'

# ---- rotated meanwhile ----------------------------------------------------------------
rm -rf "$T/record" d*/*.asc
rotations() {
	for rotation in 1 2 3; do
		sleep 0.2
		touchmark log rotate >"rotation.$rotation" 2>&1
	done
}
together rotations
is "$(judge)" "$((P * N)) $((P * N)) 0" 'each has an intent and its result'
ok 'the chain is whole' touchmark log verify

# ---- killed meanwhile -------------------------------------------------------------------
rm -rf "$T/record" d*/*.asc
killed=0
for p in 0 1 2 3 4; do
	touchmark sign -t openpgp "d$p"/f*[0-9] >out 2>&1 &
	pid=$!
	i=0
	while [ $i -lt 3000 ] && ! grep -q "f$p\\." "$LOG" 2>/dev/null; do
		sleep 0.01
		i=$((i + 1))
	done
	kill -9 $pid 2>/dev/null && killed=$((killed + 1))
	wait $pid 2>/dev/null
done
[ "$killed" -gt 0 ]
tap $? 'killed in the middle'
ok 'the next one goes on' touchmark sign -t openpgp d7/f*[0-9]
ok 'in the same chain' touchmark log verify
lost=0
for f in d[0-4]/f*.asc; do
	[ -e "$f" ] || continue
	seal=$(sed '1,/^$/d; /^=/,$d' "$f" | openssl base64 -d | sha256sum)
	grep -q "\"seal\":\"sha256:${seal%% *}\"" "$LOG" || lost=$((lost + 1))
done
is "$lost" 0 'no signature without its result'
done_testing
