#!/bin/sh
# The fast path and the long way: the tests of certificates, timestamps and
# CMS give the same lines with either; in one push, what was found good for one
# commit does not help the next one.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"
need faketime

# The names of the lines, without numbers and without what changes by the run.
names() {
	sed -n 's/^ok [0-9]* - //p' "$1" | sed 's/[0-9a-f]\{40,\}/ID/g'
}
# What the sanitizers have to say about the fast path they say when these files
# run by themselves: there the lines are compared with none.
ways='yes no'
! sanitized || ways=no
for f in t5003-gate-certs t5004-gate-stamps t5009-gate-cms; do
	for fast in $ways; do
		mkdir -p "$T/$f-$fast"
		env FAST="$fast" TMPDIR="$T/$f-$fast" B="$B" \
			sh "$TOP/t/$f.sh" >"$T/all.$fast" 2>&1
		RC=$?
		[ $RC = 0 ] && ! grep -q '^not ok' "$T/all.$fast"
		RC=$?
		grep -A6 '^not ok' "$T/all.$fast" >"$T/out"
		tap $RC "$f: all lines with the fast path: $fast"
		names "$T/all.$fast" >"$T/names.$fast"
	done
	! sanitized || cp "$T/names.no" "$T/names.yes"
	diff "$T/names.yes" "$T/names.no" >"$T/out" 2>&1 &&
		[ "$(wc -l <"$T/names.yes")" -gt 7 ]
	tap $? "$f: the same lines"
done

# ---- many commits by one key, in one push -----------------------------------
gate_setup
gate_repo srv

rules() {	# [FASTPATH]: the usual policy
	printf '[policy]\n\tfastPath = %s\n[ref "refs/heads/*"]\n%s\n' \
		"${1:-true}" '	require = commits' | gate_policy
}

# chain COUNT LAST: so many commits, each on the one before, by dev; the last
# is made by the function LAST from the raw commit. $id is that one.
chain() {
	id=
	made=0
	while [ $made -lt "$1" ]; do
		made=$((made + 1))
		{
			printf 'tree %s\n' "$tree"
			[ -z "$id" ] || printf 'parent %s\n' "$id"
			printf 'author D <dev@example.org> %d +0000\n' \
				$((1795240000 + made))
			printf 'committer D <dev@example.org> %d +0000\n' \
				$((1795240000 + made))
			printf '\nchange %d\n' $made
		} >"$T/raw"
		if [ $made -lt "$1" ]; then
			seal_commit dev <"$T/raw" >"$T/x"
		else
			"$2" <"$T/raw" >"$T/x"
		fi
		id=$(put commit <"$T/x")
	done
}
tree=$(git mktree </dev/null)
good() { seal_commit dev; }
spoilt() { seal_commit dev | sed 's/^change/chance/'; }
bare() { cat; }

for fast in true false; do
	rules $fast
	chain 6 good
	accept "six commits, fast path $fast" "$id:refs/heads/a$fast"
	chain 6 spoilt
	refuse signature-bad "the sixth says something else, $fast" \
		"$id:refs/heads/b$fast"
	chain 6 bare
	refuse signature-missing "the sixth is unsigned, $fast" \
		"$id:refs/heads/c$fast"
done

printf '[policy]\n\tfastPath = perhaps\n[ref "refs/heads/*"]\n%s\n' \
	'	require = commits' | gate_policy
chain 1 good
refuse policy-invalid 'a fast path that is neither on nor off' \
	"$id:refs/heads/d"
done_testing
