#!/bin/sh
# What our grammar accepts, git itself reads with the same fields.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need git

mkdir "$T/mutants"
ok 'mutants that our grammar accepts' \
	"$B/unit/test_object_diff" emit "$T/mutants"
ok 'a repository' git init -q "$T/repo"
cd "$T/repo" || exit 1

# names SUFFIX: the numbers of the mutants of one kind, in order.
names() {
	for f in "$T/mutants"/*."$1"; do
		f=${f##*/}
		echo "${f%."$1"}"
	done | sort -n
}

# store SUFFIX: every mutant goes through git's own checks into the repository.
store() {
	names "$1" | sed "s|.*|$T/mutants/&.$1|" >"$T/paths"
	git hash-object -t "$1" -w --stdin-paths <"$T/paths" >"$T/$1.ids" \
		2>"$T/out"
	RC=$?
	tap $RC "git takes every accepted $1 ($(wc -l <"$T/paths") of them)"
	n=$(wc -l <"$T/paths")
	[ "$n" -ge 50 ]
	tap $? "enough of them"
}

# wanted SUFFIX: what we read, each after its object id.
wanted() {
	names "$1" | paste - "$T/$1.ids" | while read -r n id; do
		echo "$id"
		cat "$T/mutants/$n.want"
	done
}

store commit
wanted commit >"$T/want"
git -c log.mailmap=false log --no-walk=unsorted --encoding=none --stdin \
	--format='%H%n%T%n%P%n%ae%n%at%n%ce%n%ct' <"$T/commit.ids" >"$T/got"
awk '!(NR % 7) { print buf $0; buf = ""; next } { buf = buf $0 "\t" }' \
	"$T/want" | sort -u >"$T/want.lines"
awk '!(NR % 7) { print buf $0; buf = ""; next } { buf = buf $0 "\t" }' \
	"$T/got" | sort -u >"$T/got.lines"
ok 'git log shows the fields that we read' \
	cmp "$T/want.lines" "$T/got.lines"

store tag
awk '{ print "create refs/t/" NR " " $1 }' "$T/tag.ids" |
	git update-ref --stdin
wanted tag | awk '!(NR % 6) { print buf $0; buf = ""; next }
	{ buf = buf $0 "\t" }' | sort -u >"$T/want.lines"
git for-each-ref refs/t --format='%(objectname)%09%(object)%09%(type)%09%(tag)%09%(taggeremail:trim)%09%(taggerdate:unix)' |
	sort -u >"$T/got.lines"
ok 'git for-each-ref shows the fields that we read' \
	cmp "$T/want.lines" "$T/got.lines"

# The trees and parents are not there; the form is what is asked about.
git fsck --strict --no-dangling >"$T/fsck" 2>&1
grep -E '^(error|warning) in (commit|tag)' "$T/fsck" >"$T/out"
[ ! -s "$T/out" ]
tap $? 'git fsck --strict has no complaint about any of them'

done_testing
