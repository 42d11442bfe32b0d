#!/bin/sh
# touchmark doctor: who would show our signatures as verified, and why not.
# What it says of gpgsm and of our own policy is held against gpgsm and
# against touchmark audit.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
need git openssl softhsm2-util pkcs11-tool gpgsm gpgconf gpg ssh-keygen

mkdir "$T/repo"
cd "$T/repo" || exit 1
git init -q -b main .
token_key dev dev@example.org
pki_crl ca
policy_for ca "crl = $T/pki/ca.crl"
cp "$POLICY" "$T/trust"
git_uses_touchmark
git config --global user.signingKey dev
git config --global commit.gpgSign true
git config --global tag.gpgSign true
conf() {
	git config -f "$CONFIG" "$@"
}
conf touchmark.timestamp never
LEAF='basicConstraints=critical,CA:FALSE'
USE='keyUsage=critical,digitalSignature'
BOTH='extendedKeyUsage=codeSigning,emailProtection'
POINT='crlDistributionPoints=URI:http://crl.example.org/ca.crl'

# says ANSWER RECEIVER PATTERN WHAT: `no` fails a run that asks by name
says() {
	want=0
	[ "$1" != no ] || want=1
	exits $want "$4" touchmark doctor --offline --receiver "$2"
	has "^[a-z]+ +receiver-$2 +would show verified: $1$3" "$2: $1"
}

# ---- git with gpgsm ------------------------------------------------------------------
says no git ' because gpgsm does not have the root CN=ca' 'an empty keybox'
has 'gpgsm --import' 'and what to do'
exits 0 'not asked for by name: a warning' touchmark doctor --offline
has '^warn +receiver-git ' 'is what it is'
gpgsm --batch --import "$T/pki/ca.pem" 2>/dev/null
says no git ' because gpgsm does not trust the root' 'a root that is not trusted'
SHA1=$(sha1_of ca)
has "add the line \"$SHA1 S relax\"" 'the line to add'
echo "!$SHA1 S relax" >"$GNUPGHOME/trustlist.txt"
says no git ' because gpgsm does not trust' 'one that is taken back'
echo "$SHA1 S relax" >"$GNUPGHOME/trustlist.txt"
gpgconf --kill gpg-agent
says no git ' because gpgsm asks for a CRL' 'no CRL can be found'
echo disable-crl-checks >"$GNUPGHOME/gpgsm.conf"
says yes git '$' 'no CRL is asked for'
git commit -q --allow-empty -m judged
run git -c gpg.x509.program=gpgsm log -1 --format=%G?
has '^[GU]$' 'which is what gpgsm says of a commit'
echo "$SHA1" | sed 's/../&:/g; s/:$/ S relax/' >"$GNUPGHOME/trustlist.txt"
says yes git '$' 'a fingerprint with colons'
rm "$GNUPGHOME/gpgsm.conf"
token_leaf dev dev@example.org "$LEAF" "$USE" "$BOTH" "$POINT"
says unknown git ' because gpgsm asks dirmngr' 'a CRL that would be fetched'

# ---- GitLab ------------------------------------------------------------------------------
says unknown gitlab ' because it depends on whether that GitLab trusts CN=ca' \
	'all that GitLab asks of a certificate'
SSL_CERT_FILE=$T/pki/ca.pem
export SSL_CERT_FILE
says yes gitlab '$' 'under a public root'
unset SSL_CERT_FILE
token_leaf dev dev@example.org "$LEAF" "$USE" extendedKeyUsage=codeSigning \
	"$POINT"
says no gitlab ' because .*no extended key usage emailProtection' \
	'code signing alone'
token_leaf dev dev@example.org "$LEAF" "$USE" "$BOTH"
says no gitlab ' because .*no CRL distribution point' 'no place of a CRL'
token_leaf dev dev@example.org "$LEAF" "$USE" "$BOTH" \
	'crlDistributionPoints=URI:ldap://x/'
says no gitlab ' because .*no CRL distribution point' 'one that is not http'
token_leaf dev other@example.org "$LEAF" "$USE" "$BOTH" "$POINT"
says no gitlab ' because .*other@example.org' 'the certificate of another'
PKI_SUBJECT=/CN=dev/emailAddress=dev@example.org token_leaf dev '' "$LEAF" \
	"$USE" "$BOTH" "$POINT"
says no gitlab ' because .*subjectAltName' 'an address in the subject alone'
printf '%s\n' "$LEAF" "$USE" "$BOTH" "$POINT" \
	subjectAltName=email:dev@example.org subjectKeyIdentifier=none \
	authorityKeyIdentifier=none >"$T/bare.ext"
openssl x509 -req -in "$T/pki/dev.csr" -force_pubkey "$T/pki/dev.pub" \
	-CA "$T/pki/ca.pem" -CAkey "$T/pki/ca.key" -days 90 \
	-extfile "$T/bare.ext" -out "$T/pki/dev.pem" 2>/dev/null
says no gitlab ' because .*no (subject|authority) key identifier' \
	'no key identifiers'

# ---- GitHub ------------------------------------------------------------------------------
token_leaf dev dev@example.org
says no github ' because the chain ends in no root' 'a CA of our own'
SSL_CERT_FILE=$T/pki/ca.pem
export SSL_CERT_FILE
says yes github '$' 'a public CA'
exits 1 'another committer' env GIT_COMMITTER_EMAIL=boss@example.org \
	touchmark doctor --offline --receiver github
has 'receiver-github +would show verified: no because .*boss@example.org' \
	'is said'
SSL_CERT_FILE=$T/none
says unknown github ' because .*none' 'no public roots to compare with'
unset SSL_CERT_FILE

# ---- our own policy ------------------------------------------------------------------------
# gate EXIT WHAT: the policy is $T/trust and standard input
gate() {
	{ cat "$T/trust"; cat; } >"$POLICY"
	exits "$1" "$2" touchmark doctor --offline --receiver gate
}
# line REF ANSWER PATTERN WHAT
line() {
	has "^[a-z]+ +receiver-gate +$1: would show verified: $2$3" "$4"
}
gate 0 'roles and formats' <<'END'
[role "us"]
	member = *@example.org
[role "them"]
	member = *@example.com
[ref "refs/heads/main"]
	require = commits
	role = us
[ref "refs/heads/theirs"]
	require = commits
	role = them
[ref "refs/heads/stamped"]
	require = commits
	timestamp = always
[ref "refs/heads/free"]
	require = nothing
END
line refs/heads/main yes '$' 'a member'
line refs/heads/theirs no ' because signer-not-allowed: ' 'no member'
line refs/heads/stamped no ' because timestamp-missing: .*never' 'a timestamp'
hasnt 'refs/heads/free' 'a ref without rules is not mentioned'
git commit -q --allow-empty -m judged
for r in main theirs stamped; do
	run touchmark doctor --offline --receiver gate --json
	said=$(sed -n "s/.*\"refs.heads.$r: would show verified: \([a-z]*\)\( because \([a-z-]*\):\)\{0,1\}.*/\1 \3/p" "$T/out")
	touchmark audit --ref "refs/heads/$r" HEAD~1..HEAD >"$T/out" 2>&1
	if [ "$r" = main ]; then
		is "$?" 0 "audit agrees about $r"
		is "$said" 'yes ' 'which is a yes'
	else
		reason=$(sed -n 's/^touchmark: refuse [^ ]* [^ ]* \([a-z-]*\):.*/\1/p' \
			"$T/out")
		is "$said" "no $reason" "audit agrees about $r: $reason"
	fi
done
exits 1 'another format' env GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=gpg.format \
	GIT_CONFIG_VALUE_0=ssh touchmark doctor --offline
line refs/heads/main no ' because signature-format: ' 'is said'
gate 1 'no ref that takes us' <<'END'
[role "them"]
	member = *@example.com
[ref "refs/heads/*"]
	require = commits
	role = them
END
has '^fail +receiver-gate +no ref of the policy is known to take' 'is said'
exits 0 'not asked for by name: a warning' touchmark doctor --offline
gate 0 'a policy that asks for nothing' <<'END'
[policy]
	enforce = false
[ref "*"]
	require = nothing
END
has '^ok +receiver-gate +no ref of the policy asks' 'is said'
has '^warn +receiver-gate +the policy is not enforced' 'loudly'
git config -f "$CONFIG" --unset touchmark.policy
exits 0 'no policy' touchmark doctor --offline --receiver gate
has 'receiver-gate +would show verified: unknown' 'is unknown'

# ---- OpenPGP and SSH --------------------------------------------------------------------------
git config --global gpg.format openpgp
says no github ' because the key .dev. has no userId' 'OpenPGP without a user id'
conf touchmark.dev.userId 'Dev <other@example.org>'
says no gitlab ' because the committer is dev@example.org' 'of another person'
conf touchmark.dev.userId 'Dev <dev@example.org>'
says unknown github ' because .*public key' 'a key to be uploaded'
has 'touchmark key export dev --type openpgp, and add it there as a GPG key' \
	'and how'
says unknown git ' because the keyring' 'a key to be imported'
has 'touchmark key export dev --type openpgp \| gpg --import' 'and how'
git config --global gpg.format ssh
git config --global gpg.ssh.program touchmark-ssh-keygen
says unknown gitlab ' because .*public key' 'an SSH key to be uploaded'
has 'touchmark key export dev --type ssh, and add it there as a signing key' \
	'and how'
says no git ' because gpg.ssh.allowedSignersFile is not set' 'no allowed signers'
# The tilde is git's to expand.
# shellcheck disable=SC2088
git config --global gpg.ssh.allowedSignersFile '~/signers'
says no git ' because .*/signers .*cannot be read' 'a file that is not there'
echo >"$HOME/signers"
says unknown git ' because .*/signers must hold' 'a file that is there'

# ---- our own policy, with keys that have no certificate -----------------------------------------
conf touchmark.policy "$POLICY"
ssh_line=$(touchmark key export dev --type ssh | cut -d' ' -f1,2)
echo "$ssh_line" >"$T/dev.pub"
ssh_print=$(ssh-keygen -l -f "$T/dev.pub" | cut -d' ' -f2)
echo "dev@example.org $ssh_line" >"$T/signers"
printf '[trust]\n\tallowedSigners = signers\n' >"$T/trust"
rules() {	# FORMAT MEMBER
	cat <<END
[role "us"]
	member = $2
[role "them"]
	member = *@example.com
[ref "refs/heads/main"]
	require = tip
	role = us
	format = $1
[ref "refs/heads/any"]
	require = tip
	format = $1
[ref "refs/heads/theirs"]
	require = tip
	role = them
	format = $1
END
}
# agree: what doctor says is what audit says of a signature
agree() {	# FORMAT
	git commit -q --allow-empty -m judged 2>"$T/out" || cat "$T/out"
	for r in main any theirs; do
		run touchmark doctor --offline --receiver gate --json
		said=$(sed -n "s/.*\"refs.heads.$r: would show verified: \([a-z]*\)\( because \([a-z-]*\):\)\{0,1\}.*/\1 \3/p" "$T/out")
		touchmark audit --ref "refs/heads/$r" HEAD~1..HEAD \
			>"$T/out" 2>&1 && want='yes ' || want="no $(sed -n \
			's/^touchmark: refuse [^ ]* [^ ]* \([a-z-]*\):.*/\1/p' "$T/out")"
		is "$said" "$want" "audit agrees about $r, $1: $want"
	done
}
rules ssh '*@example.org' >"$T/rules"
gate 0 'an SSH key that the policy lists' <"$T/rules"
line refs/heads/main yes '$' 'a member by the principal'
line refs/heads/theirs no ' because signer-not-allowed: ' 'no member'
agree ssh
echo "boss@example.org $ssh_line" >"$T/signers"
rules ssh "ssh:$ssh_print" >"$T/rules"
gate 1 'an SSH key of somebody else' <"$T/rules"
line refs/heads/main no ' because identity-mismatch: ' 'another address'
agree ssh
: >"$T/signers"
rules ssh "ssh:$ssh_print" >"$T/rules"
gate 1 'an SSH key without a line' <"$T/rules"
line refs/heads/main no ' because identity-mismatch: ' 'nobody in person'
line refs/heads/any no ' because cert-missing: ' 'not listed'
agree ssh
{ rules ssh "ssh:$ssh_print"; printf '\ttimestamp = always\n'; } >"$T/rules"
gate 1 'a timestamp that SSH has no place for' <"$T/rules"
line refs/heads/theirs no ' because timestamp-missing: .*SSH' 'is said'
git config --global gpg.format openpgp
conf touchmark.dev.created 1700000000
touchmark key export dev --type openpgp >"$T/keys.asc"
gpg --batch --quiet --import "$T/keys.asc" 2>/dev/null
print=$(gpg --with-colons --list-keys | sed -n '/^fpr/{s/[^0-9A-F]//g;p;q}')
printf '[trust]\n\tkeyring = keys.asc\n' >"$T/trust"
rules openpgp "openpgp:$print" >"$T/rules"
gate 0 'an OpenPGP key of the keyring' <"$T/rules"
line refs/heads/main yes '$' 'a member by fingerprint'
line refs/heads/any yes '$' 'any signer'
line refs/heads/theirs no ' because signer-not-allowed: ' 'no member'
agree openpgp
conf touchmark.dev.created 1700000001
rules openpgp "openpgp:$print" >"$T/rules"
gate 1 'the same key born a second later' <"$T/rules"
line refs/heads/main no ' because cert-missing: ' 'is another key'
agree openpgp
conf --unset touchmark.dev.created
rules openpgp "openpgp:$print" >"$T/rules"
gate 0 'born at a time that only the token knows' <"$T/rules"
line refs/heads/main yes '$' 'is the key that was exported'
conf touchmark.dev.created 1700000000
{
	rules openpgp "openpgp:$print" | sed 's/role = them/role = us/'
	printf '\tformat = x509\n\tthreshold = 2\n'
	printf '[trust]\n\troots = %s\n\trevocation = off\n' "$T/pki/ca.pem"
} >"$T/rules"
gate 0 'a threshold' <"$T/rules"
line refs/heads/theirs unknown ' because ours counts, but 2 different signers' \
	'of whom we are one'
done_testing
