#!/bin/sh
# touchmark key export --type openpgp: a key that others import, and the same
# bytes whenever it is derived again.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# SoftHSM keeps a few bytes of each Ed25519 signature: only its name in the stack
# tells the leak checker that they are not ours.
ASAN_OPTIONS=$ASAN_OPTIONS:fast_unwind_on_malloc=0:malloc_context_size=12
need softhsm2-util pkcs11-tool gpg git

CONF=$XDG_CONFIG_HOME/touchmark/config
softhsm_new release
cd "$T" || exit 1
gen() {	# NAME ALGORITHM [OPTION...]
	name=$1 algorithm=$2
	shift 2
	touchmark key generate "$name" --token release --module "$MODULE" \
		--pin-file "$PINFILE" --algorithm "$algorithm" "$@"
}
export_key() {	# NAME FILE [OPTION...]
	name=$1 file=$2
	shift 2
	touchmark key export "$name" --type openpgp --pin-file "$PINFILE" \
		"$@" >"$file" 2>"$T/err"
	rc=$?
	unhurried "$T/err"
	return "$rc"
}
conf() {
	git config --file "$CONF" "$@"
}

for a in rsa3072 p256 p384 ed25519; do
	ok "generate $a" gen "k-$a" $a --user "Key $a <$a@example.org>"
	has "^user id: Key $a <$a@example.org>\$" 'says whose it is'
	ok "export $a" export_key "k-$a" "$a.asc"
	hasnt . 'nothing is said beside it'
	is "$(head -1 "$a.asc")" '-----BEGIN PGP PUBLIC KEY BLOCK-----' \
		'is armoured'
	ok 'gpg imports it' gpg --batch --import "$a.asc"
	gpg --batch --with-colons --list-sigs "$a@example.org" >"$T/out" 2>&1
	has "^uid:[-q]:.*:Key $a <$a@example.org>:" 'with its user id'
	has '^pub:[-q]:[0-9]+:(1|19|22):' 'the key is valid'
	is "$(awk -F: '$1 == "pub" { gsub(/[A-Z]/, "", $12); print $12, $6 }' \
		"$T/out")" "sc $(conf "touchmark.k-$a.created")" \
		'for signing and certifying, born when the configuration says'
	gpg --batch --check-sigs --with-colons "$a@example.org" >"$T/out" 2>&1
	has '^sig:!:.*:13x:' 'its self-signature is good'
	fpr=$(gpg --batch --with-colons --list-keys "$a@example.org" |
		sed -n 's/^fpr:::::::::\([0-9A-F]*\):.*/\1/p')
	ok 'key show' touchmark key show "k-$a" --pin-file "$PINFILE"
	has "^OpenPGP: $fpr " 'shows the same fingerprint'
	ok 'key show --json' touchmark key show "k-$a" --no-login --json
	has "\"openpgp\":\"$fpr\"" 'as well'

	# Derived again: from both, from the token alone, without a word.
	ok 'again' export_key "k-$a" again.asc
	ok 'the same bytes' cmp "$a.asc" again.asc
	uri=$(conf "touchmark.k-$a.uri")
	conf --remove-section "touchmark.k-$a"
	conf "touchmark.new-$a.uri" "$uri"
	ok 'configured anew, from the URI alone' export_key "new-$a" again.asc
	ok 'the same bytes' cmp "$a.asc" again.asc
	ok 'the bare URI' export_key "$uri" again.asc
	ok 'the same bytes' cmp "$a.asc" again.asc
	ok 'binary' export_key "new-$a" "$a.gpg" --no-armor
	gpg --batch --dearmor <"$a.asc" >"$a.bin" 2>/dev/null
	ok 'is the same key' cmp "$a.gpg" "$a.bin"
	ok 'JSON' touchmark key export "new-$a" --type openpgp --json \
		--pin-file "$PINFILE"
	has "\"fingerprint\":\"$fpr\",\"key\":\"-----BEGIN PGP PUBLIC" \
		'has it with its fingerprint'
done

# One second is another key.
ok 'a creation time of the configuration' conf touchmark.new-p256.created \
	1700000000
conf touchmark.new-p256.userId 'Other <other@example.org>'
ok 'is taken' export_key new-p256 other.asc
has 'the configuration says .* created at 1700000000, the token [0-9]+' \
	'and the difference told'
has 'a new one takes its place' 'as is a self-signature for another'
gpg --batch --show-keys --with-colons other.asc >"$T/out" 2>&1
has '^pub:.*:1700000000:' 'the time'
has '^uid:.*:Other <other@example.org>:' 'the user id'
ok 'again' export_key new-p256 again.asc
ok 'the same bytes, ECDSA as well' cmp other.asc again.asc
conf touchmark.new-p256.created 4000000000
ok 'a creation time that is still to come' export_key new-p256 future.asc
has 'warning: the creation time is still to come' 'is told'
conf --unset touchmark.new-p256.created
conf --unset touchmark.new-p256.userId

# What is missing is said, with the command that mends it.
p11() {
	pkcs11-tool --module "$MODULE" --token-label release --login \
		--pin test-PIN --type data "$@" </dev/null 2>/dev/null
}
p11 --list-objects | sed -n "s/^ *label: *'\(openpgp-.*\)'/\1/p" >labels
[ "$(grep -c '^openpgp-[0-9a-f]\{40\}$' labels)" = 4 ]
tap $? 'the token keeps one object for each key'
is "$(grep -c '^openpgp-sig-[0-9a-f]\{40\}$' labels)" 2 \
	'and the self-signatures of ECDSA keys'
while read -r label; do
	p11 --delete-object --label "$label" >/dev/null
done <labels
exits 3 'without a creation time' export_key new-rsa3072 none.asc
has 'creation time' 'is refused'
has "git config --file [^ ]*/config touchmark.new-rsa3072.created SECONDS" \
	'with what to do'
[ ! -s none.asc ]
tap $? 'and nothing is printed'
conf touchmark.new-rsa3072.created \
	"$(gpg --batch --with-colons --list-keys rsa3072@example.org |
	awk -F: '$1 == "pub" { print $6 }')"
exits 2 'without a user id' export_key new-rsa3072 none.asc
has "git config --file $CONF touchmark.new-rsa3072.userId 'Name <mail>'" \
	'is refused, with what to do'
conf touchmark.new-rsa3072.userId 'Key rsa3072 <rsa3072@example.org>'
ok 'with both from the configuration' export_key new-rsa3072 again.asc
ok 'the same bytes' cmp rsa3072.asc again.asc
conf --unset touchmark.new-rsa3072.created
conf --unset touchmark.new-rsa3072.userId
ok 'the token knows them from then on' export_key new-rsa3072 again.asc
ok 'the same bytes' cmp rsa3072.asc again.asc

# What stands in the token under that label is read strictly.
grep -v sig labels >births
for text in 'touchmark openpgp 1' \
	'touchmark openpgp 1\ncreated -5\nuserid A <a@e.org>\n' \
	'touchmark openpgp 1\ncreated 99999999999\nuserid A <a@e.org>\n' \
	'touchmark openpgp 2\ncreated 5\nuserid A <a@e.org>\n' \
	'touchmark openpgp 1\ncreated 5\nuserid A <a@e.org>\nmore\n'; do
	# shellcheck disable=SC2059 # the text is a format
	printf "$text" >object
	while read -r label; do
		p11 --write-object object --label "$label" \
			--application-label touchmark >/dev/null
	done <births
	exits 3 "an object that is not whole: $text" export_key new-p384 x.asc
	has 'creation time' 'is none'
	while read -r label; do
		p11 --delete-object --label "$label" >/dev/null
	done <births
done

# Usage.
exits 2 'no type' touchmark key export new-p256
exits 2 'an unknown type' touchmark key export new-p256 --type pem
for t in minisign signify; do
	exits 3 "--type $t of another key" touchmark key export new-p256 \
		--type $t
	has 'Ed25519 keys alone' 'is not possible'
done
exits 2 'an option of another type' touchmark key export new-p256 \
	--type openpgp --allowed-signers
exits 3 'a key that is not there' export_key nobody x.asc
exits 3 'no PIN' touchmark key export new-rsa3072 --type openpgp
touchmark key export new-p384 --type ssh >/dev/full 2>"$T/out"
is "$?" 4 'a full standard output'

done_testing
