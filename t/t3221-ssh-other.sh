#!/bin/sh
# touchmark-ssh-keygen: whatever is not for a touchmark key goes to the real
# ssh-keygen, with every argument, descriptor and signal as it was.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=ssh-lib.sh
. "${0%/*}/ssh-lib.sh"
need git openssl pkcs11-tool softhsm2-util ssh-keygen xxd

ssh_token_key p256 EC:prime256v1
ssh-keygen -q -t ed25519 -N '' -C me -f "$T/soft"
cd "$T" || exit 1
echo content >f

# A stand-in that tells how it was called.
mkdir stand
cat >stand/ssh-keygen <<'END'
#!/bin/sh
printf 'called\n'
for a; do printf '<%s>\n' "$a"; done
printf 'ignored signals: %s\n' "$(sed -n 's/^SigIgn:\t*//p' /proc/$$/status)"
cat
exit 42
END
chmod 755 stand/ssh-keygen
REAL=$PATH
PATH=$T/stand:$PATH
export PATH

handed() {	# NAME ARG...: goes on as it is
	n=$1
	shift
	{ echo called; for a; do printf '<%s>\n' "$a"; done; } >want
	run_in f touchmark-ssh-keygen "$@"
	is "$RC" 42 "$n: its exit code"
	grep -v '^ignored' out >got
	{ cat want; echo content; } | cmp -s - got
	tap $? "$n: every argument and standard input"
}
handed 'nothing'
handed 'a fingerprint' -l -f p256.pub
handed 'generating' -t ed25519 -N '' -f new
handed 'find-principals' -Y find-principals -f allowed -s f.sig \
	-Overify-time=20260101000000
handed 'check-novalidate' -Y check-novalidate -n git -s f.sig
handed 'verify' -Y verify -n git -f allowed -I me -s f.sig
handed 'match-principals' -Y match-principals -f allowed -I me
handed 'signing without a namespace' -Y sign -f p256.pub f
handed 'with an empty one' -Y sign -n '' -f p256.pub f
handed 'without a key' -Y sign -n git f
handed 'with an empty one' -Y sign -n git -f '' f
handed 'without a value' -Y sign -n git -f
handed 'an option that is not known' -Y sign -n git -f p256.pub -h f
handed 'and in a bundle' -Y sign -qh -n git -f p256.pub f
handed 'another -O' -Y sign -n git -f p256.pub -O frob=1 f
handed 'a private key' -Y sign -n git -f soft f
handed 'somebody else'\''s public key' -Y sign -n git -f soft.pub -U f
handed 'a key that nobody knows' -Y sign -n git -f nosuchkey f
handed 'words with blanks' -Y sign -n git -f 'no such key' -- 'a b' ''
printf 'not a key\n' >junk
handed 'a file that is no key' -Y sign -n git -f junk f
echo 'ssh-ed25519 AAAA' >broken
handed 'a broken public key' -Y sign -n git -f broken f
echo "sk-$(cat soft.pub)" >sk
handed 'a security key' -Y sign -n git -f sk f
head -c 100000 /dev/zero >zeros
handed 'a file of zeros' -Y sign -n git -f zeros f
handed 'a verb that comes twice' -Y sign -Y verify -n git -f p256.pub f
# Who runs us may have some ignored that nobody can give back: those of the
# stand-in called without us are the measure. The C library keeps 32 and 33 for
# itself, so only those below 29 are looked at.
ignored() {
	sed -n 's/^ignored signals: .*\(.......\)$/\1/p' out
}
run_in f ssh-keygen
want=$(ignored)
run_in f touchmark-ssh-keygen -l
is "$(ignored)" "${want:-not told}" 'no other signal is ignored'
run_in f touchmark-ssh-keygen -Y sign -n git -f soft.pub f
is "$(ignored)" "${want:-not told}" 'nor after we looked at the key'
ok 'but a key of ours is not handed on' touchmark-ssh-keygen -Y sign -n git \
	-f p256.pub f
hasnt '^called' 'to the stand-in'
PATH=$REAL

# With the real one.
rm -f f.sig
ok 'a software key signs' touchmark-ssh-keygen -Y sign -n git -f soft f
echo "me $(cat soft.pub)" >allowed
run_in f touchmark-ssh-keygen -Y verify -n git -f allowed -I me -s f.sig
is "$RC" 0 'and verifies'
run_in f touchmark-ssh-keygen -Y verify -n git -f allowed -I you -s f.sig
is "$RC" 255 'with its exit codes'
run touchmark-ssh-keygen -l -f soft.pub
is "$(cat out)" "$(ssh-keygen -l -f soft.pub)" 'its output'
is "$(PATH=$BIN touchmark-ssh-keygen -l 2>&1 | head -1 |
	grep -c '^touchmark-ssh-keygen: ')" 1 'no ssh-keygen at all'

# Under the name of the other it does not call itself.
mkdir links
ln -s "$BIN/touchmark-ssh-keygen" links/ssh-keygen
PATH=$T/links:$PATH ssh-keygen -l -f soft.pub >out 2>&1
RC=$?
is "$RC" 0 'a link called ssh-keygen finds the real one'
rm -f f.sig
PATH=$T/links:$PATH ssh-keygen -q -Y sign -n git -f p256.pub f >out 2>&1
RC=$?
is "$RC" 0 'and signs with our keys'
ssh_allow p256
ok 'which verifies' ssh_judge p256 git f

# Closed descriptors are not taken for files.
rm -f f.sig
touchmark-ssh-keygen -Y sign -n git -f p256.pub f >&- 2>&- <&-
is "$?" 0 'all standard descriptors closed'
ok 'signs' ssh_judge p256 git f
touchmark-ssh-keygen -Y sign -n git -f p256.pub <f >&- 2>out
is "$?" 4 'a closed standard output is an error'

# Nothing that was loaded: the small program has libc alone.
is "$(ldd "$BIN/touchmark-ssh-keygen" | grep -cE 'crypto|git2|p11|curl')" 0 \
	'touchmark-ssh-keygen links none of the large libraries'
done_testing
