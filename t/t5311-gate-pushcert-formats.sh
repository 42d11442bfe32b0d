#!/bin/sh
# Signed pushes in every format that git has: what each ref's rule allows.
. "${0%/*}/lib.sh"
. "${0%/*}/gate-lib.sh"
need gpg ssh-keygen

gate_setup
cd "$T/work" || exit 1
cat >"$T/gpg.batch" <<'END'
Key-Type: RSA
Key-Length: 3072
Key-Usage: sign
Name-Real: Dev
Name-Email: dev@example.org
Expire-Date: 0
%no-protection
%commit
END
gpg -q --batch --gen-key "$T/gpg.batch" 2>"$T/setup.log" || {
	echo 'not ok - prepared: gpg makes no key'
	exit 1
}
GPG=$(gpg --list-keys --with-colons dev@example.org 2>"$T/setup.log" |
	sed -n 's/^fpr:*\([0-9A-F]*\):$/\1/p' | head -1)
gpg -q --export dev@example.org >"$T/keyring.gpg"
ssh-keygen -q -t ed25519 -N '' -C dev -f "$T/ssh"
ssh-keygen -q -t ed25519 -N '' -C eve -f "$T/ssh.eve"
printf 'dev@example.org %s\n' "$(cat "$T/ssh.pub")" >"$T/allowed"
SSH=$(ssh-keygen -l -f "$T/ssh.pub" | cut -d' ' -f2)

TRUST="$TRUST
	keyring = keyring.gpg
	allowedSigners = allowed"
gate_policy <<END
[role "developers"]
	member = dev@example.org
	member = ssh:$SSH
	member = openpgp:$GPG
[ref "refs/heads/x509/*"]
	require = commits
	role = developers
[ref "refs/heads/gpg/*"]
	require = nothing
	role = developers
	format = openpgp
[ref "refs/heads/ssh/*"]
	require = nothing
	role = developers
	format = ssh
[ref "refs/heads/all/*"]
	require = nothing
	role = developers
	format = openpgp
	format = ssh
	format = x509
[push]
	certificate = require
END
gate_repo p
git -C "$SRV" config receive.certNonceSeed sekrit
git -C "$SRV" config gpg.x509.program false
commit one

by() {	# FORMAT KEY PUSH-ARG...
	format=$1 key=$2
	shift 2
	run git -c gpg.format="$format" -c user.signingKey="$key" push -q \
		--signed "$REMOTE" "$@"
}
accept_by() {	# WHAT FORMAT KEY ARG...
	what=$1
	shift
	by "$@"
	tap "$RC" "accepted: $what"
}
refuse_by() {	# REASON WHAT FORMAT KEY ARG...
	why=$1 what=$2
	shift 2
	by "$@"
	[ "$RC" != 0 ] && grep -q "refuse - - push-cert: .*refused: $why: " \
		"$T/out"
	tap $? "refused ($why): $what"
}

for ref in gpg/a all/a; do
	accept_by "OpenPGP to $ref" openpgp "$GPG" "main:refs/heads/$ref"
done
for ref in ssh/b all/b; do
	accept_by "SSH to $ref" ssh "$T/ssh" "main:refs/heads/$ref"
done
for ref in x509/c all/c; do
	accept_by "X.509 to $ref" x509 dev "main:refs/heads/$ref"
done
refuse_by signature-format 'OpenPGP where X.509 is wanted' openpgp "$GPG" \
	main:refs/heads/x509/d
refuse_by signature-format 'SSH where X.509 is wanted' ssh "$T/ssh" \
	main:refs/heads/x509/d
refuse_by signature-format 'X.509 where OpenPGP is wanted' x509 dev \
	main:refs/heads/gpg/d
refuse_by signature-format 'OpenPGP where SSH is wanted' openpgp "$GPG" \
	main:refs/heads/ssh/d
refuse_by signature-format 'right for one ref of two' openpgp "$GPG" \
	main:refs/heads/gpg/d main:refs/heads/x509/d
accept_by 'right for both' openpgp "$GPG" main:refs/heads/gpg/e \
	main:refs/heads/all/e
by ssh "$T/ssh.eve" main:refs/heads/ssh/f
[ "$RC" != 0 ]
tap $? 'an SSH key that is no member'
has 'refuse - - push-cert: the push certificate is refused: (cert-missing|signer-not-allowed): ' \
	'is refused with its reason'
gpg -q --batch --passphrase '' --quick-gen-key eve@example.org rsa3072 sign \
	never 2>"$T/setup.log"
by openpgp eve@example.org main:refs/heads/gpg/f
[ "$RC" != 0 ]
tap $? 'an OpenPGP key that is in no keyring'
has 'refuse - - push-cert: the push certificate is refused: cert-missing: ' \
	'is refused with its reason'

# ---- other repositories ------------------------------------------------------
gate_policy <<END
[role "developers"]
	member = dev@example.org
	member = bob@example.org
[ref "refs/heads/*"]
	require = commits
	role = developers
[ref "refs/tags/*"]
	require = tag
	role = developers
	threshold = 2
[ref "refs/touchmark/approvals/*"]
	require = nothing
[push]
	certificate = require
END
pki_leaf ca bob bob@example.org
for kind in sha1 sha256; do
	git init -q -b main --object-format=$kind "$T/w-$kind"
	cd "$T/w-$kind" || exit 1
	cp "$T/work/.git/config" "$T/c"
	for k in user.name gpg.format gpg.x509.program user.signingKey \
		commit.gpgSign; do
		git config "$k" "$(git config -f "$T/c" "$k")"
	done
	commit one
	git tag -s -m x v1
	git cat-file tag v1 >"$T/raw"
	openssl cms -sign -binary -signer "$T/pki/bob.pem" \
		-inkey "$T/pki/bob.key" -md sha256 -in "$T/raw" \
		-outform DER -out "$T/p7s"
	A=refs/touchmark/approvals/$(git rev-parse v1)
	git update-ref "$A/bob" "$(git hash-object -w "$T/p7s")"
	SRV=$T/s-$kind.git
	git init -q --bare --object-format=$kind "$SRV"
	git -C "$SRV" config touchmark.policy "$T/policy"
	git -C "$SRV" config receive.certNonceSeed sekrit
	git -C "$SRV" config gpg.x509.program false
	git -C "$SRV" config touchmark.gateReader git
	ln -s "$BIN/touchmark-pre-receive" "$SRV/hooks/pre-receive"
	REMOTE=file://$SRV
	accept "$kind read by git: a signed push" --signed main
	refuse push-cert "$kind: an unsigned one" main:refs/heads/x
	refuse threshold-unmet "$kind: a tag without its approval" --signed v1
	accept "$kind: with it" --signed v1 "$A/*:$A/*"
done
done_testing
