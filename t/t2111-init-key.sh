#!/bin/sh
# touchmark init --key: git is told of a key that is there, in each format.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
need git gpg ssh-keygen softhsm2-util pkcs11-tool openssl

cd "$T" || exit 1
pki_root ca
softhsm_new "$TOKEN"
mkdir -p "${CONFIG%/*}"
token_key work dev@example.org
git config -f "$CONFIG" touchmark.work.cert "$T/pki/work.pem"
git config -f "$CONFIG" touchmark.work.userId 'Dev <dev@example.org>'
cp "$CONFIG" before
git init -q repo && cd repo || exit 1
git config user.name Dev
git config user.email dev@example.org

exits 2 'without --git' touchmark init --key work
has '--key needs --git' 'there is nothing to do'
exits 2 'with what a new key has' touchmark init --key work --git local \
	--algorithm p256
has 'only --git, --format and --pre-push go with it' 'it is refused'
exits 2 'a key that is not configured' touchmark init --key nobody --git local
has "no key 'nobody' is configured" 'is not'
exits 2 'a format that there is not' touchmark init --key work --git local \
	--format cms
has "x509, openpgp or ssh, not 'cms'" 'is told'
exits 2 'OpenPGP without a creation time' touchmark init --key work \
	--git local --format openpgp
has 'hint: git config --global touchmark.work.created' 'says what is missing'
exits 2 'a format of a new key' touchmark init --format pgp --user a@e.org
git config --local -l >"$T/out"
hasnt 'gpg' 'nothing was set'
[ ! -e "$XDG_DATA_HOME/touchmark" ]
tap $? 'nothing was made'

ok 'X.509' touchmark init --key work --git local --pre-push
has 'with key work \(local configuration, format x509\)' 'says so'
has '^pre-push: ' 'with the hook'
rm .git/hooks/pre-push
ok 'a commit' git commit -q --allow-empty -m x509
git cat-file commit HEAD >"$T/out"
has 'BEGIN SIGNED MESSAGE' 'is signed in CMS'

ok 'SSH' touchmark init --key work --git local --format ssh
has 'touchmark key export work --type ssh' 'says where its public key is'
is "$(git config --local gpg.ssh.program)" "$BIN/touchmark-ssh-keygen" \
	'the program that git calls'
is "$(git config --local gpg.format)" ssh 'the format'
ok 'its public key' touchmark key export work --type ssh --allowed-signers
cp "$T/out" "$T/allowed"
git config gpg.ssh.allowedSignersFile "$T/allowed"
ok 'a commit' git commit -q --allow-empty -m ssh
ok 'is good for git' git verify-commit HEAD
git -c gpg.ssh.program=ssh-keygen verify-commit HEAD >"$T/out" 2>&1
tap $? 'with ssh-keygen itself'

git config -f "$CONFIG" touchmark.work.created 1700000000
ok 'OpenPGP' touchmark init --key work --git local --format openpgp
has '--type openpgp \| gpg --import' 'says where its public key is'
touchmark key export work --type openpgp >"$T/key.asc" 2>"$T/out"
gpg --batch --quiet --import "$T/key.asc" >"$T/out" 2>&1
ok 'a tag' git tag -m openpgp v1
git -c gpg.program=gpg verify-tag v1 >"$T/out" 2>&1
tap $? 'is good for gpg'
git config -f "$CONFIG" --unset touchmark.work.created
cmp -s "$CONFIG" "$T/before"
tap $? "touchmark's own configuration is as it was"

# A new key may have another format too.
cd "$T" && git init -q fresh && cd fresh || exit 1
ok 'a new key' touchmark init --name n --git local --format ssh \
	--algorithm p256 --user 'A <a@e.org>'
is "$(git config --local gpg.format)" ssh 'in that format'
git config --local -l >"$T/out"
hasnt 'gpg.x509.program' 'without the programs of the others'
done_testing
