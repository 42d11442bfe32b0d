#!/bin/sh
# Environments of files: what an [artefact] section wants, and that a key of
# another environment is not even used for it.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
# shellcheck source=agent-lib.sh
. "${0%/*}/agent-lib.sh"
need openssl git gpg ssh-keygen pkcs11-tool softhsm2-util

token_key dev dev@example.org
token_key rel rel@example.org
for k in dev rel; do
	git config -f "$CONFIG" "touchmark.$k.created" 1700000000
	git config -f "$CONFIG" "touchmark.$k.userId" "$k <$k@example.org>"
done
cd "$T" || exit 1
sha256_of() {
	openssl x509 -in "$T/pki/$1.pem" -outform DER | sha256sum | cut -c1-64
}
touchmark key export dev --type ssh >dev.pub || exit 1
touchmark key export rel --type ssh >rel.pub || exit 1
for k in dev rel; do
	touchmark key export "$k" --type openpgp --no-armor >"$k.pgp" || exit 1
done
cat dev.pgp rel.pgp >ring
{
	echo "dev@example.org $(cut -d' ' -f1,2 dev.pub)"
	echo "rel@example.org $(cut -d' ' -f1,2 rel.pub)"
} >allowed
SSH=$(ssh-keygen -lf rel.pub | cut -d' ' -f2)
PGP=$(gpg --batch --show-keys --with-colons rel.pgp 2>/dev/null |
	sed -n 's/^fpr:*\([0-9A-F]*\):$/\1/p' | head -1)
policy() {	# LINE...
	cat >policy <<EOF
[trust]
	roots = pki/ca.pem
	revocation = off
	keyring = ring
	allowedSigners = allowed
[env "prod"]
	member = sha256:$(sha256_of rel)
	member = ssh:$SSH
	member = openpgp:$PGP
EOF
	printf '%s\n' "$@" >>policy
}
verify() {
	touchmark verify --policy policy "$@"
}

# ---- the judge -------------------------------------------------------------------
for f in a.tar b.txt; do
	echo "$f" >$f
	ok "$f: three formats by one key" touchmark sign -k dev \
		-t cms,openpgp,ssh --no-timestamp $f
done
policy '[artefact "*.tar"]' '	env = prod' '[artefact "*.txt"]'
for s in p7s asc sig; do
	exits 1 "$s: a key of no environment" verify a.tar "a.tar.$s"
	has 'signer-not-allowed: .*environment "prod"' "$s: says so"
	ok "$s: where none is asked for" verify b.txt "b.txt.$s"
done
exits 1 'all of them together' verify a.tar
rm a.tar.*
ok 'three formats by the other key' touchmark sign -k rel \
	-t cms,openpgp,ssh --no-timestamp a.tar
for s in p7s asc sig; do
	ok "$s: a key of the environment" verify a.tar "a.tar.$s"
done
policy '[artefact "*.tar"]' '	env = prod' '	threshold = 2'
touchmark sign -k dev -t cms --no-timestamp -o dev.p7s a.tar >/dev/null
cp a.tar.p7s rel.p7s
rm a.tar.*
cp rel.p7s a.tar.p7s
touchmark sign -k dev -t ssh --no-timestamp a.tar >/dev/null
exits 1 'two people, one of them of the environment' verify a.tar
has 'threshold-unmet' 'are one'
policy '[artefact "*.tar"]' '	threshold = 2'
ok 'and two where it is not asked for' verify a.tar
policy '[artefact "*.tar"]' '	env = prod' '[artefact "*"]'
ok 'policy check' touchmark policy check policy
has '^ +signed by anybody whom \[trust\] knows, with a key of environment prod' \
	'says what a file needs'

# ---- the signer --------------------------------------------------------------------
rm -f a.tar.* b.txt.*
git config -f "$CONFIG" touchmark.policy "$T/policy"
git config -f "$CONFIG" touchmark.dev.env dev
git config -f "$CONFIG" touchmark.rel.env prod
use_shim
exits 1 'a dev key for a file of prod' touchmark sign -k dev -t cms \
	--no-timestamp a.tar
has 'signer-not-allowed: \[artefact "\*.tar"\] of the policy wants a key of the environment prod for a.tar, and .dev. is of dev' \
	'says which rule and which key'
is "$(calls C_Login)" 0 'nobody was logged in'
is "$(calls C_Sign)" 0 'nothing was signed'
[ ! -e a.tar.p7s ]
tap $? 'nothing was written'
ok 'for another file' touchmark sign -k dev -t cms --no-timestamp b.txt
ok 'the prod key' touchmark sign -k rel -t cms --no-timestamp a.tar
ok 'which the policy takes' verify a.tar
mkdir dir
cp a.tar dir/c.tar
exits 1 'directories do not count' touchmark sign -k dev -t ssh dir/c.tar
git config -f "$CONFIG" --unset touchmark.dev.env
exits 1 'a key that says nothing' touchmark sign -k dev -t ssh dir/c.tar
has 'is of none' 'is of no environment'
has 'env = prod into \[touchmark "dev"\]' 'and how it would be'
exits 1 'nor is a bare URI' touchmark sign -t ssh \
	-k "$(git config -f "$CONFIG" touchmark.dev.uri)" dir/c.tar
ok 'a test is no file' touchmark key selftest dev

# In an agent, which meets a changed policy.
git config -f "$CONFIG" touchmark.dev.env dev
agent_world
exits 1 'through the agent' touchmark sign -k dev -t ssh dir/c.tar
policy '[artefact "*.tar"]' '[artefact "*"]'
ok 'the policy was changed' touchmark sign -k dev -t ssh --resign dir/c.tar
policy '[artefact "*.tar"]' '	env = prod' '[artefact "*"]' \
	'[ref "refs/tags/v*"]' '	require = tag' '	env = prod' \
	'	format = x509' '	format = openpgp' '	format = ssh' \
	'[ref "refs/heads/*"]' '	require = commits' '	env = prod'
exits 1 'and changed back' touchmark sign -k dev -t ssh --resign dir/c.tar

# ---- git: a tag says its name, a commit does not know its branch yet -----------------
git init -q -b main repo
git -C repo config user.name Dev
git -C repo config user.email dev@example.org
tag() {	# KEY FORMAT NAME
	git -C repo -c user.signingKey="$1" -c gpg.format="$2" \
		-c gpg.program="$BIN/touchmark-gpg" \
		-c gpg.x509.program="$BIN/touchmark-gpgsm" \
		-c gpg.ssh.program="$BIN/touchmark-ssh-keygen" \
		tag -f -s -m x "$3"
}
ok 'a commit by the dev key' git -C repo -c user.signingKey=dev \
	-c gpg.format=x509 -c gpg.x509.program="$BIN/touchmark-gpgsm" \
	commit -q -S --allow-empty -m x
for f in x509 openpgp ssh; do
	# Older versions of git make the tag without a signature when the
	# program for SSH fails.
	run tag dev "$f" v1
	[ "$RC" != 0 ] || ! git -C repo cat-file tag v1 | grep -q -e '-BEGIN'
	tap $? "$f: no release tag by it"
	ok "$f: a tag that is none" tag dev "$f" test1
	ok "$f: a release tag by the prod key" tag rel "$f" v1
done
ok 'the tag is there' git -C repo rev-parse -q --verify refs/tags/v1
git -C repo cat-file tag v1 | sed '/^-----BEGIN/,$d' | sed 's/^tag v1/tag v2/' >tagged
run_in tagged touchmark-gpgsm --status-fd=2 -bsau dev
[ "$RC" != 0 ] && grep -q 'signer-not-allowed: \[ref "refs/tags/v\*"\]' "$T/out"
tap $? 'and the refusal says why'
touchmark agent stop >/dev/null
unset XDG_RUNTIME_DIR
run_in tagged touchmark-gpgsm --status-fd=2 -bsau dev
[ "$RC" != 0 ] && grep -q 'signer-not-allowed: \[ref "refs/tags/v\*"\]' "$T/out"
tap $? 'without an agent as well'
printf 'object x\ntype commit\n' >short
run_in short touchmark-gpgsm --status-fd=2 -bsau dev
is "$RC" 0 'what is cut off is no tag'

# Whoever approves signs as well.
policy '[artefact "*.tar"]' '	env = prod'
echo approved >one.tar
ok 'a file is signed' touchmark sign -k rel --no-timestamp one.tar
cp one.tar.p7s kept.p7s
exits 1 'and approved by a key of another environment' touchmark approve -k dev \
	--no-timestamp one.tar one.tar.p7s
has 'signer-not-allowed: \[artefact "\*\.tar"\]' 'which is refused'
ok 'nothing was added' cmp one.tar.p7s kept.p7s

# A policy that cannot be read stops nobody who signs: it is not his to mend.
echo '[nonsense]' >policy
run touchmark sign -k dev -t ssh --resign dir/c.tar
is "$RC" 0 'a policy that cannot be read'
has 'cannot tell which environment the policy wants' 'is warned of'

done_testing
