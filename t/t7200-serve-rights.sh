#!/bin/sh
# touchmark serve: who may use which key for which format, and what the file
# that says so may hold. What is refused touches no token.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
. "${0%/*}/agent-lib.sh"
. "${0%/*}/remote-lib.sh"
. "${0%/*}/serve-lib.sh"
need openssl pkcs11-tool softhsm2-util

host_new north
host_second north other
cd "$T" || exit 1
echo release >f
R=$HOSTS/north/requesters

rights() {	# lines of the file on standard input
	(umask 077 && cat >"$R")
}

# gives WHO KEY FORMAT yes|no: what comes of it.
gives() {
	sign_request req "$2" "$3" f
	ask "$1" north "$T/req"
	if [ "$4" = yes ]; then
		has '^answer code 0 seal [1-9]' "$1 may use $2 for $3"
	else
		has '^answer code 1 seal 0 .*text: signer-not-allowed: ' \
			"$1 may not use $2 for $3"
	fi
}

# ---- the matrix --------------------------------------------------------------
rights <<'END'
[requester "alice"]
	key = release
	key = other
	format = cms
	format = openpgp
[requester "bob"]
	key = other
	format = cms
[requester "carol@example.org"]
	key = release
[requester "dave"]
	format = cms
[requester "bob"]
	format = ssh
END
git config -f "$(host_config north)" touchmark.release.created 1700000000
gives alice release 1 yes
is "$(host_uses north)" 1 'which is on record'
seal_of seal.der
ok 'and is a signature of the digest' openssl cms -verify -binary \
	-inform DER -in seal.der -content f -CAfile pki/ca.pem -purpose any \
	-out /dev/null
gives alice other 1 yes
gives alice release 2 yes
gives alice release 4 no
gives bob release 1 no
gives bob other 1 yes
gives bob other 2 no
gives carol@example.org release 1 no
gives dave release 1 no
gives erin release 1 no
gives Alice release 1 no
is "$(host_uses north)" 4 'what was refused is no use of a key'
grep -q '"requester":"bob"' "$HOSTS/north/audit.log"
tap $? 'the record names the requester'

# What does not exist is refused in the same words.
sign_request req release 1 f
ask bob north "$T/req"
sed -n 's/release/KEY/g; /^answer/p' out >there
sign_request req nothing 1 f
ask bob north "$T/req"
sed -n 's/nothing/KEY/g; /^answer/p' out >not-there
is "$(wc -l <there)" 1 'a key that he may not use is refused'
ok 'a key that there is not is refused alike' cmp there not-there

# A key is a name and nothing else.
for key in 'pkcs11:token=token-north;object=release' dev@example.org \
	"$(openssl x509 -in pki/north.pem -noout -fingerprint -sha256 |
		sed 's/.*=//; s/://g')" 'Release' 'release '; do
	sign_request req "$key" 1 f
	ask alice north "$T/req"
	has '^answer code 1 seal 0 .*signer-not-allowed' "no key '$key'"
done
request req '1 \0001' '2 test' '4 \0001' "15 $(digest_of f)" '16 \0001' \
	"17 $(now_field)"
ask alice north "$T/req"
has '^answer code 1 seal 0 .*signer-not-allowed' 'no key without a name'

# No token is looked at for what is refused.
mv "$HOSTS/north/tokens" "$HOSTS/north/away"
gives erin release 1 no
gives alice release 4 no
mv "$HOSTS/north/away" "$HOSTS/north/tokens"

# ---- environments --------------------------------------------------------------
git config -f "$(host_config north)" touchmark.release.env prod
rights <<'END'
[requester "alice"]
	key = release
	key = other
	format = cms
	env = dev
	env = test
[requester "bob"]
	key = release
	key = other
	format = cms
	env = prod
END
gives alice release 1 no
gives alice other 1 no
gives bob release 1 yes
gives bob other 1 no
git config -f "$(host_config north)" touchmark.other.env test
gives alice other 1 yes
gives bob other 1 no

# ---- the file -------------------------------------------------------------------
bad() {	# WHAT LINE-NUMBER: the file is refused, and says where
	sign_request req release 1 f
	ask alice north "$T/req"
	has "^answer code 2 seal 0 .*requesters:$2: " "$1, with its line"
}

printf '[requester "alice"]\n\tkey = release\n\tformat = cms\n\tkeys = x\n' |
	rights
bad 'an unknown key' 4
printf '[requester "alice"]\n\tkey = release\n[other "x"]\n' | rights
bad 'an unknown section' 3
printf '[requester "alice"]\n\tkey = release\n\tformat = pdf\n' | rights
bad 'an unknown format' 3
printf '[requester "alice"]\n\tkey = rel ease\n' | rights
bad 'no name of a key' 2
printf '[requester "alice"]\n\tenv = live\n' | rights
bad 'an unknown environment' 2
printf '[requester "alice"]\n\tapprove = maybe\n' | rights
bad 'neither true nor false' 2
printf '[requester "alice"]\n\tapprove\n' | rights
bad 'a key without a value' 2
printf '[requester "alice smith"]\n\tkey = release\n' | rights
bad 'no name of a requester' 1
printf '[requester]\n\tkey = release\n' | rights
bad 'a section without a name' 1
printf '# rights\n[include]\n\tpath = %s\n' "$T/more" | rights
bad 'an include' 2
printf '[requester "bob"]\n\tkey = release\n\tfromat = cms\n' | rights
bad "a mistake in another one's section" 3

printf '[requester "alice"]\n\tkey = release\n\tformat = cms\n' | rights
chmod 640 "$R"
sign_request req release 1 f
ask alice north "$T/req"
has 'code 2 .*others may read or write it .*chmod 0600' 'a mode of 0640'
chmod 602 "$R"
ask alice north "$T/req"
has 'code 2 .*others may read or write it' 'a mode of 0602'
chmod 600 "$R"
printf '[requester "alice"]\n\tkey = release\000\n' >"$R"
ask alice north "$T/req"
has 'code 2 .*NUL byte' 'a NUL byte'
rm -f "$R"
ask alice north "$T/req"
has 'code 2 .*No such file' 'no such file'
mkdir "$R"
ask alice north "$T/req"
has 'code 2 .*no regular file' 'a folder'
rmdir "$R"
git config -f "$(host_config north)" --unset touchmark.requesters
ask alice north "$T/req"
has 'code 2 .*no touchmark.requesters' 'a host without such a file'
is "$(host_uses north)" 6 'none of this used a key'
done_testing
