#!/bin/sh
# touchmark init in a token that is there already.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need softhsm2-util openssl

softhsm_new given
exits 3 'a token that is not there' touchmark init --user a@e.org \
	--token absent --module "$MODULE" --pin-file "$PINFILE"
exits 3 'a module that is not there' touchmark init --user a@e.org \
	--token given --module "$T/none.so" --pin-file "$PINFILE"
echo other-PIN >"$T/wrong" && chmod 600 "$T/wrong"
exits 3 'a wrong PIN' touchmark init --user a@e.org --token given \
	--module "$MODULE" --pin-file "$T/wrong"
hasnt 'other-PIN' 'is not shown'
[ ! -e "$XDG_CONFIG_HOME/touchmark/config" ]
tap $? 'nothing is configured by any of these'

ok 'init --token --module --pin-file' touchmark init --name given-key \
	--user 'A <a@e.org>' --token given --module "$MODULE" \
	--pin-file "$PINFILE" --algorithm p256
has '^token: given$' 'uses that token'
[ ! -e "$XDG_DATA_HOME/touchmark" ]
tap $? 'and makes none'
ok 'the key is there' touchmark key show given-key --json
has '"token":"given"' 'in that token'
has '"CKA_EXTRACTABLE":false' 'not extractable'

exits 3 'its label again' touchmark key generate given-key2 --token given \
	--module "$T/none.so" --pin-file "$PINFILE" --algorithm p256
ok 'a PIN from the environment' env TOUCHMARK_PIN_FILE="$PINFILE" \
	touchmark init --name env-key --user 'A <a@e.org>' --token given \
	--module "$MODULE" --algorithm p384
has '^PIN: asked for' 'is not kept'
git config --file "$XDG_CONFIG_HOME/touchmark/config" \
	touchmark.env-key.uri >"$T/out"
hasnt 'pin-' 'not in the URI either'

done_testing
