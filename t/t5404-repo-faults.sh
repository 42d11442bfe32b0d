#!/bin/sh
# Whatever fails between the hook and git's processes: a push that would come in
# is refused, or comes in because the fault did not matter; one that would not
# never does.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
READER=git
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"
need strace

gate_setup
gate_policy <<'EOF2'
[ref "refs/heads/*"]
	require = commits
EOF2
gate_repo srv
commit one
git -c commit.gpgSign=false commit -q --allow-empty -m unsigned
cp -r "$T/work/.git/objects" "$SRV"
echo "$ZERO $(git rev-parse main~1) refs/heads/x" >"$T/good"
echo "$ZERO $(git rev-parse main) refs/heads/x" >"$T/bad"

hook() {	# LINE [STRACE-ARG...]: the hook alone is traced, not its children
	line=$1
	shift
	[ $# = 0 ] || set -- strace -qq -o "$T/trace" "$@"
	(cd "$SRV" && ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 GIT_DIR=. \
		"$@" hooks/pre-receive <"$T/$line")
}
ok 'without a fault the good one comes in' hook good
exits 1 'and the other does not' hook bad

for call in socketpair:EMFILE memfd_create:ENOMEM wait4:ECHILD \
	sendto:EPIPE recvfrom:ECONNRESET recvfrom:EIO poll:EINVAL \
	ftruncate:ENOSPC fcntl:EMFILE; do
	name=${call%:*} error=${call#*:}
	wrong=0 refused=0
	for n in 1 2 3 5 8; do
		run hook bad -e "inject=$name:error=$error:when=$n"
		[ "$RC" = 1 ] || wrong=$((wrong + 1))
		run hook good -e "inject=$name:error=$error:when=$n"
		case $RC in
		0) ;;
		1) refused=$((refused + 1))
			grep -q 'touchmark: refuse - - [a-z-]*: .*; ' "$T/out" ||
				wrong=$((wrong + 1)) ;;
		*) wrong=$((wrong + 1)) ;;
		esac
	done
	[ $wrong = 0 ]
	tap $? "$name fails with $error: refused $refused of 5 times"
done

# git's own processes die under the hook
cat >"$T/git" <<'EOF2'
#!/bin/sh
[ "$1" != "$VERB" ] || kill -9 $$
exec "$REAL" "$@"
EOF2
chmod +x "$T/git"
REAL=$(git --exec-path)/git
for verb in cat-file for-each-ref symbolic-ref rev-parse config; do
	exits 1 "git $verb is killed" env REAL="$REAL" VERB=$verb sh -c \
		"cd '$SRV' && PATH='$T':\$PATH GIT_DIR=. hooks/pre-receive \
		<'$T/good'"
	has 'refuse - - internal-error: .*git [a-z-]* .*; ' 'and nobody comes in'
done
done_testing
