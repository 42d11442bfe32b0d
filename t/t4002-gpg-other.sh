#!/bin/sh
# What is not ours goes to the real gpg or gpgsm, with the same arguments,
# input and descriptors; and nothing loops when there is none.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need git gpg gpgsm openssl pkcs11-tool softhsm2-util

token_key dev dev@example.org
policy_for ca
git_uses_touchmark
git config --global user.signingKey dev
new_repo "$T/r"
cd "$T/r" || exit 1
echo one >f && git add f && git commit -q -S -m one

# A real OpenPGP key in the same repository.
gpg --batch --quiet --passphrase '' --quick-generate-key \
	'Pgp <pgp@example.org>' rsa2048 sign never 2>"$T/setup.log" ||
	bail 'gpg makes no key'
PGP=$(gpg --batch --with-colons -k 2>/dev/null | awk -F: '/^fpr/{print $10; exit}')
echo two >f && git add f
ok 'an OpenPGP commit through gpg.program' \
	git -c gpg.format=openpgp commit -q -S"$PGP" -m two
ok 'verifies through the real gpg' git verify-commit HEAD
has 'gpg: Good signature from "Pgp' 'in its words'
run git log --format='%G?'
is "$(tr -d '\n' <"$T/out")" GG 'both kinds in one log'
ok 'an OpenPGP tag' git -c gpg.format=openpgp tag -s -u "$PGP" -m t t
ok 'verifies' git verify-tag t
split_commit HEAD
run touchmark-gpgsm --status-fd=1 --verify "$T/commit.sig" "$T/payload"
has 'GOODSIG [0-9A-F]{16} Pgp' 'an OpenPGP signature given to gpgsm too'
run_in "$T/commit.sig" touchmark-gpg --status-fd=1 --verify - "$T/payload"
has 'GOODSIG' 'and one on standard input is not lost on the way'
gpg --dearmor <"$T/commit.sig" >"$T/commit.bin" 2>/dev/null
run touchmark-gpg --status-fd=1 --verify "$T/commit.bin" "$T/payload"
has 'GOODSIG' 'and a binary one'
ok 'other commands go to gpg' touchmark-gpg --list-keys
has 'pgp@example.org' 'with their answer'
echo text >"$T/text"
run_in "$T/text" touchmark-gpg --batch --clearsign -u "$PGP"
has 'BEGIN PGP SIGNED MESSAGE' 'clearsign is of gpg'

# Exactly the same call: arguments, input, descriptors, SIGPIPE.
mkdir "$T/fake"
for p in gpg gpgsm; do
	cat >"$T/fake/$p" <<-EOF
	#!/bin/sh
	{ echo "$p"; printf '<%s>' "\$@"; echo; cat; } >"$T/fake.log"
	grep SigIgn /proc/\$\$/status >>"$T/fake.log"
	echo through >&7
	exit 42
	EOF
	chmod +x "$T/fake/$p"
done
PATH=$T/fake:$PATH
fake() {	# ARG...: $T/fake.log tells; the exit code in RC
	rm -f "$T/fake.log"
	printf 'in put' | "$@" >"$T/out" 2>&1 7>"$T/fd7"
	RC=$?
}
git config --global gpg.format openpgp
fake touchmark-gpg --status-fd=2 -bsau 'A B  <a@b>'
is "$RC" 42 'the exit code is the real one'
is "$(sed -n '1,2p' "$T/fake.log" | tr '\n' ' ')" \
	'gpg <--status-fd=2><-bsau><A B  <a@b>> ' 'the arguments are the same'
is "$(sed -n '3s/SigIgn.*//p' "$T/fake.log")" 'in put' 'so is the input'
is "$(cat "$T/fd7")" through 'and every descriptor'
fake touchmark-gpg --frobnicate x
is "$(sed -n 2p "$T/fake.log")" '<--frobnicate><x>' 'unknown options too'
fake touchmark-gpgsm --import x
is "$(sed -n 1p "$T/fake.log")" gpgsm 'by the name gpgsm to gpgsm'
fake touchmark-gpgsm --status-fd=2 -bsau stranger@example.org
is "$RC-$(sed -n 1p "$T/fake.log")" 42-gpgsm 'a key that is not ours too'
sigign=$(sed -n 's/.*SigIgn:[[:space:]]*//p' "$T/fake.log")
mine=$(sed -n 's/SigIgn:[[:space:]]*//p' /proc/$$/status)
is "$sigign" "$mine" 'no signal is ignored on its behalf'
fake touchmark-gpgsm --status-fd=2 -sau stranger@example.org
is "$(sed -n 1p "$T/fake.log")" gpgsm 'nor is an attached signature ours'
fake touchmark-gpgsm --status-fd=2 -sau dev
is "$RC" 2 'with our key it is refused'
has 'detach' 'with what to do'
[ ! -f "$T/fake.log" ]
tap $? 'by us'

# Which format: the name, or git's own configuration, wherever it stands.
fake touchmark-gpg --status-fd=2 -bsau stranger@example.org
is "$(sed -n 1p "$T/fake.log")" gpg 'gpg.format = openpgp: gpg'
git config --global --unset gpg.format
fake touchmark-gpg --status-fd=2 -bsau stranger@example.org
is "$(sed -n 1p "$T/fake.log")" gpg 'none: gpg'
git config gpg.format x509
fake touchmark-gpg --status-fd=2 -bsau stranger@example.org
is "$(sed -n 1p "$T/fake.log")" gpgsm 'the repository says x509: gpgsm'
fake touchmark-gpg --status-fd=2 -bsau dev
has 'BEGIN SIGNED MESSAGE' 'the repository says x509: ours'
git config --unset gpg.format
GIT_CONFIG_PARAMETERS="'gpg.format'='x509'" \
	fake touchmark-gpg --status-fd=2 -bsau dev
has 'BEGIN SIGNED MESSAGE' 'git -c says x509: ours'
GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=gpg.format GIT_CONFIG_VALUE_0=x509 \
	fake touchmark-gpg --status-fd=2 -bsau dev
has 'BEGIN SIGNED MESSAGE' 'GIT_CONFIG_COUNT says x509: ours'

# Only ourselves in PATH: an error, no loop.
mkdir "$T/only"
ln -s "$BIN/touchmark-gpg" "$T/only/gpg"
ln -s "$BIN/touchmark-gpg" "$T/only/gpgsm"
for p in gpg gpgsm; do
	PATH=$T/only exits 2 "$p without a real one" "$T/only/$p" --list-keys
	has "cannot find another $p" 'says so'
done
run touchmark-gpg --help
has '^usage: touchmark-gpg' '--help is ours'
PATH=$T/only run "$T/only/gpg" --version
has '^touchmark-gpg \(touchmark\) [0-9]' '--version works without gpg'
run env PATH="$BIN:/usr/bin:/bin" touchmark-gpg --version
is "$(sed -n '1s/ .*//p' "$T/out")" gpg '--version begins with the real one'
has '^touchmark-gpg \(touchmark\) [0-9]' 'and names us'
done_testing
