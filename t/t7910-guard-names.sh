#!/bin/sh
# Another name of a key, or its URI, is no way around what the key asks for:
# approvals, a command of its own, an environment.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
# shellcheck source=approval-lib.sh
. "${0%/*}/approval-lib.sh"
need openssl pkcs11-tool softhsm2-util

token_key release release@example.org
token_key other other@example.org
approver ann
cd "$T" || exit 1
git config -f "$CONFIG" touchmark.auditLog "$T/audit.log"
URI=$(git config -f "$CONFIG" touchmark.release.uri)
CERT=$(git config -f "$CONFIG" touchmark.release.cert)
echo x >f

alias_at() {	# URI: a second name for it, with nothing of its own
	git config -f "$CONFIG" --remove-section touchmark.alias 2>/dev/null
	git config -f "$CONFIG" touchmark.alias.uri "$1"
	[ -z "$CERT" ] ||
		git config -f "$CONFIG" touchmark.alias.cert "$CERT"
}
refused() {	# WHAT WANTS CMD...
	what=$1 wants=$2
	shift 2
	rm -f f.p7s
	exits 1 "$what" "$@"
	has "signer-not-allowed: .*'release', which has $wants" 'says why'
}
sign() {
	touchmark sign -k "$1" --no-timestamp f
}
bare="pkcs11:token=$TOKEN;object=release?module-path=$MODULE&pin-source=file:$PINFILE"
byid=$(echo "$bare" | sed "s/object=release/id=$(pkcs11-tool \
	--module "$MODULE" --token-label "$TOKEN" -O --type pubkey 2>/dev/null |
	awk '/label:/ { mine = $2 == "release" }
		/ID:/ && mine { gsub(/../, "%&", $2); print $2; exit }')/")

alias_at "$URI"
ok 'two names of a key that asks for nothing' sign alias
rm f.p7s

# ---- approvals -----------------------------------------------------------------
needs release 1 ann@example.org
refused 'the name without approvals' 'more approvals' sign alias
[ ! -e f.p7s ]
tap $? 'there is no signature'
refused 'for a certificate request too' 'more approvals' \
	touchmark key csr alias --subject /CN=x -o x.csr
refused 'or by its URI' 'more approvals' \
	touchmark key csr "$bare" --subject /CN=x -o x.csr
[ ! -e x.csr ]
tap $? 'there is no request'
alias_at "$byid"
refused 'by another attribute of the URI' 'more approvals' sign alias
git config -f "$CONFIG" --unset touchmark.release.cert
refused 'without a certificate that would tell' 'more approvals' sign alias
ok 'a key that is plainly another one' sign other
rm f.p7s
git config -f "$CONFIG" touchmark.release.cert "$T/pki/release.pem"
alias_at "$(echo "$URI" | sed "s/?.*//")?module-path=$MODULE&pin-source=file:$PINFILE"
refused 'by another query' 'more approvals' sign alias
asks sign release
approves ann "$ID"
ok 'its own name is as good as ever' sign release
rm f.p7s
git config -f "$CONFIG" touchmark.alias.approvals 1
git config -f "$CONFIG" touchmark.alias.roots "$T/pki/ca.pem"
git config -f "$CONFIG" touchmark.alias.approver ann@example.org
asks sign alias
git config -f "$CONFIG" touchmark.release.approvals 2
git config -f "$CONFIG" --add touchmark.release.approver bob@example.org
refused 'fewer approvals' 'more approvals' sign alias

# ---- a command of its own, an environment ----------------------------------------
git config -f "$CONFIG" touchmark.release.approvals 1
git config -f "$CONFIG" touchmark.alias.approver cid@example.org
refused 'or other approvers' 'other approvers' sign alias
for what in approvals roots approver; do
	git config -f "$CONFIG" --unset-all touchmark.release.$what
done
git config -f "$CONFIG" --remove-section touchmark.alias
alias_at "$URI"
git config -f "$CONFIG" touchmark.release.preSign false
refused 'around its command' 'a preSign of its own' sign alias
git config -f "$CONFIG" touchmark.alias.preSign true
refused 'or to another one' 'a preSign of its own' sign alias
git config -f "$CONFIG" --unset touchmark.release.preSign
git config -f "$CONFIG" touchmark.release.env prod
git config -f "$CONFIG" touchmark.alias.env dev
refused 'a key of prod as one of dev' 'another environment' sign alias
is "$(grep -c '"kind":"intent"' audit.log)" 4 'the token was not touched'

done_testing
