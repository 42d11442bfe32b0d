#!/bin/sh
# Both readers of a repository, libgit2 and git's own plumbing: whole test files
# of the gate give the same lines under each.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

need git openssl faketime

# What the sanitizers have to say about libgit2 they say when these files run by
# themselves: there the lines are compared with none.
readers='libgit2 git'
! sanitized || readers=git
for f in t5000-gate-basic t5001-gate-objects t5002-gate-refs \
	t5008-gate-rules t7000-gate-corners; do
	for by in $readers; do
		mkdir -p "$T/$f.$by"
		READER=$by TMPDIR=$T/$f.$by B=$B \
			sh "$TOP/t/$f.sh" >"$T/$by.all" 2>&1
		echo $? >"$T/$by.rc"
		grep -E '^(ok|not ok|1\.\.|Bail)' "$T/$by.all" >"$T/$by.tap"
	done
	! sanitized || grep -v '^not ok' "$T/git.tap" >"$T/libgit2.tap"
	n=$(grep -c '^ok' "$T/libgit2.tap")
	diff "$T/libgit2.tap" "$T/git.tap" >"$T/out" &&
		[ "$n" -gt 7 ] && [ "$(cat "$T/git.rc")" = 0 ]
	RC=$?
	[ $RC = 0 ] || grep -A6 '^not ok' "$T/git.all" >>"$T/out"
	tap $RC "$f: the same $n lines from both"
done

# the key reached the repositories: one of the two cannot open this one
git init -q --bare --object-format=sha256 "$T/probe.git"
for by in libgit2 git; do
	git -C "$T/probe.git" config touchmark.gateReader $by
	run sh -c "cd '$T/probe.git' &&
		GIT_DIR=. touchmark-pre-receive </dev/null"
	if [ $by = git ]; then
		has 'policy-invalid: there is no policy' 'git opens SHA-256'
	else
		has 'internal-error: .*allows libgit2 alone' \
			'libgit2 alone does not'
	fi
done
done_testing
