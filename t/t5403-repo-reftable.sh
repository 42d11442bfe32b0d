#!/bin/sh
# Refs in reftables: the gate's tests give the same lines where the installed
# git has them; where it has not, the gate says that it cannot read them.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

need git openssl faketime

# suite WHAT VARIABLE=VALUE...: test files of the gate in such a world
suite() {
	what=$1
	shift
	for f in t5000-gate-basic t5002-gate-refs t7000-gate-corners; do
		mkdir -p "$T/$f"
		env "$@" TMPDIR="$T/$f" B="$B" sh "$TOP/t/$f.sh" \
			>"$T/all" 2>&1
		RC=$?
		n=$(grep -c '^ok' "$T/all")
		[ $RC = 0 ] && [ "$n" -gt 7 ] && ! grep -q '^not ok' "$T/all"
		RC=$?
		grep -A6 '^not ok' "$T/all" >"$T/out"
		tap $RC "$f: $n lines with $what"
	done
}

SRV=$T/srv.git
hook() {
	(cd "$SRV" && GIT_DIR=. touchmark-pre-receive <"$T/line")
}
printf '%040d %s refs/heads/x\n' 0 1111111111111111111111111111111111111111 \
	>"$T/line"
if git init -q --bare --ref-format=reftable "$SRV" 2>/dev/null; then
	git -C "$SRV" config touchmark.policy "$T/none"
	exits 1 'a repository with reftables' hook
	has 'policy-invalid: there is no policy' 'is opened'
	suite reftables REFS=reftable
	suite 'reftables and SHA-256' REFS=reftable HASH=sha256
else
	git init -q --bare "$SRV"
	git -C "$SRV" config core.repositoryFormatVersion 1
	git -C "$SRV" config extensions.refStorage reftable
	exits 1 'reftables, of which this git knows nothing' hook
	has 'refuse - - internal-error: git rev-parse failed: .*refstorage' \
		'are refused in the words of git'
	# what a later git calls the storage that this one has is read
	suite 'the files that it has' REFS=files READER=git
fi
done_testing
