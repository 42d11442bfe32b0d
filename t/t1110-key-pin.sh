#!/bin/sh
# Where a PIN comes from, in the order of the contract, and what is refused.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need softhsm2-util openssl setsid

softhsm_new given
ok 'a key and its certificate' touchmark init --name k --user 'A <a@e.org>' \
	--token given --module "$MODULE" --pin-file "$PINFILE" --algorithm p256
CONF=$XDG_CONFIG_HOME/touchmark/config
git config --file "$CONF" touchmark.k.uri | sed 's/[?&]pin-[a-z]*=[^&]*//' \
	>"$T/plain"
BASE=$(cat "$T/plain")
case $BASE in *\?*) AND='&' ;; *) AND='?' ;; esac
echo content >"$T/file"
(umask 077 && echo other-PIN >"$T/wrong")

# use QUERY: the key's URI with this added.
use() {
	git config --file "$CONF" touchmark.k.uri "$BASE${1:+$AND$1}"
}

# sign [VAR=VALUE...] [-- OPTION...]: without a terminal.
sign() {
	rm -f "$T/file.p7s"
	v=
	while [ $# != 0 ] && [ "$1" != -- ]; do
		v="$v $1"
		shift
	done
	[ $# = 0 ] || shift
	# shellcheck disable=SC2086 # NAME=VALUE words
	env $v setsid -w touchmark sign -k k --no-timestamp "$@" "$T/file"
}

use ''
exits 3 'no source and no terminal' sign
has 'no PIN' 'says so'
has 'hint: give --pin-file' 'and what to give'
ok '--pin-file' sign -- --pin-file "$PINFILE"
ok 'TOUCHMARK_PIN_FILE' sign TOUCHMARK_PIN_FILE="$PINFILE"
mkdir -m 700 "$T/creds"
(umask 077 && echo test-PIN >"$T/creds/touchmark.pin")
ok 'a systemd credential' sign CREDENTIALS_DIRECTORY="$T/creds"
exits 3 'another credential' sign CREDENTIALS_DIRECTORY="$T/home"
ok '--pin-file before TOUCHMARK_PIN_FILE' sign TOUCHMARK_PIN_FILE="$T/wrong" \
	-- --pin-file "$PINFILE"
use "pin-source=file:$PINFILE"
ok 'pin-source' sign
ok 'pin-source before TOUCHMARK_PIN_FILE' sign TOUCHMARK_PIN_FILE="$T/wrong"
exits 3 '--pin-file before pin-source' sign -- --pin-file "$T/wrong"
has 'wrong PIN' 'it is the wrong one'
hasnt 'other-PIN' 'which is not shown'
use "pin-value=test-PIN"
ok 'pin-value' sign
use "pin-value=other-PIN"
exits 3 'a wrong pin-value' sign
hasnt 'other-PIN' 'is not shown'
use "pin-source=file:$T/none"
exits 3 'a pin-source that is not there' sign TOUCHMARK_PIN_FILE="$PINFILE"
has 'none: No such file' 'is an error, not passed over'

use ''
chmod 644 "$PINFILE"
exits 3 'a PIN file that others may read' sign -- --pin-file "$PINFILE"
has 'open to others \(mode 0644\)' 'is refused'
has "hint: chmod 600 $PINFILE" 'with what to do'
chmod 600 "$PINFILE"
exits 3 'a folder' sign -- --pin-file "$T"
: >"$T/nothing" && chmod 600 "$T/nothing"
exits 3 'an empty PIN file' sign -- --pin-file "$T/nothing"
[ ! -e "$T/file.p7s" ]
tap $? 'none of these left a signature'

use "slot-id=0"
exits 2 'a URI with a slot number' sign
git config --file "$CONF" touchmark.k.uri 'pkcs11:token=given;token=given'
exits 2 'a URI with a repeated attribute' sign
git config --file "$CONF" touchmark.k.uri "pkcs11:token=my tok"
exits 2 'a URI with a space' sign

done_testing
