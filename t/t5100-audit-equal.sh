#!/bin/sh
# touchmark audit says what the gate says: each push below runs through the
# pre-push hook, which only writes down, and through a real gate under the
# same policy. The refusals must be the same lines.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"

gate_setup
tsa_new tsa
cp "$T/pki/tsa-root.pem" "$T/tsa-roots.pem"
MAIN='[role "developers"]
	member = *@example.org
[ref "refs/heads/main"]
	require = commits
	role = developers
[ref "refs/heads/topic/*"]
	require = commits
	role = developers
[ref "refs/heads/tip"]
	require = tip
[ref "refs/heads/line"]
	require = commits
	merges = first-parent
[ref "refs/heads/free/*"]
	require = nothing
	force = allow
	delete = allow
[ref "refs/heads/once"]
	require = nothing
	update = deny
[ref "refs/tags/v*"]
	require = tag
	role = developers
[ref "refs/tags/stamped/*"]
	require = tag
	timestamp = always'
echo "$MAIN" | gate_policy
gate_repo srv
git remote add origin "$REMOTE"
cat >.git/hooks/pre-push <<'END'
#!/bin/sh
touchmark audit --pre-push --policy "$T/policy" "$@" >"$T/audit.stdout" \
	2>"$T/audit"
echo $? >"$T/audit.rc"
exit 0
END
chmod +x .git/hooks/pre-push

# lines FILE: the refusals in it, as the gate writes them; a second may pass
# between the two judgements
lines() {
	sed -n 's/^\(remote: \)\{0,1\}\(touchmark: refuse .*\)$/\2/p' "$1" |
		sed 's/ *$//; s/, judged at [-0-9T:]*Z;/;/' | sort
}

# both REASON WHAT [REF...]: a push to origin; REASON good when it comes in.
# A push that comes in is one that the audit let go, and the other way round.
both() {
	reason=$1 what=$2
	shift 2
	echo never >"$T/audit.rc"
	run git push -q origin "$@"
	lines "$T/out" >"$T/gate.lines"
	lines "$T/audit" >"$T/audit.lines"
	want=1
	[ "$reason" != good ] || want=0
	good=0
	[ "$(cat "$T/audit.rc")" = "$want" ] || good=1
	if [ "$reason" = good ]; then
		[ "$RC" = 0 ] || good=1
	else
		[ "$RC" != 0 ] || good=1
		grep -q " $reason: " "$T/gate.lines" || good=1
	fi
	cmp -s "$T/gate.lines" "$T/audit.lines" || good=1
	! grep -q Sanitizer "$T/audit" "$T/out" || good=1
	{
		echo "audit ended with $(cat "$T/audit.rc"):"
		cat "$T/audit"
	} >>"$T/out"
	tap $good "the same, $reason: $what"
}

# try REASON WHAT KEY [git option...]: a commit by this key on topic/try
try() {
	reason=$1 what=$2 key=$3
	shift 3
	git reset -q --hard base
	git -c user.signingKey="$key" "$@" commit -q --allow-empty \
		-m "$what" 2>"$T/out" || {
		tap 1 "$what: the test cannot sign"
		return
	}
	both "$reason" "$what" +main:refs/heads/topic/try
	git -C "$SRV" update-ref -d refs/heads/topic/try
	git update-ref -d refs/remotes/origin/topic/try
}

unsigned() {
	git -c commit.gpgSign=false commit -q --allow-empty "$@"
}

# ---- commits --------------------------------------------------------------------
commit base
git tag --no-sign base
both good 'a signed commit' main
commit two
both good 'one more' main
unsigned -m unsigned
both signature-missing 'an unsigned commit' main
commit after
both signature-missing 'a signed one on top of it' main
i=0
while [ $i -lt 24 ]; do
	i=$((i + 1))
	unsigned -m "many $i"
done
git push -q origin main >"$T/out" 2>&1
has '25 refusals, 20 shown' 'the gate shows 20 refusals'
is "$(lines "$T/audit" | wc -l)" 25 'the audit shows all of them'

# ---- certificates -----------------------------------------------------------------
try good 'a good certificate' dev
pki_leaf ca mailonly dev@example.org basicConstraints=critical,CA:FALSE \
	keyUsage=critical,digitalSignature extendedKeyUsage=emailProtection
try cert-usage 'a certificate for mail' mailonly
pki_root other
pki_leaf other stranger dev@example.org
try chain-untrusted 'a certificate under another root' stranger
PKI_AT='2021-01-01' PKI_DAYS=30 pki_leaf ca old dev@example.org
try cert-expired 'an expired certificate' old
PKI_AT="$(date -u -d '+20 days' '+%F %T')" pki_leaf ca young dev@example.org
try cert-not-yet-valid 'a certificate of the future' young
pki_leaf ca eve eve@example.org
try identity-mismatch 'the certificate of another person' eve
pki_leaf ca out dev@example.com
try signer-not-allowed 'no member of the role' out
GIT_COMMITTER_EMAIL=boss@example.org
try identity-mismatch 'a foreign committer' dev
GIT_COMMITTER_EMAIL=dev@example.org
SIGN_OPTS=-nocerts
export SIGN_OPTS
try cert-missing 'no certificate in the signature' dev
unset SIGN_OPTS
SIGN_MD=sha1
export SIGN_MD
try digest-weak 'SHA-1' dev
unset SIGN_MD
pki_leaf ca revoked dev@example.org
pki_crl ca "$(pki_serial revoked)=keyCompromise"
cp "$T/pki/ca.crl" "$T/ca.crl"
try cert-revoked 'a revoked certificate' revoked
mv "$T/ca.crl" "$T/ca.crl.kept"
pki_crl other
cp "$T/pki/other.crl" "$T/ca.crl"
try revocation-unknown 'no CRL of this CA' dev
mv "$T/ca.crl.kept" "$T/ca.crl"

# ---- formats ------------------------------------------------------------------------
armour() {	# LABEL REASON WHAT: a commit with such an armour
	git reset -q --hard base
	plain >"$T/commit.plain"
	{
		echo "-----BEGIN $1-----"
		[ "$1" = 'SSH SIGNATURE' ] || echo
		echo aGVsbG8=
		echo "-----END $1-----"
	} | fold gpgsig >"$T/commit.sig"
	oid=$(with_header "$T/commit.sig" <"$T/commit.plain" | put commit)
	both "$2" "$3" "+$oid:refs/heads/topic/armour"
}
plain() {	# as in gate-lib.sh, on base
	printf 'tree %s\nparent %s\n' "$(git mktree </dev/null)" \
		"$(git rev-parse base)"
	printf 'author Dev <dev@example.org> 1750000000 +0000\n'
	printf 'committer Dev <dev@example.org> 1750000000 +0000\n\nmessage\n'
}
armour 'PGP SIGNATURE' signature-format 'OpenPGP where X.509 is wanted'
armour 'SSH SIGNATURE' signature-format 'SSH where X.509 is wanted'
armour 'SIGNED THING' signature-malformed 'no armour of anything'
oid=$( { plain; printf 'tail\0hidden\n'; } | put commit)
both object-malformed 'a NUL and a hidden tail' "+$oid:refs/heads/topic/nul"

# ---- refs ----------------------------------------------------------------------------
git reset -q --hard base
commit good
both good 'back on a good branch' +main:refs/heads/topic/a
both ref-unmatched 'a ref that no rule matches' main:refs/odd/x
both ref-namespace 'a replace ref' "main:refs/replace/$(git rev-parse base)"
git reset -q --hard base
commit aside
both ref-force 'a forced branch' +main
both ref-delete 'a deletion' :main
both good 'a branch that may be forced' main:refs/heads/free/x
unsigned -m free
both good 'unsigned where nothing is required' +main:refs/heads/free/x
commit covered
both signature-missing 'laundered through the free branch' \
	main:refs/heads/topic/laundry
both good 'a free branch deleted' :free/x
both good 'a ref made once' main:refs/heads/once
git reset -q --hard base
both ref-force 'and moved' +main:refs/heads/once
both good 'a new branch of what the server has' base:refs/heads/topic/b
git reset -q --hard base
unsigned -m below
commit tip
both good 'the tip alone is judged' main:refs/heads/tip
unsigned -m tip
both signature-missing 'an unsigned tip' main:refs/heads/tip
git reset -q --hard base
git checkout -q -b side
unsigned -m side
git checkout -q main
commit onward
git merge -q --no-ff -S -m merge side >/dev/null
both good 'first parents alone' main:refs/heads/line
both signature-missing 'all parents' main:refs/heads/topic/merge
both signature-missing 'two refs of one push' main:refs/heads/topic/m1 \
	main:refs/heads/topic/m2

# ---- tags ----------------------------------------------------------------------------
git reset -q --hard base
git tag -s -m one v1
both good 'a signed tag' v1
git tag -a --no-sign -m two v2
both tag-unsigned 'an annotated tag without a signature' v2
git tag --no-sign v3
both tag-unsigned 'a lightweight tag' v3
both tag-name 'a tag under another name' v1:refs/tags/v9
git tag -f -s -m again v1 >/dev/null 2>&1
both tag-moved 'a tag that moves' +v1
both tag-target 'a tag object in a branch' v1:refs/heads/topic/tag
git tag -s -m blob v4 "$(echo x | git hash-object -w --stdin)"
both tag-target 'a tag of a blob' v4
git tag -s -m plain stamped/a
both timestamp-missing 'no timestamp where one is wanted' stamped/a
SIGN_TSA=tsa
export SIGN_TSA
git tag -s -m stamped stamped/b
both timestamp-untrusted 'a timestamp that nobody trusts' stamped/b
unset SIGN_TSA

# ---- the policy -------------------------------------------------------------------------
git reset -q --hard base
unsigned -m open
printf '[policy]\n\tenforce = false\n%s\n' "$MAIN" | gate_policy
run git push -q origin main:refs/heads/topic/open
is "$(lines "$T/audit")" "$(lines "$T/out")" \
	'enforce = false: the same lines'
is "$(cat "$T/audit.rc")" 0 'and the audit lets the push go, as the gate does'
grep -q 'WARNING: the policy is not enforced' "$T/audit"
tap $? 'which it says loudly'
echo "$MAIN" | sed 's/require = tip/require = typ/' | gate_policy
run git push -q origin main:refs/heads/topic/invalid
is "$(cat "$T/audit.rc")" 2 'a policy that cannot be read: exit 2'
is "$(lines "$T/audit")" "$(lines "$T/out")" 'and the same line'
is "$(cat "$T/audit.stdout")" '' 'a hook says nothing on standard output'

# ---- what is not in this repository -----------------------------------------------------
echo "$MAIN" | gate_policy
git clone -q --depth 1 -b main "$REMOTE" "$T/shallow" 2>/dev/null
cd "$T/shallow" || exit 1
cp "$T/work/.git/hooks/pre-push" .git/hooks/
for n in gpg.format gpg.x509.program user.signingKey commit.gpgSign; do
	git config $n "$(git -C "$T/work" config $n)"
done
commit onshallow
run git push -q origin main
is "$RC $(cat "$T/audit.rc")" '0 0' 'a push from a shallow clone'
git -C "$SRV" update-ref refs/heads/topic/other main
unsigned -m bad
both signature-missing 'an unsigned commit from a shallow clone' main
done_testing
