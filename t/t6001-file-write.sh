#!/bin/sh
# A signature file is whole or not there, whatever fails while it is written.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need openssl pkcs11-tool softhsm2-util strace

token_key dev dev@example.org
policy_for ca
git config -f "$CONFIG" touchmark.key dev
mkdir "$T/w"
cd "$T/w" || exit 1
echo data >f

# nothing_left WHAT: the folder holds the file alone
nothing_left() {
	is "$(ls)" f "$1: nothing is left behind"
}

# The module works on a thread of its own, which strace does not follow here:
# what is injected hits our own calls alone.
for call in write fsync rename; do
	run traced -o /dev/null -e "trace=$call" \
		-e "inject=$call:error=EIO" touchmark sign f
	[ "$RC" != 0 ] && [ "$RC" -lt 70 ]
	tap $? "$call fails: an error"
	nothing_left "$call"
done
run traced -o /dev/null -e trace=write \
	-e inject=write:error=ENOSPC:when=1 touchmark sign f
is "$RC" 4 'no space: 4'
nothing_left 'no space'
(
	# One block: enough for the token's own file, not for a signature.
	ulimit -f 1
	trap '' XFSZ
	touchmark sign f >"$T/x" 2>&1
)
is "$?" 4 'a limit on the size of files: 4'
nothing_left 'the limit'

# What was there stays when the new one fails, and is replaced in one step.
touchmark sign f >/dev/null 2>&1
before=$(cksum f.p7s)
run traced -o /dev/null -e trace=rename -e inject=rename:error=EIO \
	touchmark sign f
is "$RC-$(cksum f.p7s)" "4-$before" 'the old signature stays'
ok 'and is replaced when all goes well' touchmark sign f
[ "$(cksum f.p7s)" != "$before" ]
tap $? 'by another'
is "$(find . -type f | sort | tr '\n' ' ')" './f ./f.p7s ' \
	'with nothing beside'
run traced -o "$T/trace" -e trace=fsync,rename,openat \
	touchmark sign f
grep -E 'fsync|rename' "$T/trace" | sed 's/.*\(fsync\|rename\).*/\1/' >"$T/out"
is "$(tr '\n' ' ' <"$T/out")" 'fsync rename fsync ' \
	'synced, renamed, the folder synced'

# Places that are no files.
exits 4 'a full device' touchmark sign -o /dev/full f
[ -c /dev/full ]
tap $? 'which stays a device'
ok 'the null device' touchmark sign -o /dev/null f
[ -c /dev/null ]
tap $? 'which stays a device'
touchmark sign -o - f >/dev/full 2>"$T/out"
is "$?" 4 'a full standard output'
touchmark sign f >/dev/full 2>"$T/out"
RC=$?
[ "$RC" != 0 ]
tap $? 'a line that cannot be written is an error'
touchmark verify f >/dev/full 2>"$T/out"
RC=$?
[ "$RC" != 0 ]
tap $? 'and so is a verdict'
mkdir d
exits 4 'a folder in its place' touchmark sign -o d f
exits 4 'a folder that is not there' touchmark sign -o no/such f
: >real
ln -s real link
ok 'a link' touchmark sign -o link f
[ -L link ] && [ -s real ]
tap $? 'is followed, and stays'

cp f g
ln g g.p7s
exits 4 'a link back to the file itself' touchmark sign g
is "$(cat g)" data 'is refused, and the file stays'

# The name of the signature is not chosen by the user here: what an archive
# put there must not lead the signature elsewhere.
echo precious >victim
rm g.p7s
for what in 'ln -s victim' 'ln -s nowhere' mkfifo mkdir; do
	$what g.p7s
	exits 4 "in its place: $what" timeout 60 touchmark sign g
	has 'cannot write g.p7s: it is a .*' 'is said'
	has '^touchmark: hint: .* -o ' 'with a way out'
	rm -d g.p7s
done
is "$(cat victim)" precious 'what a link leads to stays'
[ ! -e nowhere ]
tap $? 'and nothing is made through it'

# A file that grows while it is read is not signed. In the middle it is stopped
# twice: what is written before it goes on again falls into the reading.
truncate -s 64M grow
cat >grow.sh <<'END'
echo $$ >pid
exec touchmark sign grow
END
rm -f grow.p7s
traced -o /dev/null -e trace=read \
	-e inject=read:signal=SIGSTOP:when=300..301 sh grow.sh \
	>"$T/out" 2>&1 </dev/null &
p=$!
i=0
while kill -0 "$p" 2>/dev/null && [ $i -lt 2000 ]; do
	i=$((i + 1))
	printf x >>grow
	[ ! -s pid ] || kill -CONT "$(cat pid)" 2>/dev/null
	sleep 0.05
done
[ $i -lt 2000 ] || kill -KILL "$(cat pid)"
wait "$p"
RC=$?
is "$RC" 4 'a file that changes while it is read: 4'
has 'changed while it was read' 'says so'
[ ! -f grow.p7s ]
tap $? 'and there is no signature'
done_testing
