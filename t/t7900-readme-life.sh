#!/bin/sh
# "A key for life" and "One key for a team": the lines of README.md as they
# stand there, with a CA and a signing host of our own, and an ssh that runs
# what the line of authorized_keys says.
# shellcheck disable=SC2030,SC2031 # CONFIG is another one on the host alone
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
# shellcheck source=remote-lib.sh
. "${0%/*}/remote-lib.sh"
# shellcheck source=approval-lib.sh
. "${0%/*}/approval-lib.sh"
need softhsm2-util pkcs11-tool openssl gpg gpgv git

# Each indented block of a section is a file, $T/block.N.
blocks() {	# SECTION HOW-MANY
	rm -f "$T"/block.*
	awk -v section="## $1" -v to="$T/block." '
	/^## / { inside = ($0 == section) }
	inside && /^    / {
		if (!open) file = to (++n)
		open = 1
		print substr($0, 5) >file
		next
	}
	{ open = 0 }' "$TOP/README.md"
	is "$(find "$T" -name 'block.*' | wc -l)" "$2" "$1: $2 things to do"
}

# Lines that end in a backslash are one command.
commands() {	# N: $T/command.1 and so on
	rm -f "$T"/command.*
	awk -v to="$T/command." 'BEGIN { n = 1 } { print >(to n) }
		!/\\$/ { n++ }' "$T/block.$1"
}

typed() {	# EXIT N WHAT
	exits "$1" "$3" timeout 120 sh -e "$T/command.$2"
}

# ---- a key for life ----------------------------------------------------------

blocks 'A key for life' 4
sed -i "s|LABEL|prod --module $MODULE|" "$T/block.1"
softhsm_new prod
export TOUCHMARK_PIN_FILE="$PINFILE"
pki_root corporate
cd "$T" || exit 1

commands 1
typed 0 1 'its birth'
has '^transcript: birth.txt' 'has a transcript'
is "$(grep -c 'Ann <ann@example.org>' birth.txt)" 1 'with its witness'
typed 0 2 'its request'
ok 'which openssl takes' openssl req -in release.csr -noout -verify -subject
has 'CN *= *Release' 'with its subject'
printf '%s\n' basicConstraints=critical,CA:FALSE \
	keyUsage=critical,digitalSignature extendedKeyUsage=codeSigning \
	subjectKeyIdentifier=hash authorityKeyIdentifier=keyid >ext
ok 'the CA answers' openssl x509 -req -in release.csr -CA pki/corporate.pem \
	-CAkey pki/corporate.key -sha256 -set_serial 1 -days 300 \
	-extfile ext -out release.pem
typed 0 3 'its certificate'
has 'CN=Release' 'is taken'

commands 2
typed 0 1 'a record'
echo content >f
ok 'a use of the key' touchmark sign f
typed 0 2 'what it was used for'
has '^1 .* intent .* release .* f ' 'is shown'
typed 0 3 'and the record is whole'

commands 3
typed 0 1 'what ends when'
grep -q '<svg' status.html
tap $? 'has its picture'
typed 0 2 'whether every place works'
has ' ok ' 'it does'
typed 0 3 'the report'
ok 'is signed by the key itself' openssl cms -verify -binary -inform DER \
	-in release-report.txt.p7s -content release-report.txt \
	-CAfile pki/corporate.pem -purpose any -out /dev/null
run timeout 120 sh -e command.4
has '^[a-z]+ +69 ' 'good practice has 69 rows'

commands 4
exits 2 'nobody is there to say that it is meant' sh -e command.1
has 'hint: .*--yes' 'which can be said otherwise'
ok 'it still signs' touchmark sign --resign f
sed -i 's/$/ --yes/' command.1
typed 0 1 'it is lost'
has 'f$' 'what it signed is told'
exits 3 'it signs no more' touchmark sign --resign f
has 'denied' 'as is said'
exits 1 'and its status' touchmark key status --warn 60
unset TOUCHMARK_PIN_FILE

# ---- one key for a team ----------------------------------------------------------

HOST=host.example.org
blocks 'One key for a team' 5
host_new "$HOST"
HCONFIG=$(host_config "$HOST")
git config -f "$HCONFIG" touchmark.release.created 1700000000
git config -f "$HCONFIG" touchmark.release.userId 'Release <release@example.org>'
softhsm_new "$TOKEN"
fake_ssh
# sshd runs what the line says, whatever it was asked for.
forced=$(sed -n 's/^restrict,command="\([^"]*\)" ssh-ed25519 .*/\1/p' block.1)
is "$forced" 'touchmark serve --requester alice' 'the forced command'
host_does "$HOST" "exec $(host_serve | sed 's/touchmark serve.*//') $forced"
host_requesters "$HOST" <block.2
rm -rf "${CONFIG%/*}"
mkdir -p "${CONFIG%/*}"
commands 3
typed 0 1 "alice's key"
ok 'signs as the key of the host' touchmark sign -k release -t openpgp f
on_host "$HOST" touchmark key export release --type openpgp --no-armor \
	>release.gpg 2>setup.log || bail 'no OpenPGP key'
ok 'gpgv takes it' gpgv --keyring ./release.gpg f.asc f
exits 1 'in another format' touchmark sign -k release -t ssh f
has 'signer-not-allowed' 'she may not'
git_uses_touchmark
git config --global gpg.format openpgp
git config --global user.signingKey release
new_repo repo
ok 'git signs with it' git -C repo commit -q -S --allow-empty -m one
ok 'and the real gpg takes it' env GNUPGHOME="$T/gnupg" sh -c \
	'gpg -q --import release.gpg && git -C repo -c gpg.program=gpg verify-commit HEAD'

# ---- several people ------------------------------------------------------------

cat block.4 >>"$HCONFIG"
(
	SOFTHSM2_CONF=$HOSTS/$HOST/softhsm2.conf
	TOKEN=token-$HOST
	CONFIG=$HCONFIG
	NEXT_ID=40
	for a in bob carol dave; do approver "$a"; done
) || exit 1
cp pki/ca.pem "${HCONFIG%/*}/approvers.pem"
rm f.asc
asks touchmark sign -k release -t openpgp f
has 'hint: .*touchmark approve' 'and it is told what to do'
commands 5
for a in bob dave; do
	ok 'what waits' on_host "$HOST" sh -e command.1
	has "^$ID .*alice asks key 'release' for openpgp" 'is listed'
	sed "s/ID/$ID/; s/KEY/$a/" command.2 >now
	ok "$a agrees" on_host "$HOST" sh -e now
done
ok 'then it is signed' touchmark sign -k release -t openpgp f
ok 'gpgv takes it' gpgv --keyring ./release.gpg f.asc f
asks touchmark sign --resign -k release -t openpgp f
ok 'the record of the host' on_host "$HOST" touchmark log verify
done_testing
