#!/bin/sh
# touchmark-ssh-keygen with an agent: the small program alone signs, what it
# cannot is done by the full one, and nobody can tell which of them it was.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=ssh-lib.sh
. "${0%/*}/ssh-lib.sh"
need git openssl pkcs11-tool softhsm2-util ssh-keygen xxd strace

ssh_token_key rsa rsa:3072
ssh_token_key p256 EC:prime256v1
ssh_token_key ed25519 EC:edwards25519
for k in rsa p256 ed25519; do
	ssh_allow $k
done
ssh-keygen -q -t ed25519 -N '' -f "$T/soft"
cd "$T" || exit 1
echo content >f

sign() {
	touchmark-ssh-keygen -Y sign "$@"
}

# The same without an agent: RSA and Ed25519 always give the same bytes.
for k in rsa ed25519; do
	sign -q -n git -f $k.pub f
	mv f.sig $k.own
done
agent_world
ok 'the first starts an agent' sign -n git -f rsa.pub f
[ -S "$XDG_RUNTIME_DIR/touchmark/agent.sock" ]
tap $? 'which is there then'

# loaded ARG...: which programs a call becomes. The leak checker cannot work
# below a tracer.
loaded() {
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -qq -f -e trace=execve \
		-e signal=none -o trace touchmark-ssh-keygen "$@" \
		>out 2>&1 </dev/null
	RC=$?
	# A call that another one cut in two is put together again. A
	# configuration that is new to the full program is parsed by another.
	sed -n -e 's/^\([0-9]*\) .*execve("\([^"]*\)".* = 0$/\1 \2/p' \
		-e 's/^\([0-9]*\) .*execve("\([^"]*\)".*unfinished.*/\1 \2 ?/p' \
		-e 's/^\([0-9]*\) .*execve resumed.* = 0$/\1/p' trace |
		awk 'NF == 3 { begun[$1] = $2; next } NF == 2 { print $2 }
		NF == 1 { print begun[$1] }' | sed 's,.*/,,' |
		grep -v '^touchmark-config$' | tr '\n' ' ' >programs
}
SMALL='touchmark-ssh-keygen '
FULL='touchmark-ssh-keygen touchmark-ssh-keygen-full '

for k in rsa p256 ed25519; do
	rm -f f.sig
	loaded -Y sign -n git -f $k.pub f
	is "$RC-$(cat programs)" "0-$SMALL" "$k: the small program is enough"
	is "$(unhurried out)" "Signing file f
Write signature to f.sig" 'and says the same'
	ok 'ssh-keygen verifies it' ssh_judge $k git f
	[ ! -f $k.own ] || ok 'byte for byte what the full one makes' \
		cmp f.sig $k.own
done
rm -f f.sig
loaded -Y sign -q -n git -f rsa f
is "$RC-$(cat programs)-$(unhurried out)" "0-$SMALL-" 'quiet, by its name'
sign -n git -f rsa.pub <f >own.sig 2>out
is "$?-$(unhurried out)" '0-Signing data on standard input' 'standard input'
ok 'is the same signature' cmp own.sig rsa.own
: >empty
echo 2 >f2
loaded -Y sign -q -n file -f ed25519.pub empty f2
is "$RC-$(cat programs)" "0-$SMALL" 'several files, an empty one too'
for i in empty f2; do
	ok "$i verifies" ssh_judge ed25519 file $i
done

# What is left to the full program.
head -c 1048576 /dev/urandom >"$T/most"
head -c 1048577 /dev/urandom >"$T/more.bin"
loaded -Y sign -q -n file -f rsa.pub most
is "$RC-$(cat programs)" "0-$SMALL" 'a mebibyte'
ok 'verifies' ssh_judge rsa file most
loaded -Y sign -q -n file -f rsa.pub more.bin
is "$RC-$(cat programs)" "0-$FULL" 'and a byte more'
ok 'verifies' ssh_judge rsa file more.bin
sign -q -n file -f rsa.pub >in.sig <more.bin
mv more.bin in
ok 'as standard input' ssh_judge rsa file in
sign -q -n file -f rsa.pub >in.sig <most
mv most in
ok 'a mebibyte of it' ssh_judge rsa file in
echo a >a
echo c >c
loaded -Y sign -n file -f rsa.pub a in c
is "$RC" 4 'the second has its signature already'
is "$(grep -c '^Signing file a' out)-$(grep -c '^Signing file c' out)" 1-0 \
	'the first is signed once, the third not'
rm -f a.sig in.sig
loaded -Y sign -q -n file -f rsa.pub a in c
is "$RC-$(cat programs)" "0-$SMALL" 'without it all three'
for i in a in c; do
	ok "$i verifies" ssh_judge rsa file $i
done
truncate -s 2M large
rm -f a.sig c.sig
loaded -Y sign -n file -f rsa.pub a large c
cp out out.large
is "$RC-$(cat programs)" "0-$FULL" 'a large one among small ones'
is "$(unhurried out.large)" "Signing file a
Write signature to a.sig
Signing file large
Write signature to large.sig
Signing file c
Write signature to c.sig" 'each signed once, in order'
for i in a large c; do
	ok "$i verifies" ssh_judge rsa file $i
done
rm -f f.sig
loaded -Y sign -n git -f soft.pub f
is "$(cat programs)" "${FULL}ssh-keygen " 'a key that is not ours'
loaded -l -f rsa.pub
is "$RC-$(cat programs)" "0-${SMALL}ssh-keygen " 'another verb, at once'
rm -f f.sig
git config -f "$CONFIG" touchmark.agent never
loaded -Y sign -n git -f rsa.pub f
is "$RC-$(cat programs)" "0-$FULL" 'touchmark.agent = never'
git config -f "$CONFIG" --unset touchmark.agent

# Refusals come through.
touchmark agent forget >/dev/null 2>&1
echo other-PIN >"$PINFILE"
rm -f f.sig
loaded -Y sign -n git -f rsa.pub f
is "$RC" 3 'a wrong PIN'
grep -q '^touchmark-ssh-keygen: .*PIN' out
tap $? 'is told'
[ ! -e f.sig ]
tap $? 'and nothing is left'
echo test-PIN >"$PINFILE"
ok 'the right one' sign -n git -f rsa.pub f
ok 'verifies' ssh_judge rsa git f

# A rebase under git, and an agent that is gone.
git config --global gpg.format ssh
git config --global gpg.ssh.program touchmark-ssh-keygen
git config --global gpg.ssh.allowedSignersFile "$T/allowed"
git config --global user.signingKey "$T/p256.pub"
git init -q repo
cd repo || exit 1
for i in 1 2 3 4 5; do
	git commit -q -S --allow-empty -m $i
done
ok 'rebase' git rebase -q --force-rebase --gpg-sign --root
is "$(git log --format='%G? %GS' | sort -u)" 'G p256@example.org' \
	'five commits, all good'
touchmark agent stop >/dev/null 2>&1
rm -f "$XDG_RUNTIME_DIR/touchmark/agent.sock"
ok 'without the agent' git commit -q -S --allow-empty -m x
ok 'it is signed as well' git verify-commit HEAD
done_testing
