#!/bin/sh
# "A gate for a project": the lines of README.md as they stand there, on a
# project with history, with two people, an authority that publishes its
# revocation list, and a timestamp authority. Only places differ: what README
# keeps in /etc, /srv and /usr/local lies in the scratch directory.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
# shellcheck source=crl-lib.sh
. "${0%/*}/crl-lib.sh"
need git openssl softhsm2-util pkcs11-tool perl

# Each indented block of the section is a file.
awk -v to="$T/block." '
/^## / { inside = ($0 == "## A gate for a project") }
inside && /^    / {
	if (!open) file = to (++n)
	open = 1
	print substr($0, 5) >file
	next
}
inside && /^$/ { next }
{ open = 0 }' "$TOP/README.md"
is "$(find "$T" -name 'block.*' | wc -l)" 9 'a policy and eight things to do'
sed -i -e "s|/etc/|$T/etc/|g" -e "s|/srv/|$T/srv/|g" \
	-e "s|/usr/local/libexec/touchmark/|$BIN/|g" "$T"/block.*

# type_it N WHAT: in the current directory
type_it() {
	ok "$2" sh -e "$T/block.$1"
}

# What is not ours: another user, and systemd.
mkdir "$T/fake"
printf '#!/bin/sh\nshift 2\nexec "$@"\n' >"$T/fake/sudo"
printf '#!/bin/sh\necho "$*" >%s/systemctl.said\n' "$T" >"$T/fake/systemctl"
chmod +x "$T/fake/sudo" "$T/fake/systemctl"
PATH=$T/fake:$PATH

token_key alice alice@example.org
token_key bob bob@example.org
crl_server
pki_crl ca
cp "$T/pki/ca.crl" "$T/www/ca.crl"
pki_leaf ca point '' basicConstraints=critical,CA:FALSE \
	keyUsage=critical,digitalSignature extendedKeyUsage=codeSigning \
	"crlDistributionPoints=URI:$WWW/ca.crl"
tsa_new tsa
tsa_start tsa
mkdir -p "$T/etc/touchmark" "$T/etc/default" "$T/srv/git"
E=$T/etc/touchmark
cp "$T/pki/ca.pem" "$E/roots.pem"
cp "$T/pki/tsa-root.pem" "$E/tsa-roots.pem"
cp "$T/pki/point.pem" "$E/alice.pem"
cp "$T/block.1" "$E/policy"

export TOUCHMARK_PIN_FILE="$PINFILE"
SRV=$T/srv/git/project.git
git init -q --bare -b main "$SRV"
git -C "$SRV" config touchmark.policy "$E/policy"
git -C "$SRV" config receive.fsckObjects true
git config --global gpg.format x509
git config --global gpg.x509.program "$BIN/touchmark-gpgsm"
git config --global touchmark.tsa "$TSA_URL"
be() {	# NAME: in the repository of this person
	GIT_COMMITTER_EMAIL=$1@example.org
	GIT_COMMITTER_NAME=$1
	cd "$T/$1" || exit 1
	git config user.signingKey "$1"
	git config touchmark.key "$1"
}
git init -q -b main "$T/alice"
be alice
for m in one two; do
	git commit -q --allow-empty -m $m
done
git remote add origin "file://$SRV"
git push -q origin main
cd "$T" || exit 1

exits 2 'the policy names a directory' touchmark policy check "$E/policy"
has 'touchmark/crls: No such file or directory' 'which is not there'
mkdir "$E/crls"
ok 'the policy, before there is a list' touchmark policy check "$E/policy"
has 'warning: .*no current revocation list of CN=ca,O=Test' 'says so'
rmdir "$E/crls"
type_it 2 'the revocation lists'
has ': updated: CRL .* of CN=ca,O=Test, until ' 'one is fetched'
is "$(cat "$T/systemctl.said")" 'enable --now touchmark-crl-fetch.timer' \
	'the timer'
run sh "$T/block.3"
is "$RC" 1 'history is not signed'
has '^refs/heads/main$' 'the refs that are there'
hasnt 'no current revocation list' 'and a current list'
has '^touchmark: 2 judged, 2 refused$' 'both commits'
type_it 4 'history is exempted'
type_it 5 'the hook'
has '^warn  policy: .* is not enforced' 'nothing is enforced yet'
hasnt '^fail' 'nothing is missing'

cd "$T/alice" || exit 1
git commit -q --allow-empty -m hurry
ok 'an unsigned commit is let in' git push origin main
has 'refuse refs/heads/main .* signature-missing' 'and told'
cd "$T" || exit 1
git config --file "$E/policy" --add exempt.commit \
	"$(git -C "$SRV" rev-parse main)"
type_it 6 'from now on it is enforced'
cd "$T/alice" || exit 1
git commit -q --allow-empty -m hurry
exits 1 'an unsigned commit is not let in' git push origin main
git reset -q --hard HEAD~1
git commit -q --allow-empty -S -m signed
ok 'a signed one is' git push origin main

type_it 7 'a candidate of one person'
exits 1 'is no release' git push origin v1.0
has 'threshold-unmet: 1 of 2 .*touchmark approve --tag NAME' \
	'which says what to do'
git clone -q "file://$SRV" "$T/bob"
be bob
type_it 8 'the second person publishes it'
is "$(git ls-remote origin 'refs/tags/*' 'refs/candidates/*' | wc -l)" 2 \
	'the tag and what it is of; the candidate is gone'

cd "$T" || exit 1
type_it 9 'what the auditor asks'
has '^    good  refs/tags/v1\.0  1 object  signers 0, 1  ' 'who let it in'
has '^.*touchmark/log: good, [0-9]* entries' 'the chain is whole'
has '"results":\[\]' 'and nothing is refused'
done_testing
