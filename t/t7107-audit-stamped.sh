#!/bin/sh
# touchmark stamp: a timestamp that a signature gets later is on record, so
# that a compromise finds the signatures that stay good; the entry names the
# signature before and after.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need openssl softhsm2-util python3 gpg

token_key dev dev@example.org
git config -f "$CONFIG" touchmark.key dev
git config -f "$CONFIG" touchmark.dev.created 1700000000
git config -f "$CONFIG" touchmark.dev.userId 'dev <dev@example.org>'
tsa_new tsa
tsa_start tsa
LOG=$T/audit.log
cd "$T" || exit 1
git config -f "$CONFIG" touchmark.tsa "$TSA_URL"
git config -f "$CONFIG" touchmark.tsaRoots "$T/pki/tsa-root.pem"
git config -f "$CONFIG" touchmark.timestamp never
echo one >one
echo two >two
field() {	# LINE NAME
	sed -n "$1p" "$LOG" | sed -n "s/.*\"$2\":\"\\([^\"]*\\)\".*/\\1/p"
}
hash_of() {
	echo "sha256:$(sha256sum <"$1" | cut -d' ' -f1)"
}

ok 'without a record' touchmark sign one
ok 'stamping' touchmark stamp one.p7s
[ "$(echo audit*)" = 'audit*' ]
tap $? 'makes none'
rm one.p7s
git config -f "$CONFIG" touchmark.auditLog "$LOG"

# ---- CMS ------------------------------------------------------------------------------
ok 'a signature without a timestamp' touchmark sign one
is "$(wc -l <"$LOG")" 2 'a use'
ok 'gets one' touchmark stamp one.p7s
is "$(wc -l <"$LOG")" 3 'which is on record'
is "$(sed -n 3p "$LOG" | grep -c '"kind":"stamped","seal":"sha256:')" 1 'as what it is'
is "$(field 3 seal)" "$(field 2 seal)" 'of the signature that was made'
is "$(field 3 becomes)" "$(hash_of one.p7s)" 'which is now what is in the file'
is "$(field 3 artefact)" one.p7s 'the file'
is "$(field 3 user)" "$(id -un)" 'the user'
sed -n 3p "$LOG" >out
has '"stamped":"20[^"]*Z","stampedEpoch":[0-9]+,"tsa":"[^"]*CN=tsa' 'when, and by whom'
touchmark stamp --json one.p7s >json 2>&1
is "$(field 3 stamped)" "$(sed -n 's/.*"text":"it has a valid timestamp of \([^ ]*\) by.*/\1/p' json)" \
	'as it stands in the signature'
is "$(wc -l <"$LOG")" 3 'a signature that has one already is no entry'
ok 'another one beside it' touchmark stamp --renew one.p7s
is "$(field 4 seal)" "$(field 3 becomes)" 'follows from the one before'
is "$(field 4 becomes)" "$(hash_of one.p7s)" 'up to what is in the file'
ok 'show' touchmark log show --artefact one.p7s
is "$(wc -l <out)" 2 'both'
has '^3  20.*Z  stamped  signature [0-9a-f]{12}  20.*Z  .*CN=tsa.*  one.p7s$' 'in words'
ok 'show' touchmark log show --kind stamped
is "$(wc -l <out)" 2 'the same'

# ---- OpenPGP --------------------------------------------------------------------------
ok 'an OpenPGP signature' touchmark sign -t openpgp two
ok 'gets one as well' touchmark stamp two.asc
is "$(field 7 seal)" "$(field 6 seal)" 'of the signature that was made'
gpg --dearmor <two.asc >two.pgp 2>out
is "$(field 7 becomes)" "$(hash_of two.pgp)" 'without its armour'
ok 'the chain holds' touchmark log verify

# ---- what it is good for ----------------------------------------------------------------
ok 'in case of a compromise' touchmark key compromise dev --yes --json
python3 - out <<'END'
import json, sys
s = {}
for line in open(sys.argv[1]):
    o = json.loads(line)
    if o['kind'] == 'signature':
        s[o['artefact']] = o['status']
assert s == {'one': 'stamped', 'two': 'stamped'}, s
END
tap $? 'both signatures stay good'
rm "$XDG_CONFIG_HOME/touchmark/denied"

# ---- what cannot be stamped, or recorded ---------------------------------------------------
cp one.p7s bad.p7s
printf x >bad
had=$(wc -l <"$LOG")
exits 1 'a signature of something else' touchmark stamp --renew bad.p7s
is "$(wc -l <"$LOG")" "$had" 'is not stamped, and no entry'
cp "$LOG" keep
: >"$LOG"
exits 1 'a record that was emptied' touchmark stamp --renew one.p7s
has 'one.p7s is timestamped, but that cannot be recorded: .*emptied' 'it is said what happened'
is "$(wc -c <"$LOG")" 0 'nothing is written to it'
cp keep "$LOG"
bad="$(printf 'a\033[2J\342\200\256.p7s')"
cp one.p7s "$bad"
ok 'a hostile name' touchmark stamp --renew "$bad" one
LC_ALL=C grep -q "$(printf '[\033\377]')" "$LOG"
[ $? = 1 ]
tap $? 'no control byte reaches the log'
ok 'the chain holds' touchmark log verify
done_testing
