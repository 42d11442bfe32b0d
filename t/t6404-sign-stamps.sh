#!/bin/sh
# Timestamps of many files: several are waited for at once, and an authority
# that does not answer is not waited for by every file.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need softhsm2-util openssl pkcs11-tool gpgv

token_key dev dev@example.org
git config -f "$CONFIG" touchmark.key dev
git config -f "$CONFIG" touchmark.dev.created 1700000000
git config -f "$CONFIG" touchmark.dev.userId 'Dev <dev@example.org>'
cd "$T" || exit 1
touchmark key export --type openpgp --no-armor >dev.gpg || exit 1
tsa_new tsa
mkdir d && cd d || exit 1
i=10
while [ $i -lt 22 ]; do
	echo $i >$i
	i=$((i + 1))
done

asked() {	# how often, by its log
	grep -c ': asked$' "$T/tsa.tsalog"
}

start() {	# MODE
	tsa_start tsa '' --mode "$1"
	git config -f "$CONFIG" --replace-all touchmark.tsa "$TSA_URL"
}

# ---- one that takes its time ----------------------------------------------------
# One after the other would wait for the others until the deadline.
start all:12
git config -f "$CONFIG" touchmark.tsaDeadline 60
git config -f "$CONFIG" touchmark.tsaRoots "$T/pki/tsa-root.pem"
for how in alone agent; do
	[ $how = alone ] || agent_world
	rm -f ./*.p7s
	ok "$how: 12 files, none is stamped before all have asked" \
		touchmark sign --timestamp=require 1? 2?
	is "$(grep -c 'timestamped, in' "$T/out")" 12 'each has its timestamp'
	openssl cms -verify -binary -inform DER -in 10.p7s -content 10 \
		-CAfile "$T/pki/ca.pem" -purpose any >"$T/x" 2>&1
	tap $? 'and holds'
done
touchmark agent stop >"$T/x" 2>&1
unset XDG_RUNTIME_DIR
ok 'in OpenPGP too' touchmark sign --timestamp=require -t openpgp 1? 2?
is "$(grep -c 'timestamped, in' "$T/out")" 12 'each'
ok 'and holds' gpgv --keyring ../dev.gpg 15.asc 15
rm 11.asc
echo >>./12
tsa_stop
start ok
touchmark sign --no-timestamp -t openpgp 13 14 >"$T/x" 2>&1
ok 'what lacks one is not complete' touchmark sign --resume \
	--timestamp=require -t openpgp 1? 2?
is "$(grep -c ': signed by' "$T/out")" 4 'and is signed again'
ok 'unless it need not be there' touchmark sign --resume -t openpgp 1? 2?
is "$(grep -c 'is signed already' "$T/out")" 12 'then all are left alone'
tsa_stop

# ---- one that hangs ---------------------------------------------------------------
git config -f "$CONFIG" touchmark.tsaDeadline 2
start late:60000
for how in require prefer; do
	rm -rf ./*.p7s "$XDG_STATE_HOME/touchmark"
	touchmark sign --jobs 3 --timestamp=$how ./* >"$T/lines" 2>&1
	code=$?
	cp "$T/lines" "$T/out"
	if [ $how = require ]; then
		is "$code" 5 'one that hangs, required: each file fails: 5'
		is "$(grep -c 'no timestamp authority gave a good' "$T/out")" \
			"$(find . -type f ! -name '*.asc' | wc -l)" \
			'and is told so'
		is "$(find . -name '*.p7s*')" '' 'no signature is left'
	else
		is "$code" 0 'one that hangs, preferred: each file is signed'
		is "$(grep -c ', no timestamp, in' "$T/out")" \
			"$(find . -type f ! -name '*.p7s' ! -name '*.asc' |
				wc -l)" 'without one'
		is "$(grep -c 'signing without a timestamp' "$T/out")" 1 \
			'which is said once'
	fi
done
n=$(asked)
[ "$n" -le 6 ]
tap $? "it was waited for once by each thread of both runs: $n times"
tsa_stop

done_testing
