#!/bin/sh
# Shell files are clean, and every program is built hardened.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need shellcheck mandoc make readelf

cd "$TOP" || exit 1
# What is clean already is not read twice: `make lint` knows it by the dates.
ok 'the shell files and the manual pages are clean' \
	env -u MAKEFLAGS -u MAKELEVEL make -s B="$B" lint
n=0
for f in .ci/run plugins/*.sh t/*.sh t/conformance/*.sh t/bench/*.sh \
	t/server/*.sh; do
	n=$((n + 1))
	[ -e "$B/lint/$f.ok" ] || echo "$f was not read"
done >"$T/out"
[ ! -s "$T/out" ] && [ "$n" -gt 200 ]
tap $? "each of them was read ($n)"

# A fault is seen: an argument without quotes, written as it is.
# shellcheck disable=SC2016
printf '#!/bin/sh\nrm $1\n' >"$T/bad.sh"
exits 1 'shellcheck finds a planted fault' shellcheck "$T/bad.sh"

# ---- hardening ----------------------------------------------------------------

hardened() {	# FILE NAME
	run readelf -hW "$1"
	has 'Type:[[:blank:]]+DYN' "$2: position independent"
	run readelf -lW "$1"
	has 'GNU_RELRO' "$2: relocations become read-only"
	has 'GNU_STACK.*RW ' "$2: the stack is not executable"
	hasnt 'LOAD.*RWE' "$2: no segment is writable and executable"
	run readelf -dW "$1"
	has 'BIND_NOW|FLAGS_1.*NOW' "$2: everything is bound at the start"
	hasnt 'TEXTREL|RPATH|RUNPATH' "$2: no text relocation, no run path"
	run readelf -sW "$1"
	if grep -q '__asan_init' "$T/out"; then
		has '__ubsan_handle' "$2: built with both sanitizers"
	else
		has '__stack_chk_fail' "$2: stack protector"
		has '__[a-z]+_chk(@|$)' "$2: checked library calls"
	fi
}

for p in "$BIN"/touchmark*; do
	[ -L "$p" ] || hardened "$p" "${p##*/}"
done

done_testing
