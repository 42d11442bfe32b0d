#!/bin/sh
# SIG_CREATED is said of whole signatures alone; nothing is signed with a key
# or a certificate that is in doubt.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need git openssl pkcs11-tool softhsm2-util faketime strace

token_key dev dev@example.org
policy_for ca
echo data >"$T/d"

# sign ARG...: the armour in $T/sig, the rest in $T/out
sign() {
	touchmark-gpgsm "$@" <"$T/d" >"$T/sig" 2>"$T/out"
	RC=$?
}

sign --status-fd=2 -bsau dev
is "$RC" 0 'it signs'
has "^\[GNUPG:\] SIG_CREATED D 18 8 00 [0-9]{8}T[0-9]{6} $(sha1_of dev)\$" \
	'SIG_CREATED in the form of gpgsm'
is "$(head -1 "$T/sig")" '-----BEGIN SIGNED MESSAGE-----' 'armour begins'
is "$(tail -1 "$T/sig")" '-----END SIGNED MESSAGE-----' 'and ends'
is "$(unhurried "$T/out" | grep -c .)" 1 'and nothing else is said'
sign -bu dev
is "$RC" 0 'without -a'
ok 'it is DER' openssl asn1parse -inform DER -in "$T/sig" -noout
sign -ba --output "$T/o" -u dev
is "$RC-$(wc -c <"$T/sig" | tr -d ' ')" 0-0 '--output writes there alone'
ok 'what is good' touchmark-gpgsm --verify "$T/o" "$T/d"
ok 'a named file' touchmark-gpgsm -b -u dev -o "$T/o" "$T/d"
ok 'is signed too' touchmark-gpgsm --verify "$T/o" "$T/d"
ok '--digest-algo that fits' touchmark-gpgsm -b -u dev -o "$T/o" \
	--digest-algo SHA256 "$T/d"
exits 2 '--digest-algo that does not' touchmark-gpgsm -b -u dev -o "$T/o" \
	--digest-algo SHA1 "$T/d"

exits 2 'the file itself as output' touchmark-gpgsm -b -u dev -o "$T/d" "$T/d"
is "$(cat "$T/d")" data 'is refused, and the file stays'

# Writes that fail. The module works on a thread of its own, which strace does
# not follow here: what is injected hits our own writes alone.
touchmark-gpgsm --status-fd=2 -bsau dev <"$T/d" >/dev/full 2>"$T/out"
RC=$?
is "$RC" 4 'a full device ends with 4'
hasnt SIG_CREATED 'and no SIG_CREATED'
has 'No space left' 'with the reason'
touchmark-gpgsm --status-fd=2 -bsau dev <"$T/d" 2>"$T/out" >&-
is "$?" 4 'so does a closed output'
hasnt SIG_CREATED 'and no SIG_CREATED'
touchmark-gpgsm --status-fd=2 -bsa -o "$T/o" -u dev <"$T/d" 2>"$T/out" >&-
is "$?" 0 'which matters not to --output'
touchmark-gpgsm -bsau dev <"$T/d" >"$T/sig" 2>&-
is "$?" 0 'nor does a closed standard error'
ok 'the signature is whole' touchmark-gpgsm --verify "$T/sig" "$T/d"
run_in "$T/d" touchmark-gpgsm --status-fd=2 -bsa -o "$T/no/such" -u dev
is "$RC" 4 'so does a folder that is not there'
hasnt SIG_CREATED 'and no SIG_CREATED'
# Both ends, then the one to write to; and whoever read is gone before it begins.
mkfifo "$T/pipe"
exec 8<>"$T/pipe"
exec 9>"$T/pipe"
exec 8>&-
touchmark-gpgsm --status-fd=2 -bsau dev <"$T/d" 2>"$T/out" >&9
RC=$?
exec 9>&-
is "$RC" 4 'a reader that went away: 4, no death by a signal'
hasnt SIG_CREATED 'and no SIG_CREATED'
(
	# One block: enough for the token's own file, not for a signature.
	ulimit -f 1
	trap '' XFSZ
	touchmark-gpgsm --status-fd=2 -bsau dev <"$T/d" 2>&1 >"$T/sig"
	echo "exit $?"
) | cat >"$T/out"
has '^exit 4$' 'a file that may not grow: 4'
hasnt SIG_CREATED 'and no SIG_CREATED'
for n in 1 2 3; do
	traced -o /dev/null -e trace=write -e "inject=write:error=EIO:when=$n" \
		touchmark-gpgsm --status-fd=2 -bsau dev \
		<"$T/d" >"$T/sig" 2>"$T/out"
	rc=$?
	if grep -q SIG_CREATED "$T/out"; then
		ok "write $n was not needed" \
			touchmark-gpgsm --verify "$T/sig" "$T/d"
	else
		is "$rc" 4 "write $n fails: 4 and no SIG_CREATED"
	fi
done
traced -o /dev/null -e trace=fsync -e inject=fsync:error=EIO \
	touchmark-gpgsm --status-fd=2 -bsau dev \
	<"$T/d" >"$T/sig" 2>"$T/out"
is "$?" 4 'fsync fails: 4'
hasnt SIG_CREATED 'and no SIG_CREATED'
closed=$T/sig
traced -o /dev/null -P "$closed" -e trace=close -e inject=close:error=EIO \
	touchmark-gpgsm --status-fd=2 -bsau dev \
	<"$T/d" >"$T/sig" 2>"$T/out"
is "$?" 4 'the last byte is lost when it is closed: 4'
hasnt SIG_CREATED 'and no SIG_CREATED'
touchmark-gpgsm --status-fd=1 -bsau dev <"$T/d" >/dev/full 2>"$T/out"
is "$?" 4 'a status descriptor that is full ends with 4'

# Descriptors that are wrong.
for fd in 99 x -1 ''; do
	run_in "$T/d" touchmark-gpgsm --status-fd="$fd" -bsau dev
	is "$RC" 2 "--status-fd='$fd' is a usage error"
	hasnt 'BEGIN' 'and nothing is signed'
done
touchmark-gpgsm --status-fd=0 -bsau dev <"$T/d" >"$T/sig" 2>"$T/out"
is "$?" 2 'so is one that is only read'
touchmark-gpgsm --status-fd=3 -bsau dev <"$T/d" >"$T/sig" 2>"$T/out" \
	3>"$T/fd3"
is "$?-$(grep -c SIG_CREATED "$T/fd3")" 0-1 'another one gets the lines'

# Keys in doubt.
token_key twin dev@example.org
sign --status-fd=2 -bsau dev@example.org
is "$RC" 3 'two keys of one address end with 3'
has 'dev' 'and are both named'
has 'twin' 'both'
hasnt SIG_CREATED 'and nothing is signed'
has '^\[GNUPG:\] INV_SGNR 0 dev@example.org' 'the signer is told'
sign --status-fd=2 -bsa -u dev -u twin
is "$RC" 2 'two -u are a usage error'

# What a certificate forbids is known before the token is asked for anything.
PKI_AT='2020-01-01 00:00:00' PKI_DAYS=30 token_key old old@example.org
PKI_AT='+1 year' token_key new new@example.org
token_key tls tls@example.org basicConstraints=critical,CA:FALSE \
	keyUsage=critical,digitalSignature extendedKeyUsage=serverAuth
cp "$T/pki/twin.pem" "$T/pki/other.pem"
token_key other other@example.org
cp "$T/pki/twin.pem" "$T/pki/other.pem"
for key in old new tls; do
	rm -f "$T/trace"
	traced -f -e trace=openat -o "$T/trace" touchmark-gpgsm \
		--status-fd=2 -bsau "$key" <"$T/d" >"$T/sig" 2>"$T/out"
	is "$?" 3 "certificate $key ends with 3"
	has 'hint: ' 'and what to do'
	hasnt SIG_CREATED 'and nothing is signed'
	is "$(grep -c "$PINFILE" "$T/trace")" 0 'the PIN was not even read'
	is "$(wc -c <"$T/sig" | tr -d ' ')" 0 'nothing is written'
done
sign --status-fd=2 -bsau other
is "$RC" 3 'a certificate of another key ends with 3'
hasnt SIG_CREATED 'and nothing is signed'
echo wrong >"$PINFILE"
sign --status-fd=2 -bsau dev
is "$RC" 3 'a wrong PIN ends with 3'
hasnt SIG_CREATED 'and nothing is signed'
# A touchmark that nobody configured leaves everything to gpgsm.
mkdir "$T/fake"
printf '#!/bin/sh\necho real gpgsm >&2\nexit 7\n' >"$T/fake/gpgsm"
chmod +x "$T/fake/gpgsm"
for user in '' dev; do
	run env TOUCHMARK_CONFIG=/dev/null PATH="$T/fake:$PATH" \
		touchmark-gpgsm --status-fd=2 -bsau "$user"
	is "$RC" 7 "no configuration, key '$user': the real gpgsm"
done
done_testing
