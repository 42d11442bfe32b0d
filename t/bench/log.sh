#!/bin/sh
# log.sh - the figures of the record of uses: what it costs a batch of
# signatures, and how fast it is checked.
#
#   make bench [LOG_FILES=1000] [ENTRIES=1000000] [ROUNDS=5]
#
# Signing with and without it takes turns in the same run, and the best of each
# counts: a machine that is busy with other things shows in both. Nothing here
# asserts a time.
. "${0%/*}/../lib.sh"
need openssl softhsm2-util python3
TESTS=1	# no TAP here
FILES=${LOG_FILES:-1000}
ENTRIES=${ENTRIES:-1000000}
ROUNDS=${ROUNDS:-5}
cd "$T" || exit 1
CONFIG=$XDG_CONFIG_HOME/touchmark/config

die() {
	echo "log: $1" >&2
	tail -n 20 "$T/out" | sed 's/^/  /' >&2
	exit 1
}

# took COMMAND...: milliseconds in MS
took() {
	began=$(date +%s%N)
	"$@" >"$T/out" 2>&1 </dev/null || die "this fails: $*"
	ended=$(date +%s%N)
	MS=$(((ended - began) / 1000000))
}

ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / (b > 0 ? b : 1) }'
}

row() {
	printf '%-46s %12s %12s %8s\n' "$1" "$2" "$3" "$4"
}

softhsm_new bench
TOUCHMARK_PIN_FILE=$PINFILE
export TOUCHMARK_PIN_FILE
for k in r3:rsa3072 e2:p256; do
	name=${k%:*}
	took touchmark key generate "$name" --token bench \
		--algorithm "${k#*:}" --pin-file "$PINFILE" --module "$MODULE"
	git config -f "$CONFIG" "touchmark.$name.userId" \
		"Bench $name <$name@example.org>"
	took touchmark key export "$name" --type openpgp
done
mkdir files
i=0
while [ $i -lt "$FILES" ]; do
	echo "content $i" >"files/$i"
	i=$((i + 1))
done

record() {	# FILE; "" for none
	if [ -n "$1" ]; then
		git config -f "$CONFIG" touchmark.auditLog "$1"
	else
		git config -f "$CONFIG" --unset-all touchmark.auditLog
	fi
	# what was configured this moment is parsed each time
	# (core/config_cache.h)
	sleep 3
}

# In a folder of its own each time: where many files were just removed, the
# file system itself may look long for places of new ones.
batches=0
batch() {	# KEY; milliseconds of the best so far in $BEST
	batches=$((batches + 1))
	mkdir "batch$batches"
	ln files/* "batch$batches/"
	sync
	took touchmark sign -t openpgp -k "$1" "batch$batches"/*
	[ "$BEST" -gt 0 ] && [ "$BEST" -le "$MS" ] || BEST=$MS
}

printf '%-46s %12s %12s %8s\n' figure 'with record' without ratio
for k in r3:RSA-3072 e2:P-256; do
	with=0 without=0 round=0
	while [ $round -lt "$ROUNDS" ]; do
		record ''
		BEST=$without
		batch "${k%:*}"
		without=$BEST
		record "$T/record/uses"
		BEST=$with
		batch "${k%:*}"
		with=$BEST
		round=$((round + 1))
	done
	row "$FILES signatures, ${k#*:}, ms" "$with" "$without" \
		"$(ratio "$with" "$without")"
done
took touchmark log verify "$T/record/uses"

took python3 "$TOP/t/bench/entries.py" "$T/many" "$ENTRIES"
chmod 600 many many.head
took touchmark log verify "$T/many"
best=$MS
took touchmark log verify "$T/many"
[ "$MS" -ge "$best" ] || best=$MS
rate=$(awk -v n="$ENTRIES" -v ms="$best" 'BEGIN { printf "%d", n * 1000 / ms }')
printf '%-46s %12s\n' "log verify, entries/s (of $ENTRIES)" "$rate"
