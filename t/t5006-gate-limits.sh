#!/bin/sh
# Everything a stranger can make large has a bound, and the gate's own failures
# refuse.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"

gate_setup
rule() {
	{
		printf '[ref "refs/heads/*"]\n\trequire = commits\n'
		printf '\tforce = allow\n[ref "refs/tags/*"]\n\trequire = tag\n'
		[ $# = 0 ] || printf '[limits]\n'
		[ $# = 0 ] || printf '\t%s\n' "$@"
	} | gate_policy
}
rule
gate_repo srv
commit base
accept 'within the default limits' main
hook() {
	(cd "$SRV" && GIT_DIR=. hooks/pre-receive <"$T/line")
}

# ---- a small pack, a large commit -----------------------------------------------
{ plain; head -c 300000000 /dev/zero | tr '\0' 'a'; } |
	git hash-object -t commit -w --stdin --literally >"$T/bomb"
run sh -c 'git cat-file --batch-all-objects --batch-check | sort -k3n | tail -1'
has 'commit 3000' 'a commit of 300 MB'
# the hook must not be given the memory to hold it
cat >"$T/limited" <<EOF2
#!/bin/sh
ulimit -v ${GATE_ULIMIT:-400000}
exec "$BIN/touchmark-pre-receive"
EOF2
chmod +x "$T/limited"
if ! sanitized; then
	ln -sf "$T/limited" "$SRV/hooks/pre-receive"
fi
refuse limit-exceeded 'a pack that inflates to a commit of 300 MB' \
	"$(cat "$T/bomb"):refs/heads/bomb"
ln -sf "$BIN/touchmark-pre-receive" "$SRV/hooks/pre-receive"
rule 'object = 1k'
head -c 2000 /dev/zero | tr '\0' 'x' >"$T/big"
commit "$(cat "$T/big")"
refuse limit-exceeded 'a commit over the policy limit' main
rule 'object = 64k'
accept 'the same under a higher one' main

# ---- many commits, much time -------------------------------------------------------
rule 'commits = 3'
for i in 1 2 3; do commit "$i"; done
accept 'as many commits as allowed' main
for i in 1 2 3 4; do commit "$i"; done
refuse limit-exceeded 'one more' main
rule
accept 'the same without that limit' main
# a clock that runs ahead makes any push a slow one; git's processes answer
# slower than libgit2 does
rate=100000
[ "${READER-}" != git ] || rate=1000
cat >"$T/slow" <<EOF2
#!/bin/sh
ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0:detect_leaks=0
export ASAN_OPTIONS
exec faketime -f '+0 x$rate' "$BIN/touchmark-pre-receive"
EOF2
chmod +x "$T/slow"
rule 'seconds = 1' 'clockSkew = 86400'
ln -sf "$T/slow" "$SRV/hooks/pre-receive"
commit late
refuse limit-exceeded 'longer than the policy allows' main
ln -sf "$BIN/touchmark-pre-receive" "$SRV/hooks/pre-receive"
rule

# ---- tags ---------------------------------------------------------------------------
git tag -s -m m t1
git tag -s -m m t2 t1 2>/dev/null
rule 'tagDepth = 1'
accept 'a tag of a commit' t1
refuse tag-target 'a tag of a tag where depth is one' t2
rule

# ---- many refusals ---------------------------------------------------------------------
git checkout -q -b many
i=0
while [ $i -lt 30 ]; do
	i=$((i + 1))
	git -c commit.gpgSign=false commit -q --allow-empty -m "$i"
done
refuse signature-missing 'thirty unsigned commits' many
is "$(grep -c 'touchmark: refuse' "$T/out")" 20 'twenty lines'
has 'touchmark: 31 refusals, 20 shown|touchmark: 30 refusals, 20 shown' \
	'then a count'
set --
i=0
while [ $i -lt 200 ]; do
	i=$((i + 1))
	set -- "$@" "many~1:refs/heads/m$i"
done
refuse signature-missing 'two hundred refs at once' "$@"
has 'touchmark: [0-9]+ refusals, 20 shown' 'counted'

# ---- the input of the hook ----------------------------------------------------------------
tip=$(git rev-parse many)
git -C "$SRV" fetch -q "$T/work" many 2>/dev/null
awk -v o=$ZERO -v n="$(git -C "$SRV" rev-parse main)" 'BEGIN {
	for (i = 0; i <= 100000; i++) print o, n, "refs/heads/n" i }' >"$T/line"
exits 1 'a hundred thousand commands and one' hook
has 'refuse - - limit-exceeded: the push has more than 100000 commands; ' \
	'it says so'
bad_input() {	# WHAT [REASON]
	exits 1 "$1" hook
	has "touchmark: refuse - - ${2:-internal-error}: .+; .+" 'it says so'
}
printf '%s %s refs/heads/x' $ZERO "$tip" >"$T/line"
bad_input 'a line without its end' limit-exceeded
printf '%s %s refs/heads/x y\n' $ZERO "$tip" >"$T/line"
bad_input 'a space in a ref'
printf '%s %s\n' $ZERO "$tip" >"$T/line"
bad_input 'a line without a ref'
printf '%s  %s refs/heads/x\n' $ZERO "$tip" >"$T/line"
bad_input 'two spaces'
printf '%s %s refs/heads/x\n' $ZERO "${tip%?}g" >"$T/line"
bad_input 'an id that is none'
printf '%s %s HEAD\n' $ZERO "$tip" >"$T/line"
bad_input 'a ref outside refs/'
printf '%s %s refs/heads/../x\n' $ZERO "$tip" >"$T/line"
bad_input 'a ref that climbs'
{ printf '%s %s refs/heads/' $ZERO "$tip"; head -c 9000 /dev/zero |
	tr '\0' 'x'; echo; } >"$T/line"
bad_input 'a ref of 9000 characters' limit-exceeded
printf '%s %s refs/heads/x\000y\n' $ZERO "$tip" >"$T/line"
bad_input 'a NUL in a line'
: >"$T/line"
exits 0 'no command at all' hook

# ---- repositories that libgit2 cannot read, where nothing else may ---
only='touchmark: refuse - - internal-error: .+; .*allows libgit2 alone'
cannot() {	# WHAT REPO
	SRV=$2
	git -C "$SRV" config touchmark.policy "$T/policy"
	git -C "$SRV" config touchmark.gateReader libgit2
	ln -sf "$BIN/touchmark-pre-receive" "$SRV/hooks/pre-receive"
	REMOTE=file://$SRV
	push "${3:-main:refs/heads/main}"
	[ "$RC" != 0 ] && grep -Eq "$only" "$T/out"
	tap $? "refused, internal-error: $1"
}
git init -q --bare "$T/with:colon.git"
cannot 'a path with a colon' "$T/with:colon.git"
git init -q --bare --object-format=sha256 "$T/sha256.git" 2>/dev/null
git init -q --object-format=sha256 "$T/work256" 2>/dev/null
cd "$T/work256" || exit 1
git -c user.name=D -c user.email=d@example.org commit -q --allow-empty -m x
cannot 'a SHA-256 repository' "$T/sha256.git" HEAD:refs/heads/main
cd "$T/work" || exit 1
gate_repo ext
git -C "$SRV" config core.repositoryFormatVersion 1
git -C "$SRV" config extensions.preciousObjects true
cannot 'an extension that is not known' "$T/ext.git"

exits 2 'arguments are not taken' touchmark-pre-receive --force
ok 'help' touchmark-pre-receive --help
has '^usage: touchmark-pre-receive' 'and it tells how it is called'
cd "$T" || exit 1
exits 1 'outside of a repository' touchmark-pre-receive
done_testing
