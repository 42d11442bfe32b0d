#!/bin/sh
# Keys in AWS KMS: by id, alias and ARN; a request for a certificate; commits,
# a tarball and an rpm; every format that the algorithm permits, judged by
# openssl, gpgv, ssh-keygen, git and rpm. The service checks each request's
# signature, written apart from ours.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=aws-lib.sh
. "${0%/*}/aws-lib.sh"
# shellcheck source=package-lib.sh
. "${0%/*}/package-lib.sh"
# shellcheck source=rpm-lib.sh
. "${0%/*}/rpm-lib.sh"
need openssl gpg gpgv git ssh-keygen rpm rpmbuild rpmkeys

RSA=1234abcd-12ab-34cd-56ef-1234567890ab
P256=mrk-1234abcd12ab34cd56ef1234567890ab
P384=00000000-12ab-34cd-56ef-1234567890ab
ARN=arn:aws:kms:eu-test-1:111122223333
aws_key $RSA rsa3072
aws_key $P256 p256
aws_key $P384 p384
echo $RSA >"$AWS/alias-release"
aws_start --token "$AWS_TOKEN"
AWS_SESSION_TOKEN=$AWS_TOKEN
export AWS_SESSION_TOKEN
cd "$T" || exit 1
echo 'what is signed' >f

key() {	# NAME URI
	git config -f "$CONFIG" "touchmark.$1.uri" "$2"
}
key rsa "awskms:$ARN:key/$RSA"
key p256 "awskms:$P256?region=eu-test-1"
key p384 "awskms:$ARN:key/$P384?region=eu-test-1"
key alias 'awskms:alias/release?region=eu-test-1'
key arn "awskms:$ARN:alias/release"

# ---- every format --------------------------------------------------------------

for k in rsa p256 p384; do
	case $k in
	rsa) id=$RSA ;;
	p256) id=$P256 ;;
	*) id=$P384 ;;
	esac
	ok "$k: a certificate, from a request" pki_key_cert $k dev@example.org
	ok "$k: openssl verifies the request" \
		openssl req -in pki/$k.csr -noout -verify
	openssl req -in pki/$k.csr -noout -pubkey >$k.got
	is "$(cat $k.got)" "$(cat "$AWS/$id.pub")" \
		"$k: the key of the request is the service's"
	rm -f f.p7s f.asc f.sig $k.gpg
	ok "$k: CMS" touchmark sign -k $k --no-timestamp f
	ok "$k: openssl verifies it" openssl cms -verify -binary \
		-inform DER -in f.p7s -content f -CAfile pki/ca.pem \
		-purpose any -out /dev/null
	git config -f "$CONFIG" touchmark.$k.userId 'Dev <dev@example.org>'
	git config -f "$CONFIG" touchmark.$k.created 1700000000
	ok "$k: an OpenPGP certificate" touchmark key export $k --type openpgp
	cp out $k.asc
	gpg --batch --dearmor <$k.asc >$k.gpg 2>/dev/null
	ok "$k: OpenPGP" touchmark sign -k $k -t openpgp --no-timestamp f
	ok "$k: gpgv verifies it" gpgv --keyring "$T/$k.gpg" f.asc f
	ok "$k: SSH" touchmark sign -k $k -t ssh --no-timestamp f
	ok "$k: its public line" touchmark key export $k --type ssh
	printf 'dev@example.org %s\n' "$(cat out)" >allowed
	run_in f ssh-keygen -Y verify -f allowed -I dev@example.org -n file \
		-s f.sig
	is "$RC" 0 "$k: ssh-keygen verifies it"
done

# ---- names of one key ------------------------------------------------------------

for k in alias arn; do
	rm -f f.sig
	ok "$k: signs" touchmark sign -k $k -t ssh --no-timestamp f
	ok "$k: the public line is that of the key" \
		touchmark key export $k --type ssh
	is "$(cut -d' ' -f2 out)" "$(touchmark key export rsa --type ssh |
		cut -d' ' -f2)" "$k: is the key that it names"
	ok "$k: is shown" touchmark key show $k
	has "^uri: awskms:$ARN:key/$RSA\$" "$k: by the ARN behind it"
done
ok 'they are listed' touchmark key list
# Tokens of this machine may be listed too.
grep awskms: out >listed
is "$(grep -c rsa3072 listed) $(grep -c 'p256\|p384' listed)" '1 2' \
	'each key once'

# A batch asks once who the key is.
mkdir batch
for i in 1 2 3 4 5; do
	echo $i >batch/$i
done
aws_mode ok
ok 'several files' touchmark sign -k rsa -t ssh --no-timestamp batch/1 batch/2 \
	batch/3 batch/4 batch/5
is "$(aws_calls Sign) $(aws_calls GetPublicKey)" '5 1' 'the key is looked at once'

# ---- what is really signed -------------------------------------------------------

git init -q repo
cd repo || exit 1
git config user.signingKey rsa
git config gpg.format x509
git config gpg.x509.program "$BIN/touchmark-gpgsm"
echo 1 >file
git add file
ok 'a commit' git commit -q -S -m signed
git cat-file commit HEAD | sed -n 's/^gpgsig //p; s/^ //p' |
	sed '/^-----/d' | base64 -d >"$T/commit.p7s" 2>/dev/null
git cat-file commit HEAD | sed '/^gpgsig /,/END SIGNED/d' >"$T/commit"
ok 'openssl verifies the commit' openssl cms -verify -binary -inform DER \
	-in "$T/commit.p7s" -content "$T/commit" -CAfile "$T/pki/ca.pem" \
	-purpose any -out /dev/null
git config gpg.format ssh
git config gpg.ssh.program "$BIN/touchmark-ssh-keygen"
git config user.signingKey p256
ok 'a tag' git tag -s -m tag v1
printf 'dev@example.org %s\n' "$(touchmark key export p256 --type ssh)" \
	>"$T/allowed"
git config gpg.ssh.allowedSignersFile "$T/allowed"
git config gpg.ssh.program ssh-keygen
ok 'git and ssh-keygen verify the tag' git tag -v v1
cd "$T" || exit 1

git -C repo archive --format=tar.gz -o "$T/repo-1.tar.gz" HEAD
ok 'a tarball' touchmark sign -k rsa -t openpgp --no-timestamp repo-1.tar.gz
ok 'gpgv verifies it' gpgv --keyring "$T/rsa.gpg" repo-1.tar.gz.asc repo-1.tar.gz

rpm_new plain
ok 'rpm takes the key' rpm_trusts "$T/rsa.asc"
ok 'an rpm' touchmark sign --embed -k rsa --no-timestamp plain.rpm
ok 'rpmkeys takes it' judged plain.rpm
has 'Header V4 RSA/SHA.* Signature, key ID .*: OK' 'it is signed'
hasnt 'BAD|NOKEY' 'nothing is wrong'

done_testing
