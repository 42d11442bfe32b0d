#!/bin/sh
# A requester with every right that requesters have, and no more: digests that
# are messages of another format, approvals of himself by another address, an
# approval of one namespace for another, a list that nobody can read.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
# shellcheck source=agent-lib.sh
. "${0%/*}/agent-lib.sh"
# shellcheck source=remote-lib.sh
. "${0%/*}/remote-lib.sh"
# shellcheck source=serve-lib.sh
. "${0%/*}/serve-lib.sh"
# shellcheck source=approval-lib.sh
. "${0%/*}/approval-lib.sh"
need openssl pkcs11-tool softhsm2-util ssh-keygen

softhsm_new tmk-test
host_new north
cd "$T" || exit 1
echo release >f
SERVER=$(host_config north)

# ---- Ed25519 signs a digest as a message -------------------------------------------
# 64 bytes: what an SSH signature of namespace "file" signs, or a SHA-512.
on_host north touchmark key generate curve --token token-north \
	--algorithm ed25519 --pin-file "$PINFILE" >setup.log 2>&1 ||
	bail 'no Ed25519 key'
uri=$(git config -f "$SERVER" touchmark.curve.uri)
case $uri in *\?*) sep='&' ;; *) sep='?' ;; esac
git config -f "$SERVER" touchmark.curve.uri "$uri${sep}pin-source=file:$PINFILE"
git config -f "$SERVER" touchmark.curve.created 1700000000
host_requesters north <<'END'
[requester "alice"]
	key = curve
	format = openpgp
	format = minisign
END
message="SSHSIG\\0000\\0000\\0000\\0004file\\0000\\0000\\0000\\0000\\0000\\0000\\0000\\0006sha256\\0000\\0000\\0000\\0040$(digest_of f)"
[ "$(printf %b "$message" | wc -c)" = 64 ] || bail 'the message is 64 bytes'
for what in '2 7 SHA512' '4 0 -'; do
	# shellcheck disable=SC2086 # words on purpose
	set -- $what
	format=$1 tag=$2 value=$3
	hash=3
	[ "$format" = 2 ] || hash=4
	set --
	[ "$tag" = 0 ] || set -- "$tag $value"
	request forged '1 \0001' '2 test' '3 curve' "4 \\000$format" "$@" \
		"15 $message" "16 \\000$hash" "17 $(now_field)"
	ask alice north forged
	has '^answer code 1 seal 0 .*signature-format: .*message of an SSH' \
		"format $format: the message of another format is no digest"
	request honest '1 \0001' '2 test' '3 curve' "4 \\000$format" "$@" \
		"15 $(openssl dgst -sha512 -r f | cut -c1-128 | perl -pe \
			's/(..)/sprintf "\\0%03o", hex $1/ge')" \
		"16 \\000$hash" "17 $(now_field)"
	ask alice north honest
	has '^answer code 0 seal [1-9]' 'and one is as good as ever'
done

# ---- one's own approval -------------------------------------------------------------
token_key release release@example.org
approver ann
approver bob
needs release 1 ann@example.org bob@example.org
asks touchmark sign -k release --no-timestamp f
me=$(id -un)
approver me "$me@example.org"
needs release 1 ann@example.org "$me@example.org"
exits 1 'who asks under his name approves nothing by his address' \
	touchmark approve --request "$ID" -k me
has "signer-not-allowed: $me asked for" 'says so'
approver other "else@example.org,email:$me@example.org"
needs release 1 ann@example.org else@example.org
exits 1 'nor by another address of his certificate' \
	touchmark approve --request "$ID" -k other
has "signer-not-allowed: $me asked for" 'says so'
approves ann "$ID"
ok 'somebody else does' touchmark sign -k release --no-timestamp f

# ---- a namespace ---------------------------------------------------------------------
touchmark key export release --type ssh >release.pub || bail 'no public key'
ssign() {
	rm -f "$2.sig"
	touchmark-ssh-keygen -Y sign -n "$1" -f release.pub "$2"
}
asks ssign file f
file=$ID
approves ann "$file"
asks ssign git f
[ "$ID" != "$file" ]
tap $? 'another namespace is another request'
cp "$(folder "$ID")/request" out
has '^namespace: git$' 'which the approver sees'
ok 'what was approved is signed' ssign file f
exits 1 'and nothing else' ssign git f

# ---- a list of many with long names ----------------------------------------------------
# What alice calls her files must not keep others from seeing theirs.
host_requesters north <<'END'
[requester "alice"]
	key = release
	format = cms
END
CONFIG=$SERVER
needs release 1 ann@example.org
sign_request long release 1 f "20 $(printf '%04000d' 0)"
ask alice north long
has '^answer code 1 seal 0 .*threshold-unmet' 'a request with a long name'
ok 'it is listed' on_host north touchmark approve --list --json
cp out list
[ "$(wc -c <list)" -lt 1500 ]
tap $? 'by a line that leaves room for others'
grep -q '"artefact":"0*\.\.\."' list
tap $? 'and says that the name is longer'

done_testing
