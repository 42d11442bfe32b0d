#!/bin/sh
# Which key is meant: nothing is chosen by chance, and options that contradict
# each other are not weighed.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need openssl pkcs11-tool softhsm2-util

token_key dev dev@example.org
token_key rel rel@example.org
policy_for ca
cd "$T" || exit 1
echo data >f

exits 2 'two keys and none chosen' touchmark sign f
has 'several keys are configured and none is chosen' 'is said'
[ ! -e f.p7s ]
tap $? 'nothing is signed'
ok 'a chosen one' touchmark sign -k rel f
ok 'verifies' touchmark verify f
has 'CN=rel' 'as its own'

# An intermediate in the chain's file names no key.
cat "$T/pki/dev.pem" "$T/pki/ca.pem" >chain.pem
git config -f "$CONFIG" touchmark.dev.cert "$T/chain.pem"
ok 'the fingerprint of the leaf' touchmark sign -k "sha256:$(sha256_of dev)" f
exits 3 'the fingerprint of its CA' touchmark sign \
	-k "sha256:$(sha256_of ca)" f
fp=$(sha256_of dev)
exits 3 'the first digits of a fingerprint' touchmark sign \
	-k "sha256:${fp%????}" f

rm -f f.p7s
for when in require prefer never; do
	exits 2 "--no-timestamp --timestamp=$when" touchmark sign -k dev \
		--no-timestamp "--timestamp=$when" f
	has 'exclude each other' 'is said'
done
[ ! -e f.p7s ]
tap $? 'nothing is signed'

# A checkout says what it likes in all of its files.
git init -q "$T/repo"
cd "$T/repo" || exit 1
printf '[extensions]\n\tworktreeConfig = true\n' >>.git/config
for what in 'uri = pkcs11:token=x?module-path=/tmp/evil.so' \
	'cert = /tmp/evil.pem'; do
	printf '[touchmark "dev"]\n\t%s\n' "$what" >.git/config.worktree
	exits 2 "config.worktree: ${what%% *}" touchmark sign -k dev "$T/f"
	has 'a repository.s configuration may only name a key' 'is refused'
done
printf '[touchmark]\n\ttimestamp = never\n' >.git/config.worktree
exits 2 'config.worktree: timestamp' touchmark sign -k dev "$T/f"
printf '[touchmark]\n\tkey = dev\n' >.git/config.worktree
ok 'it may name a key' touchmark sign "$T/f"
cd "$T" || exit 1

# Nor is a program found in it that PATH does not name from the root.
mkdir rel
printf '#!/bin/sh\ntouch "%s/ran"\n' "$T" >rel/gpg
chmod +x rel/gpg
cp rel/gpg gpg
for path in rel . ''; do
	run env PATH="$path:$BIN:/usr/bin:/bin" touchmark-gpg --list-keys
	[ ! -e ran ]
	tap $? "PATH begins with '$path': it is passed over"
done
done_testing
