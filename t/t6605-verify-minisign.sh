#!/bin/sh
# touchmark verify --minisign-key: what minisign and signify signed.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need minisign signify-openbsd ssh-keygen perl

cd "$T" || exit 1
for k in one two; do
	minisign -G -W -p $k.pub -s $k.key >setup.log 2>&1 || {
		cat setup.log
		echo 'not ok - prepared: minisign makes no key'
		exit 1
	}
	signify-openbsd -G -n -p $k.signify.pub -s $k.signify.sec
done

verify() {
	touchmark verify "$@"
}

echo release >a.tar
minisign -S -s one.key -t 'for a.tar' -m a.tar >setup.log 2>&1
ok 'a minisign signature' verify --minisign-key one.pub a.tar
has '^a\.tar: good signature of ' 'is good'
ok 'as JSON' verify --minisign-key one.pub --json a.tar
is "$(perl -MJSON::PP -e '$j = decode_json(<STDIN>);
	print "$j->{format} $j->{status} $j->{stamped}"' <out)" \
	'minisign good 0' 'the same'
exits 1 'another key' verify --minisign-key two.pub a.tar
has 'refused cert-missing' 'is cert-missing'
echo other >b.tar
cp a.tar.minisig b.tar.minisig
exits 1 'other content' verify --minisign-key one.pub b.tar
has 'refused signature-bad' 'is signature-bad'
sed 's/for a.tar/for b.tar/' a.tar.minisig >c.minisig
exits 1 'another trusted comment' verify --minisign-key one.pub a.tar c.minisig
has 'refused signature-(bad|malformed)' 'is refused'
exits 2 'a key that is none' verify --minisign-key a.tar a.tar
ssh-keygen -q -t ed25519 -N '' -C '' -f ssh
echo "x@example.org $(cat ssh.pub)" >allowed
exits 1 'no key' verify --allowed-signers allowed a.tar a.tar.minisig
has 'refused cert-missing' 'is cert-missing'

signify-openbsd -S -s one.signify.sec -m a.tar -x a.tar.sig
ok 'a signify signature' verify --minisign-key one.signify.pub a.tar a.tar.sig
rm a.tar.minisig
ok 'found beside it' verify --minisign-key one.signify.pub a.tar
ok 'as JSON' verify --minisign-key one.signify.pub --json a.tar
is "$(perl -MJSON::PP -e '$j = decode_json(<STDIN>);
	print "$j->{format} $j->{status}"' <out)" 'signify good' 'the same'
exits 1 'another key' verify --minisign-key two.signify.pub a.tar
has 'refused cert-missing' 'is cert-missing'
exits 1 'other content' verify --minisign-key one.signify.pub b.tar a.tar.sig
has 'refused signature-bad' 'is signature-bad'
: >empty
signify-openbsd -S -s one.signify.sec -m empty -x empty.sig
ok 'of an empty file' verify --minisign-key one.signify.pub empty

# One suffix, two formats.
rm a.tar.sig
ssh-keygen -q -Y sign -n file -f ssh a.tar 2>setup.log
ok 'the same suffix for SSH' verify --allowed-signers allowed a.tar
has 'good signature of x@example\.org' 'is told by its bytes'
head -c 68157440 /dev/zero >large
exits 1 'a file that is too large for signify' verify \
	--minisign-key one.signify.pub large empty.sig
has 'refused limit-exceeded: .*over the file itself' 'is limit-exceeded'
printf '[trust]\nrevocation = off\nallowedSigners = allowed\n%s\n%s\n' \
	'[artefact "*"]' 'format = minisign' >policy
signify-openbsd -S -s one.signify.sec -m a.tar -x s.sig
ok 'a policy that takes minisign' verify --policy policy \
	--minisign-key one.signify.pub a.tar s.sig
printf '[trust]\nrevocation = off\nallowedSigners = allowed\n%s\n%s\n' \
	'[artefact "*"]' 'format = ssh' >policy
exits 1 'and one that does not' verify --policy policy \
	--minisign-key one.signify.pub a.tar s.sig
has 'refused signature-format: a signify' 'is signature-format'
done_testing
