#!/bin/sh
# touchmark key generate, list and show in a token made by softhsm2-util.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need softhsm2-util pkcs11-tool git

CONF=$XDG_CONFIG_HOME/touchmark/config
softhsm_new release
gen() {
	name=$1
	shift
	touchmark key generate "$name" --token release --module "$MODULE" \
		--pin-file "$PINFILE" "$@"
}

exits 2 'no token' touchmark key generate a
exits 2 'no name' touchmark key generate --token release
exits 2 'an unknown algorithm' gen a --algorithm rsa1000
exits 3 'a token that is not there' touchmark key generate a \
	--token absent --module "$MODULE" --pin-file "$PINFILE"
has 'token' 'is said'
[ ! -e "$CONF" ]
tap $? 'nothing is configured by any of these'

for a in p256 p384 rsa3072 ed25519; do
	ok "generate $a" gen "k-$a" --algorithm $a
	has "$a key made in token 'release'" 'says what was made'
done
ok 'generate --json' gen k-json --algorithm p256 --json
has '^\{"name":"k-json","status":"ok","uri":"pkcs11:token=release;' \
	'one object'
git config --file "$CONF" -l >"$T/out"
has '^touchmark.k-p256.uri=pkcs11:token=release;.*module-path=' 'configured'
has '^touchmark.k-p256.created=[0-9]+$' 'with a creation time'
hasnt 'userid' 'and no user id that nobody gave'
has '^touchmark.key=k-p256$' 'the first is the default'
hasnt 'pin-|/pin' 'the PIN file is not kept'
exits 2 'a name again' gen k-p256 --algorithm p256
has 'configured already' 'is refused'
git config --file "$CONF" --remove-section touchmark.k-json
exits 3 'a label that is taken on the token' gen k-json --algorithm p256
has 'k-json' 'is refused, and named'

ok 'key list of the module' touchmark key list --module "$MODULE"
is "$(grep -c 'pkcs11:token=release' "$T/out")" 5 'has the five keys'
ok 'key list' touchmark key list --json
is "$(grep -c '"name":"k-' "$T/out")" 4 'four of them by name'
is "$(grep -c '"name":null' "$T/out")" 1 'one without'
ok 'key list' touchmark key list
has '^k-ed25519 +ed25519 +pkcs11:' 'names the algorithms'
has '^k-p384 +p384 +pkcs11:' 'of all'
ok 'key list URI' touchmark key list --module "$MODULE" \
	'pkcs11:object=k-p384'
is "$(unhurried "$T/out" | wc -l)" 1 'chooses'
exits 3 'key list of nothing' touchmark key list --module "$MODULE" \
	'pkcs11:object=nothing'
exits 2 'a URI with an unknown attribute' touchmark key list \
	--module "$MODULE" 'pkcs11:colour=red'

ok 'key show' touchmark key show k-rsa3072 --pin-file "$PINFILE"
has '^algorithm: rsa3072$' 'the algorithm'
has 'CKA_NEVER_EXTRACTABLE +true' 'the attributes'
has '^asserted by the module' 'as the module says'
ok 'key show without a login' touchmark key show k-rsa3072 --no-login --json
has '"name":"k-rsa3072"' 'works'
exits 3 'no PIN source at all' touchmark key show k-rsa3072
has 'PIN' 'says what is missing'

git config --file "$CONF" touchmark.gone.uri 'pkcs11:token=gone'
exits 3 'a configured key that is not there' touchmark key list
has "key 'gone': " 'has its line'
has '^k-p256 ' 'and the others theirs'

# Whose key it is: --user, else git's own, else nobody's.
exits 2 'a user that is none' gen who --algorithm p256 --user Nobody
exits 2 'a user of two lines' gen who --algorithm p256 --user "A <a@e.org>
B"
git config --global user.name 'Git User'
git config --global user.email git@e.org
ok "git's user" gen who --algorithm p256
has '^user id: Git User <git@e.org>$' 'is taken, and said'
is "$(git config --file "$CONF" touchmark.who.userId)" \
	'Git User <git@e.org>' 'configured'
ok '--user' gen who2 --algorithm p256 --user 'A <a@e.org>' --json
has '"created":[0-9]+,"userId":"A <a@e.org>"' 'comes first'
rm "$HOME/.gitconfig"

# Several at once take turns at the configuration.
PIDS=
for i in 1 2 3 4; do
	gen "at-once-$i" --algorithm p256 >/dev/null 2>"$T/at-once-$i" &
	PIDS="$PIDS $!"
done
for p in $PIDS; do
	wait "$p"
done
PIDS=
cat "$T"/at-once-* >"$T/out"
is "$(git config --file "$CONF" -l | grep -c '^touchmark.at-once-.*\.uri')" 4 \
	'four at once are all configured'

# In an embedded token: its PIN lies where init has put it.
unset SOFTHSM2_CONF
ok 'init' touchmark init --name first --user a@e.org --algorithm p256
ok 'generate in the embedded token' touchmark key generate more \
	--token touchmark-first --algorithm p256
has '^next: touchmark key csr more --subject ' 'says what is next'
is "$(git config --file "$CONF" touchmark.more.uri | grep -c \
	"?module-path=.*&pin-source=file:$XDG_DATA_HOME/touchmark/touchmark-first.pin")" \
	1 'the key keeps the way to its PIN'
ok 'and opens with it' touchmark key csr more --subject /CN=More \
	--email a@e.org -o "$T/more.csr"
(umask 077 && echo other-PIN >"$T/wrong")
exits 3 '--pin-file comes first' touchmark key generate wrong \
	--token touchmark-first --algorithm p256 --pin-file "$T/wrong"
has 'wrong PIN' 'and is what counts'
SOFTHSM2_CONF=$T/softhsm2.conf
export SOFTHSM2_CONF
softhsm2-util --init-token --free --label touchmark-first --pin test-PIN \
	--so-pin 5678 >/dev/null 2>&1
exits 3 'a token of that name elsewhere' touchmark key generate other \
	--token touchmark-first --algorithm p256
has 'no PIN' 'is not tried with that PIN'

done_testing
