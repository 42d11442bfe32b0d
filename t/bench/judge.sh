# shellcheck shell=sh
# judge.sh - sourced by bench.sh: the judge alone, from the raw object to the
# verdict, against the verifications that it cannot do without. Processor time
# of one core; with a timestamp there are two verifications to make.
taskset -c 0 openssl speed -mr -seconds 2 rsa3072 ecdsap256 >"$T/speed" \
	2>/dev/null || die 'openssl speed fails'
taskset -c 0 "$B/benchbin/judge" 2 >"$T/judge" || die 'the judge refuses'
for k in rsa3072 p256; do
	mark='+F2'
	[ $k = rsa3072 ] || mark='+F4'
	raw=$(awk -F: -v m="$mark" '$1 == m { printf "%.0f", $5 }' "$T/speed")
	f=$(field "$T/judge" $k 2)
	row "judge, $k: per s, verifications" "$f" "$raw" "$(ratio "$f" "$raw")"
	s=$(field "$T/judge" $k 3)
	row "judge, $k: per s, without fast path" "$f" "$s" "$(ratio "$f" "$s")"
	f=$(field "$T/judge" $k-token 2)
	half=$((raw / 2))
	row "judge, $k with token: per s, half of them" "$f" "$half" \
		"$(ratio "$f" "$half")"
done
