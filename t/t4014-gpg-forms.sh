#!/bin/sh
# Every way in which git, its porcelain, GUIs and scripts write a call that
# signs with a key of ours, as CMS and as OpenPGP; where the signature goes;
# and what is said of it.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need git gpg gpgsm openssl pkcs11-tool softhsm2-util

TOKEN_TYPE=rsa:3072 token_key dev dev@example.org
git config -f "$CONFIG" touchmark.dev.userId 'Dev <dev@example.org>'
git config -f "$CONFIG" touchmark.dev.created 1700000000
token_key second second@example.org
git config -f "$CONFIG" touchmark.second.userId 'Second <second@example.org>'
git config -f "$CONFIG" touchmark.second.created 1700000000
git config -f "$CONFIG" touchmark.key dev
policy_for ca
git_uses_touchmark
git config --global gpg.format openpgp
stock_trusts ca
touchmark key export dev --type openpgp >"$T/dev.asc" 2>"$T/setup.log" ||
	bail 'no OpenPGP key'
gpg --batch --import "$T/dev.asc" 2>"$T/setup.log"
FPR=$(gpg --batch --with-colons -k | awk -F: '/^fpr/{print $10; exit}')
CERT=$(sha1_of dev)
SHA256=$(sha256_of dev)
mkdir "$T/w"
cd "$T/w" || exit 1
echo data >d

# judged FILE: by the real program, whose kind of signature this is; who signed
judged() {
	if [ "$PROGRAM" = touchmark-gpg ]; then
		gpg --batch --status-fd 1 --verify "$1" d >"$T/judge" 2>&1
	else
		gpgsm --batch --status-fd 1 --verify "$1" d >"$T/judge" 2>&1
	fi
	sed -n 's/.*VALIDSIG \([0-9A-F]*\) .*/\1/p' "$T/judge"
}

# forms FPR SHAPE: reads one call per line, signs `d` from standard input
forms() {
	while read -r line; do
		# shellcheck disable=SC2086 # words, to be split
		$PROGRAM --status-fd=2 $line <d >"$T/sig" 2>"$T/out"
		RC=$?
		got=$(judged "$T/sig")
		if [ "$(grep -c 'SIG_CREATED D' "$T/out")" != 1 ]; then
			got=$RC
		fi
		is "$got" "$1" "$PROGRAM $line"
	done
}

common_forms() {	# what means the key `dev` in both
	cat <<-EOL
	-bsau dev
	-sbau dev
	-bsaudev
	-absu dev
	-a -b -s -u dev
	-bs -a --local-user dev
	-bsa --local-user=dev
	-bau dev
	--detach-sign --armor -u dev
	--detach-sign --armour --sign --local-user dev
	--detach --armor -u dev
	--sign --detach --armor -u dev --
	--batch --yes --no-tty -bsau dev
	--no-tty --charset utf8 --enable-progress-filter -bsau dev
	--exit-on-status-write-error --no-sk-comments -bsau dev
	--display :0 --ttyname /dev/tty --ttytype xterm -bsau dev
	--lc-ctype C --lc-messages C -bsau dev
	--pinentry-mode loopback -bsau dev
	--no-verbose --quiet -bsau dev
	-q -v -bsau dev
	-b --default-key dev -a
	--default-key second -bsau dev
	--homedir $GNUPGHOME -bsau dev
	--keyid-format=long -bsau dev
	--digest-algo SHA256 -bsau dev
	--digest-algo=sha256 -bsau dev
	-bsau dev@example.org
	-bsau <dev@example.org>
	-bsau =dev@example.org
	-bsau dev -u dev
	-bsa
	-bsau $CERT
	-bsau 0x$CERT
	-bsau 0x$CERT!
	-bsau sha256:$SHA256
	-bsau $SHA256
	-bs -u dev
	-o - -bsau dev
	--output=- -bsau dev
	-bsau dev -
	-bsau dev -- -
	--enable-special-filenames -bsau dev -- -&0
	EOL
}
PROGRAM=touchmark-gpgsm
common_forms >"$T/forms"
forms "$CERT" <"$T/forms"
PROGRAM=touchmark-gpg
forms "$FPR" <"$T/forms"
forms "$FPR" <<EOL
-bsau $FPR
-bsau 0x$FPR
-bsau $FPR!
--sign-with dev -ba
EOL
for spaced in 'Dev <dev@example.org>' '=Dev <dev@example.org>' \
	"$(echo "$FPR" | sed 's/..../& /g; s/ $//')" \
	"$(echo "$CERT" | sed 's/../&:/g; s/:$//')"; do
	$PROGRAM --status-fd=2 -bsau "$spaced" <d >"$T/sig" 2>"$T/out"
	is "$(judged "$T/sig")" "$FPR" "$PROGRAM -bsau '$spaced'"
done
$PROGRAM --status-fd=2 -bsau '' <d >"$T/sig" 2>"$T/out"
is "$(judged "$T/sig")" "$FPR" 'an empty key is the configured one'

# ---- what is said ----------------------------------------------------------
run_in d touchmark-gpg --status-fd=2 -bsau dev --yes -o "$T/sig"
is "$(unhurried "$T/out" | sed 's/00 [0-9]\{10\} /00 TIME /')" "[GNUPG:] KEY_CONSIDERED $FPR 2
[GNUPG:] BEGIN_SIGNING H8
[GNUPG:] SIG_CREATED D 1 8 00 TIME $FPR" 'the status lines of gpg, no more'
run_in d touchmark-gpgsm --status-fd=2 -bsau dev -o "$T/sig"
is "$(unhurried "$T/out" | sed 's/[0-9]\{8\}T[0-9]\{6\}/TIME/')" \
	"[GNUPG:] SIG_CREATED D 1 8 00 TIME $CERT" 'that of gpgsm, no more'
made=$(sed -n 's/.*SIG_CREATED D 1 8 00 \([^ ]*\) .*/\1/p' "$T/out")
run gpgsm --status-fd 1 --verify "$T/sig" d
has "VALIDSIG $CERT [0-9-]* $made " 'with the time that is in the signature'
made=$(touchmark-gpg --status-fd=2 -bau dev --yes -o "$T/sig" 2>&1 <d |
	sed -n 's/.*SIG_CREATED D 1 8 00 \([^ ]*\) .*/\1/p')
run gpg --status-fd 1 --verify "$T/sig" d
has "VALIDSIG $FPR [0-9-]* $made " 'so for gpg'
run touchmark-gpg --version
is "$(sed -n 1p "$T/out")" "$(gpg --version | sed -n 1p)" \
	'--version: the first line is that of gpg'

# The same lines when an agent signs.
agent_world
ok 'an agent' touchmark agent start
for p in touchmark-gpg touchmark-gpgsm; do
	for try in agent again; do
		run_in d $p --status-fd=2 -bsau dev
		sed -n 's/20[0-9]*T[0-9]*\|[0-9]\{10\}/TIME/; /^.GNUPG/p' \
			"$T/out" >"$T/$p.$try"
	done
	run touchmark agent status
	has 'dev, rsa, [1-9][0-9]* signatures' "$p: the agent signed"
	XDG_RUNTIME_DIR='' run_in d $p --status-fd=2 -bsau dev
	is "$(cat "$T/$p.again")" "$(sed -n \
		's/20[0-9]*T[0-9]*\|[0-9]\{10\}/TIME/; /^.GNUPG/p' "$T/out")" \
		"$p: who signed cannot be seen"
done
touchmark agent stop >"$T/out" 2>&1
unset XDG_RUNTIME_DIR

# ---- where it goes ---------------------------------------------------------
rm -f d.*
run touchmark-gpg --status-fd=2 -bu dev d
is "$RC-$(echo d.*)" 0-d.sig 'gpg -b FILE writes FILE.sig'
PROGRAM=touchmark-gpg
is "$(judged d.sig)" "$FPR" 'which is good'
run touchmark-gpg -bau dev d
is "$RC-$(echo d.*)" '0-d.asc d.sig' 'gpg -ba FILE writes FILE.asc'
is "$(judged d.asc)" "$FPR" 'which is good'
cp d.asc before
exits 2 'a file that is there is not replaced' touchmark-gpg --batch \
	--status-fd=2 -bau dev d
hasnt SIG_CREATED 'and no SIG_CREATED'
is "$(cmp before d.asc && echo same)" same 'and it stays'
exits 2 'nor one that -o names' touchmark-gpg -bau dev -o d.asc d
ok 'but with --yes' touchmark-gpg --yes -bau dev d
is "$(judged d.asc)" "$FPR" 'it is good again'
touchmark-gpgsm --status-fd=2 -bau dev d >"$T/sig" 2>"$T/out"
is "$?" 0 'gpgsm -b FILE writes to standard output'
PROGRAM=touchmark-gpgsm
is "$(judged "$T/sig")" "$CERT" 'which is good'
ok 'gpgsm replaces what -o names' touchmark-gpgsm -bau dev -o d.asc d
is "$(judged d.asc)" "$CERT" 'which is good'
for p in touchmark-gpg touchmark-gpgsm; do
	exits 4 "$p: a full device as -o" $p --status-fd=2 -bau dev \
		-o /dev/full d
	hasnt SIG_CREATED 'and no SIG_CREATED'
	$p --status-fd=2 -bsau dev <d >/dev/full 2>"$T/out"
	is "$?" 4 "$p: as standard output"
	hasnt SIG_CREATED 'and no SIG_CREATED'
	exits 4 "$p: a folder that is not there" $p --status-fd=2 -bau dev \
		-o no/such d
	hasnt SIG_CREATED 'and no SIG_CREATED'
	$p --status-fd=2 -bsau dev -o /dev/fd/4 <d 2>"$T/out" 4>&1 |
		cat >"$T/sig"
	has SIG_CREATED "$p: a pipe as -o"
	is "$(grep -c -- '^-----' "$T/sig")" 2 'gets the signature'
	exits 4 "$p: a file that is not there" $p --status-fd=2 -bau dev absent
	hasnt SIG_CREATED 'and no SIG_CREATED'
	for fd in 1 2 3; do
		$p --status-fd=$fd -bsau dev <d >"$T/1" 2>"$T/2" 3>"$T/3"
		is "$?-$(grep -c SIG_CREATED "$T/$fd")" 0-1 \
			"$p: --status-fd=$fd"
	done
	$p --status-fd 1 -bsau dev <d 2>/dev/null >"$T/out"
	is "$(grep -n SIG_CREATED "$T/out" | cut -d: -f1)" \
		"$(wc -l <"$T/out" | tr -d ' ')" \
		"$p: on standard output it is the last line"
	$p -bsau dev <d >"$T/sig" 2>"$T/out"
	is "$?-$(unhurried "$T/out")" 0- \
		"$p: without --status-fd nothing is said"
	exits 2 "$p: two keys" $p --status-fd=2 -bau dev -u second d
	hasnt 'SIG_CREATED|BEGIN' 'make none'
	exits 2 "$p: two files" $p --status-fd=2 -bau dev d before
	hasnt SIG_CREATED 'make none'
	exits 2 "$p: a digest that does not fit" $p --status-fd=2 \
		--digest-algo SHA1 -bau dev -o "$T/x" d
	exits 2 "$p: an attached signature" $p --status-fd=2 -sau dev \
		-o "$T/x" d
	has detach 'which says what to add'
	[ ! -e "$T/x" ]
	tap $? 'nothing was written'
done
run touchmark-gpg -bau dev -o d d
is "$RC-$(cat d)" 2-data 'the file itself is never overwritten'
run touchmark-gpg --yes -bau dev -o d d
is "$RC-$(cat d)" 2-data 'not with --yes either'
done_testing
