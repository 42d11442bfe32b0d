#!/bin/sh
# The same git commands over the same signed objects, once with the real gpgsm
# and once with touchmark-gpgsm: git's answers are the same. Where ours is
# stricter by design, the case stands in a list with its reason.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need git gpgsm openssl pkcs11-tool softhsm2-util faketime

token_key dev dev@example.org
TOKEN_TYPE=rsa:3072 PKI_SUBJECT='/C=DE/O=Org, Inc./OU=Zürich/CN=R S A' \
	token_key rsa rsa@example.org
policy_for ca
git_uses_touchmark
git config --global user.signingKey dev
stock_trusts ca
new_repo "$T/r"
cd "$T/r" || exit 1

# with PROGRAM GIT-ARG...: standard output alone in $T/out, the code in RC
with() {
	program=$1
	shift
	git -c gpg.x509.program="$program" "$@" >"$T/out" 2>"$T/log" \
		</dev/null
	RC=$?
}

# same NAME GIT-ARG...: both give the same code and the same output
same() {
	n=$1
	shift
	with gpgsm "$@"
	code=$RC
	grep -av '^.GNUPG:. PROGRESS ' "$T/out" >"$T/stock"
	with touchmark-gpgsm "$@"
	[ "$RC" = "$code" ] && cmp -s "$T/stock" "$T/out"
	r=$?
	[ $r = 0 ] || {
		echo "stock: exit $code"
		cat "$T/stock"
		echo "ours: exit $RC"
		cat "$T/out" "$T/log"
	} >"$T/both"
	[ $r = 0 ] || mv "$T/both" "$T/out"
	tap $r "$n (exit $code)"
}

ALL='%G?|%GS|%GK|%GF|%GP|%GT'

# ---- what both must say alike ----------------------------------------------
echo one >f && git add f && git commit -q -S -m good
good=$(git rev-parse HEAD)
git commit -q --allow-empty -Srsa -m rsa
rsa=$(git rev-parse HEAD)
git commit -q --allow-empty --no-gpg-sign -m unsigned
unsigned=$(git rev-parse HEAD)
git cat-file commit "$good" | sed 's/^good$/evil/' >"$T/altered"
bad=$(git hash-object -t commit -w --stdin <"$T/altered")
git tag -s -m signed t-good "$good"
git tag -s -u rsa -m signed t-rsa "$good"
git tag -a -m unsigned t-unsigned "$good"
git cat-file tag t-good | sed 's/^signed$/other/' >"$T/altered"
git update-ref refs/tags/t-bad "$(git mktag <"$T/altered")"

for c in good rsa unsigned bad; do
	eval "id=\$$c"
	# gpgsm tells no trust of a bad signature, and git aborts over it.
	[ $c != bad ] || ALL=${ALL%|%GT}
	same "$c commit: git log %G" log -1 --format="$ALL" "$id"
	same "$c commit: verify-commit" verify-commit "$id"
	same "$c commit: show" show -s --format="%H $ALL" "$id"
	same "$c tag: verify-tag" verify-tag "t-$c" 2>/dev/null
	same "$c tag: verify-tag --format" \
		verify-tag --format='%(refname) %(contents:subject)' "t-$c"
	same "$c tag: tag -v" tag -v "t-$c"
	for level in undefined never marginal fully ultimate; do
		same "$c commit: minTrustLevel $level" \
			-c gpg.minTrustLevel=$level verify-commit "$id"
		same "$c tag: minTrustLevel $level" \
			-c gpg.minTrustLevel=$level verify-tag "t-$c"
	done
done
with touchmark-gpgsm log -1 --format="$ALL|%GT" "$good"
has "^G\|/CN=dev/O=Test\|$(sha1_of dev)\|$(sha1_of dev)\|\|fully\$" \
	'which is: good, named, fully trusted'
with touchmark-gpgsm log -1 --format='%G?|%GT' "$bad"
has '^B.undefined$' 'and: bad, where gpgsm makes git abort'
with touchmark-gpgsm log -1 --format='%G?' "$unsigned"
has '^N$' 'and: none'
same 'a whole log' log --format="%h $ALL" "$rsa"

# The status lines themselves.
raw() {	# PROGRAM VERB OBJECT: as verify-... --raw shows them on stderr
	git -c gpg.x509.program="$1" "$2" --raw "$3" 2>&1 >/dev/null |
		grep -v -e ' PROGRESS ' -e '^gpgsm: '
}
for c in good rsa; do
	eval "id=\$$c"
	is "$(raw touchmark-gpgsm verify-commit "$id")" \
		"$(raw gpgsm verify-commit "$id")" \
		"$c commit: verify-commit --raw, word for word"
	is "$(raw touchmark-gpgsm verify-tag "t-$c")" \
		"$(raw gpgsm verify-tag "t-$c")" \
		"$c tag: verify-tag --raw, word for word"
done
# Git aborts on a trust that it was not told; gpgsm leaves it out here.
is "$(raw touchmark-gpgsm verify-commit "$bad" | grep -v TRUST_)" \
	"$(raw gpgsm verify-commit "$bad")" \
	'bad commit: the same, and a TRUST_ line'

# What people read: gpgsm's own words.
words() {	# PROGRAM GIT-ARG...
	p=$1
	shift
	LC_ALL=C.UTF-8 git -c gpg.x509.program="$p" "$@" 2>&1 |
		grep -av 'CRLs not checked'
}
for c in good rsa; do
	eval "id=\$$c"
	is "$(words touchmark-gpgsm verify-commit "$id")" \
		"$(words gpgsm verify-commit "$id")" "$c commit: the words"
	is "$(words touchmark-gpgsm verify-tag "t-$c")" \
		"$(words gpgsm verify-tag "t-$c")" "$c tag: the words"
	is "$(words touchmark-gpgsm log -1 --show-signature "$id")" \
		"$(words gpgsm log -1 --show-signature "$id")" \
		"$c commit: log --show-signature"
done
for v in 'verify-commit' 'log -1 --show-signature'; do
	# shellcheck disable=SC2086 # words, to be split
	for p in gpgsm touchmark-gpgsm; do
		words $p $v "$bad" >"$T/out"
		has '^gpgsm: Signature made .* UTC$' "$p $v: when it was made"
		has '^gpgsm: invalid signature: ' "$p $v: that it is bad"
		hasnt 'Good signature' "$p $v: and not that it is good"
	done
done

# ---- merges and pulls that insist ------------------------------------------
git checkout -q -b signed "$good"
echo s >s && git add s && git commit -q -S -m signed
git checkout -q -b open "$good"
echo o >o && git add o && git commit -q --no-gpg-sign -m open
git checkout -q -b forged "$good"
echo x >x && git add x && git commit -q -S -m forged
git cat-file commit HEAD | sed 's/^forged$/Forged/' >"$T/altered"
git reset -q --hard "$(git hash-object -t commit -w --stdin <"$T/altered")"
git clone -q . "$T/clone" 2>"$T/setup.log" || bail 'no clone'
for b in signed open forged; do
	for p in gpgsm touchmark-gpgsm; do
		git checkout -q -B try "$good"
		with $p merge -q --verify-signatures --no-gpg-sign --no-ff \
			--no-edit $b
		echo "$RC $(git log --format=%s -1)" >"$T/merge.$p"
		git merge --abort 2>/dev/null
		git reset -q --hard
		git -C "$T/clone" checkout -q -B try "$good"
		(cd "$T/clone" && with $p pull -q --no-rebase --no-gpg-sign \
			--no-edit --no-ff --verify-signatures origin $b
		echo "$RC $(git log --format=%s -1)" >>"$T/merge.$p")
	done
	is "$(cat "$T/merge.touchmark-gpgsm")" "$(cat "$T/merge.gpgsm")" \
		"merge and pull --verify-signatures: a branch that is $b"
	case $b in
	signed) want='0 0 ' ;;
	*) want='128 128 ' ;;
	esac
	is "$(cut -d' ' -f1 "$T/merge.touchmark-gpgsm" | tr '\n' ' ')" \
		"$want" "which end with $want"
done

# A signed tag that was merged is kept in the merge: its mergetag.
git checkout -q -B try "$good"
git tag -s -m 'to be merged' t-merge signed
git checkout -q -B try2 open
git merge -q --no-ff -S --no-edit t-merge 2>"$T/setup.log" || bail 'no merge'
git cat-file commit HEAD | grep -q '^mergetag object'
tap $? 'a merge holds the tag that was merged'
is "$(words touchmark-gpgsm log -1 --show-signature HEAD)" \
	"$(words gpgsm log -1 --show-signature HEAD)" \
	'mergetag: log --show-signature in the same words'
words touchmark-gpgsm log -1 --show-signature HEAD >"$T/out"
has "^merged tag 't-merge'" 'the tag is named'
is "$(grep -c '^gpgsm: Good signature' "$T/out")" 2 'and both are good'
same 'fmt-merge-msg of a signed tag' fmt-merge-msg <<EOM
$(git rev-parse t-merge)		tag 't-merge' of .
EOM

# ---- push certificates -----------------------------------------------------
for p in gpgsm touchmark-gpgsm; do
	git init -q --bare "$T/$p.git"
	git -C "$T/$p.git" config receive.certNonceSeed seed
	git -C "$T/$p.git" config gpg.x509.program $p
	cat >"$T/$p.git/hooks/pre-receive" <<-EOF
	#!/bin/sh
	for v in SIGNER KEY STATUS NONCE_STATUS; do
		eval "echo \$v=\\\$GIT_PUSH_CERT_\$v"
	done >>"$T/$p.cert"
	EOF
	chmod +x "$T/$p.git/hooks/pre-receive"
	for key in dev rsa; do
		ok "$p: git push --signed by $key" git \
			-c user.signingKey=$key push -q --signed \
			"$T/$p.git" "$good:refs/heads/$key"
	done
done
cp "$T/touchmark-gpgsm.cert" "$T/out"
is "$(cat "$T/gpgsm.cert")" "$(cat "$T/touchmark-gpgsm.cert")" \
	'GIT_PUSH_CERT_* are the same'
cp "$T/touchmark-gpgsm.cert" "$T/out"
has '^STATUS=G$' 'which is good'
has '^NONCE_STATUS=OK$' 'with the nonce'
has '^SIGNER=/CN=dev/O=Test$' 'and its signer'

# ---- where we are stricter -------------------------------------------------
# soft_commit NAME CERT [openssl option...]: a commit signed without a token
soft_commit() {
	sname=$1 scert=$2
	shift 2
	cat >"$T/soft" <<-EOF
	#!/bin/sh
	printf '\n[GNUPG:] SIG_CREATED \n' >&2
	openssl cms -sign -binary -outform PEM -signer "$T/pki/$scert.pem" \
		-inkey "$T/pki/$scert.key" $* | sed 's/ CMS-/ SIGNED MESSAGE-/'
	EOF
	chmod +x "$T/soft"
	git checkout -q -B soft "$good"
	git -c gpg.x509.program="$T/soft" commit -q --allow-empty -S \
		-m "$sname" 2>"$T/setup.log" || bail "no commit $sname"
	git tag "s-$sname"
}
pki_root stranger
pki_leaf stranger stranger-leaf dev@example.org
pki_leaf ca tls dev@example.org basicConstraints=critical,CA:FALSE \
	keyUsage=critical,digitalSignature extendedKeyUsage=serverAuth
PKI_AT='2020-01-01 00:00:00' PKI_DAYS=30 pki_leaf ca old dev@example.org
pki_leaf ca soft dev@example.org
pki_leaf ca gone dev@example.org
pki_leaf ca bare dev@example.org
soft_commit plain soft
soft_commit stranger stranger-leaf
soft_commit tls tls
soft_commit expired old
soft_commit nocert bare -nocerts
soft_commit revoked gone
same 'a signature that openssl made' verify-commit s-plain
pki_crl ca "$(pki_serial gone)=keyCompromise"
policy_for ca "crl = $T/pki/ca.crl" 'revocation = require'

# NAME | stock: %G? and code | ours: %G? and code | why
while IFS='|' read -r name stock ours why; do
	for p in gpgsm touchmark-gpgsm; do
		with $p verify-commit "s-$name"
		code=$RC
		with $p log -1 --format='%G?' "s-$name"
		echo "$(cat "$T/out") $code" >"$T/says.$p"
	done
	is "$(cat "$T/says.gpgsm")" "$stock" "$name: what stock gpgsm says"
	is "$(cat "$T/says.touchmark-gpgsm")" "$ours" "$name: stricter, $why"
done <<'EOL'
plain|G 0|G 0|not at all
stranger|U 1|E 1|for GOODSIG is read by callers that ask for no trust
tls|G 0|E 1|since a TLS certificate signs no code
expired|Y 1|Y 1|by the exit code, below
nocert|N 1|E 1|since there is a signature, and it was not checked
revoked|G 0|R 1|since the key may be in other hands
EOL

# The exit code of the program alone, which git 2.54 and later goes by.
split_commit s-expired
exits 0 'an expired certificate: stock gpgsm ends well' \
	gpgsm --verify "$T/commit.sig" "$T/payload"
exits 1 'and we do not' \
	touchmark-gpgsm --verify "$T/commit.sig" "$T/payload"

# A revoked signer's push certificate: git drops the trust, so that the letter
# is all that a hook sees. The program is that of the last key above.
rm -f "$T"/*.cert
for p in gpgsm touchmark-gpgsm; do
	git -c gpg.x509.program="$T/soft" push -q --signed "$T/$p.git" \
		"$good:refs/heads/again" 2>"$T/setup.log" ||
		bail 'no signed push'
done
is "$(grep ^STATUS "$T/gpgsm.cert")" STATUS=G \
	'a revoked pusher is G to stock gpgsm'
is "$(grep ^STATUS "$T/touchmark-gpgsm.cert")" STATUS=R 'and R to us'
done_testing
