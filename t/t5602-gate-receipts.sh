#!/bin/sh
# [trust] receipts: what the gate let in stays good when its certificate has
# expired, and nothing else becomes good by it.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"

# faketime is a library that comes before the sanitizer's, and cannot be looked
# at by its leak checker.
ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0:detect_leaks=0
export ASAN_OPTIONS
gate_setup
PKI_DAYS=10 pki_leaf ca short dev@example.org
PKI_DAYS=10 pki_leaf ca lifetime dev@example.org \
	basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature \
	extendedKeyUsage=codeSigning,1.3.6.1.4.1.311.10.3.13
CRL_DAYS=3000 pki_crl ca
cp "$T/pki/ca.crl" "$T/ca.crl"
RULES='[ref "refs/tags/*"]
	require = tag
[ref "refs/heads/*"]
	require = commits'
echo "$RULES" | gate_policy
gate_repo srv
git -C "$SRV" config touchmark.gateLog "$T/log"

commit base
git config user.signingKey short
commit one
accept 'a certificate of ten days' main
git tag -s -m one v1
accept 'and a tag by it' v1
git config user.signingKey lifetime
commit lifetime
accept 'one that ends its signatures itself' main:refs/heads/lifetime
git reset -q --hard HEAD~1
git config user.signingKey short
commit unseen
UNSEEN=$(git rev-parse HEAD)
git reset -q --hard HEAD~1

policy_with() {	# the policy of an audit, with receipts
	{
		printf '[trust]\n\troots = roots.pem\n\tcrl = ca.crl\n'
		[ -z "${1-}" ] || printf '\treceipts = %s\n' "$1"
		echo "${2-$RULES}"
	} >"$T/audit.policy"
}
audit() {	# EXIT WHAT [ARG...]
	e=$1 w=$2
	shift 2
	exits "$e" "$w" faketime -f "+20d" touchmark audit \
		--policy "$T/audit.policy" --ref refs/heads/main "$@"
}

policy_with
audit 1 'twenty days later it has expired' "$T/work" main
has 'cert-expired' 'as it should'
policy_with log
audit 0 'but the gate has let it in when it was good' "$T/work" main
exits 0 'the tag too' faketime -f "+20d" touchmark audit \
	--policy "$T/audit.policy" "$T/work" v1
git tag -s -m 'one again' v2 v1^{}
exits 1 'but not another one for the same commit' faketime -f "+20d" \
	touchmark audit --policy "$T/audit.policy" "$T/work" v2
has 'cert-expired' 'which no gate has seen'
git -C "$T/work" branch -q unseen "$UNSEEN"
audit 1 'a commit that it never saw' "$T/work" unseen
has "$(echo "$UNSEEN" | cut -c1-7)[0-9a-f]* .*cert-expired|cert-expired" 'has expired'
git -C "$T/work" branch -q lifetime "$(git -C "$SRV" rev-parse lifetime)"
audit 1 'a certificate that ends all its signatures' "$T/work" lifetime
has 'cert-expired' 'does so here'

# ---- what a receipt cannot do ----------------------------------------------------
policy_with log "$RULES
	timestamp = always"
audit 1 'where a token is always required' "$T/work" main
has 'timestamp-missing' 'a receipt is none'
policy_with log "$RULES
	timestamp = off"
audit 1 'where no proof of time counts' "$T/work" main
has 'cert-expired' 'neither does a receipt'
CRL_DAYS=3000 pki_crl ca "$(pki_serial short)=keyCompromise"
cp "$T/pki/ca.crl" "$T/ca.crl"
policy_with log
audit 1 'a stolen key' "$T/work" main
has 'cert-revoked' 'stays revoked'
CRL_DAYS=3000 pki_crl ca "$(pki_serial short)=superseded"
cp "$T/pki/ca.crl" "$T/ca.crl"
audit 1 'a certificate that was replaced before the push' "$T/work" main
has 'cert-revoked' 'is revoked'
CRL_DAYS=3000 pki_crl ca \
	"$(pki_serial short)=superseded@$(date -u -d '5 days' +%y%m%d%H%M%SZ)"
cp "$T/pki/ca.crl" "$T/ca.crl"
audit 1 'one that was replaced after it' "$T/work" main
has 'cert-revoked' 'too: a receipt helps against the end of validity alone'
CRL_DAYS=3000 pki_crl ca
cp "$T/pki/ca.crl" "$T/ca.crl"

# refused and let-in pushes are no receipts
git config user.signingKey short
commit refused
git -c commit.gpgSign=false commit -q --allow-empty -m unsigned
refuse signature-missing 'a good commit below a bad one' main:refs/heads/refused
git branch -q refused HEAD~1
audit 1 'what a refused push held' "$T/work" refused
has 'cert-expired' 'was not let in'
git reset -q --hard HEAD~2
printf '[policy]\n\tenforce = false\n%s\n' "$RULES" | gate_policy
commit warned
push main:refs/heads/warned
grep -q '"enforced":false,"outcome":"accepted"' "$T/log"
tap $? 'a push under a policy that is not enforced'
git branch -q warned HEAD
audit 1 'what came in without being enforced' "$T/work" warned
has 'cert-expired' 'is no receipt'
git reset -q --hard HEAD~1
echo "$RULES" | gate_policy

# ---- logs that are not to be believed ----------------------------------------------
cp "$T/log" "$T/good.log"
invalid() {
	audit 2 "$1" "$T/work" main
	has "receipts: the chain of .*log breaks at line $2" 'the policy is invalid'
	cp "$T/good.log" "$T/log"
}
sed -i '1s/accepted/acceptee/' "$T/log"
invalid 'a changed line' 2
sed -i '$d' "$T/log"
invalid 'a cut end' "$(wc -l <"$T/good.log")"
: >"$T/log"
invalid 'an emptied log' 1
policy_with nowhere.log
audit 2 'a log that is not there' "$T/work" main
policy_with log
touchmark log rotate "$T/log" >"$T/out" 2>&1
audit 1 'a new log knows nothing of old pushes' "$T/work" main
policy_with "log
	receipts = log.1"
audit 0 'both of them do' "$T/work" main

# ---- the gate itself -------------------------------------------------------------------
{
	printf '[trust]\n\troots = roots.pem\n\tcrl = ca.crl\n\treceipts = log.1\n'
	echo "$RULES"
} >"$T/policy"
gate_repo second
git -C "$SRV" config touchmark.gateLog "$T/second.log"
rm "$SRV/hooks/pre-receive"
printf '#!/bin/sh\nexec faketime -f +20d %s/touchmark-pre-receive\n' "$BIN" \
	>"$SRV/hooks/pre-receive"
chmod +x "$SRV/hooks/pre-receive"
accept 'a mirror takes what the first server let in' main
grep -q '"timeFrom":"receipt"' "$T/second.log"
tap $? 'and records whose time counted'
refuse cert-expired 'and nothing else' unseen
cp "$T/log.1" "$T/keep.1"
sed -i '1s/accepted/acceptee/' "$T/log.1"
refuse policy-invalid 'receipts whose chain breaks' unseen
cp "$T/keep.1" "$T/log.1"
git init -q -b main "$T/tree"
git -C "$T/tree" config receive.denyCurrentBranch updateInstead
git -C "$T/tree" config touchmark.policy "$T/policy"
ln -s "$BIN/touchmark-pre-receive" "$T/tree/.git/hooks/pre-receive"
cp "$T/log.1" "$T/log.1.head" "$T/tree/"
sed -i 's/receipts = log.1/receipts = tree\/log.1/' "$T/policy"
run git push -q "file://$T/tree" main
has 'policy-invalid: .*log.1 lies in the working tree' 'receipts that are pushed are none'
done_testing
