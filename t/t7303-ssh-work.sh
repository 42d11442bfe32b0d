#!/bin/sh
# What people do with a key on a signing host: commits, a rebase, tags,
# packages and archives, several clients at once; judged by the tools of others.
# shellcheck disable=SC2031 # CONFIG is another one in a host alone
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
# shellcheck source=package-lib.sh
. "${0%/*}/package-lib.sh"
# shellcheck source=rpm-lib.sh
. "${0%/*}/rpm-lib.sh"
# shellcheck source=remote-lib.sh
. "${0%/*}/remote-lib.sh"
need softhsm2-util pkcs11-tool openssl git gpg gpgv rpm rpmbuild rpmkeys \
	dpkg-deb debsig-verify ssh-keygen tar

host_new one
TOKEN_TYPE=rsa:3072 host_second one pack
on_host one git config -f "$(host_config one)" touchmark.pack.userId \
	'Packer <pack@example.org>'
on_host one touchmark key export pack --type openpgp >"$T/pack.asc" \
	2>"$T/setup.log" || bail 'no certificate'
fake_ssh
client_key dev ssh://signer@one/release
client_key pack ssh://signer@one/pack
policy_for ca
git_uses_touchmark
git config --global user.signingKey dev
cd "$T" || exit 1

# ---- git -------------------------------------------------------------------------

new_repo repo
cd repo || exit 1
for i in $(seq 20); do git commit -q --allow-empty -m "$i"; done
git branch -q plain
before=$(host_uses one)
ok 'a rebase of 20 commits' git rebase -q --force-rebase --gpg-sign --root
is "$(host_uses one)" $((before + 20)) 'each is on record at the host'
git log --format=%G? >"$T/out"
is "$(sort -u "$T/out" | tr -d '\n') $(wc -l <"$T/out")" 'G 20' 'all are good'
split_commit HEAD
sed '/^-----/d' "$T/commit.sig" | base64 -d >"$T/commit.der"
ok 'openssl verifies one' openssl cms -verify -binary -inform DER \
	-in "$T/commit.der" -content "$T/payload" -CAfile "$T/pki/ca.pem" \
	-purpose any -out /dev/null
grep -c '"content":"git-commit"' "$HOSTS/one/audit.log" >"$T/out"
[ "$(cat "$T/out")" -ge 20 ]
tap $? 'the host knows what they are'
ok 'a tag' git tag -s -m tag v1
ok 'is good' git tag -v v1
git config gpg.format openpgp
ok 'an OpenPGP commit' git commit -q -Spack --allow-empty -m openpgp
git config gpg.format ssh
git config gpg.ssh.program touchmark-ssh-keygen
touchmark key export dev --type ssh >"$T/dev.pub"
echo "dev@example.org $(cat "$T/dev.pub")" >"$T/allowed"
git config gpg.ssh.allowedSignersFile "$T/allowed"
git config user.signingKey "$T/dev.pub"
ok 'an SSH commit' git commit -q -S --allow-empty -m ssh
ok 'is good' git verify-commit HEAD
cd .. || exit 1

# ---- packages and archives ----------------------------------------------------------

gpg --batch --quiet --import pack.asc 2>import.out
gpg --batch --quiet --export >ring.pgp
FPR=$(gpg --batch --quiet --with-colons --list-keys pack@example.org |
	sed -n 's/^fpr:*\([0-9A-F]*\):/\1/p' | head -n 1)
rpm_new hello
ok 'rpm takes the key' rpm_trusts pack.asc
ok 'an rpm' touchmark sign --embed -k pack hello.rpm
ok 'rpmkeys verifies it' judged hello.rpm
has 'Signature.*: OK' 'with its signature'
deb_new hello
debsig_trusts ring.pgp "$(echo "$FPR" | tail -c 17)"
ok 'a deb' touchmark sign --embed -k pack hello.deb
ok 'debsig-verify verifies it' debsig hello.deb
tar cf a.tar repo/.git/HEAD
ok 'an archive' touchmark sign -k pack -t openpgp a.tar
ok 'gpgv verifies it' gpgv --keyring "$T/ring.pgp" a.tar.asc a.tar
ok 'in CMS' touchmark sign -k dev a.tar
ok 'openssl verifies it' openssl cms -verify -binary -inform DER \
	-in a.tar.p7s -content a.tar -CAfile pki/ca.pem -purpose any \
	-out /dev/null
for what in package file; do
	grep -q "\"content\":\"$what\"" "$HOSTS/one/audit.log"
	tap $? "the host's record says: $what"
done

# ---- timestamps ---------------------------------------------------------------------

tsa_new tsa
tsa_start tsa
echo stamped >f
git config -f "$CONFIG" touchmark.tsa "$TSA_URL"
git config -f "$CONFIG" touchmark.tsaRoots "$T/pki/tsa-root.pem"
ok 'an authority of this host' touchmark sign -k dev f
has 'timestamped' 'stamps what the other one signed'
ok 'openssl verifies it' openssl cms -verify -binary -inform DER -in f.p7s \
	-content f -CAfile pki/ca.pem -purpose any -out /dev/null
git config -f "$CONFIG" --unset touchmark.tsa
for k in tsa tsaRoots; do
	git config -f "$(host_config one)" touchmark.$k \
		"$([ $k = tsa ] && echo "$TSA_URL" || echo "$T/pki/tsa-root.pem")"
done
git config -f "$(host_config one)" touchmark.timestamp require
rm -f f.p7s
ok 'an authority of the signing host' touchmark sign -k dev f
has 'timestamped' 'stamps'
rm -f f.p7s
exits 2 'which requires it' touchmark sign -k dev --no-timestamp f
has 'signer@one says: .*timestamps' 'and says so'
tsa_stop
git config -f "$(host_config one)" touchmark.tsa http://127.0.0.1:1/
rm -f f.p7s
exits 5 'without it' touchmark sign -k dev f
[ ! -e f.p7s ]
tap $? 'nothing is signed'
git config -f "$(host_config one)" touchmark.timestamp never

# ---- four at once ---------------------------------------------------------------------

before=$(host_uses one)
pids=
for c in 1 2 3 4; do
	mkdir "c$c"
	for i in 1 2 3 4 5; do echo "$c $i" >"c$c/$i"; done
	touchmark sign -k dev "c$c"/* >"c$c.out" 2>&1 &
	pids="$pids $!"
done
for p in $pids; do
	wait "$p"
	tap $? 'one of four clients'
done
is "$(host_uses one)" $((before + 20)) 'nothing is lost'
ok "the host's record is whole" touchmark log verify "$HOSTS/one/audit.log"
for c in 1 2 3 4; do
	for i in 1 2 3 4 5; do
		openssl cms -verify -binary -inform DER -in "c$c/$i.p7s" \
			-content "c$c/$i" -CAfile pki/ca.pem -purpose any \
			-out /dev/null 2>>bad || echo "c$c/$i" >>lost
	done
done
is "$(cat lost 2>/dev/null)" '' 'openssl verifies all of them'
done_testing
