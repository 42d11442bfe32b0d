#!/bin/sh
# A push that takes long shows how far it is, through git, and the refusals
# stand on lines of their own; what an audit prints is not touched.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"
need awk

gate_setup
gate_policy <<EOF
[limits]
	seconds = 86400
[ref "refs/heads/*"]
	require = commits
EOF
gate_repo srv
COUNT=3000
awk -v n=$COUNT 'BEGIN {
	for (i = 1; i <= n; i++)
		printf "commit refs/heads/many\ncommitter Dev <dev@example.org> " \
			"%d +0000\ndata 1\nx\n\n", 1750000000 + i
}' | git fast-import --quiet

# With a clock that runs fast a push of little time takes long, and with one
# that runs slowly none does: how fast this machine is does not matter.
clock() {	# NAME RATE
	cat >"$T/$1" <<-EOF
	#!/bin/sh
	ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0:detect_leaks=0
	export ASAN_OPTIONS
	exec faketime -f '+0 x$2' "$BIN/touchmark-pre-receive" "\$@"
	EOF
	chmod +x "$T/$1"
}
clock fast 300
clock slow 0.001
ln -sf "$T/slow" "$SRV/hooks/pre-receive"
push many
hasnt 'judging commits' 'a quick push shows nothing'
has "touchmark: $COUNT refusals, 20 shown" 'all are refused'
ln -sf "$T/fast" "$SRV/hooks/pre-receive"
push many
tr '\r' '\n' <"$T/out" >"$T/lines"
cp "$T/lines" "$T/out"
has "^remote: judging commits: +[0-9]+% \([0-9]+/$COUNT\), [0-9,]+/s" \
	'a slow one shows how far it is'
has "^remote: judging commits: 100% \($COUNT/$COUNT\), [0-9,]+/s, done" \
	'and the last line is whole'
has "^remote: touchmark: $COUNT refusals, 20 shown" 'all are refused'
is "$(grep -c '^remote: touchmark: refuse ' "$T/out")" 20 \
	'each refusal on a line of its own'

# ---- an audit -----------------------------------------------------------------
ln -sf "$BIN/touchmark-pre-receive" "$SRV/hooks/pre-receive"
echo "$(printf '%040d' 0) $(git rev-parse many) refs/heads/many" >"$T/line"
"$T/fast" --audit --policy "$T/policy" <"$T/line" >"$T/audit" 2>"$T/out"
is "$(grep -c '^object	' "$T/audit")" $COUNT 'an audit tells of each'
hasnt 'judging' 'and shows no progress where nobody looks'
cp "$T/audit" "$T/out"
hasnt 'judging' 'nor between its answers'
done_testing
