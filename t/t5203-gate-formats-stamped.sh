#!/bin/sh
# OpenPGP signatures with a timestamp at the gate: what it saves when the key
# has expired or was given up since, and what it does not.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"
need gpg

# faketime comes before the sanitizer's own library.
ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0

gate_setup
THEN='2026-03-10 12:00:00'
mkdir -p "$XDG_CONFIG_HOME/touchmark"
tsa_new tsa
faketime '2025-01-01' openssl req -x509 -new -key "$T/pki/tsa-root.key" \
	-sha256 -days 36500 -subj /O=Test/CN=tsa-root \
	-addext basicConstraints=critical,CA:TRUE \
	-addext keyUsage=critical,keyCertSign,cRLSign \
	-out "$T/pki/tsa-root.pem" 2>/dev/null
PKI_AT='2025-06-01' PKI_DAYS=30000 pki_leaf tsa-root tsa '' \
	basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature \
	extendedKeyUsage=critical,timeStamping
cp "$T/pki/tsa-root.pem" "$T/tsa-roots.pem"
tsa_start tsa "$THEN"
export THEN TSA_URL

# git signs through this: gpg in March, and a token of that day where STAMP
# is set.
cat >"$T/gpg-then" <<'END'
#!/bin/sh
w=$(mktemp -d "$T/gpg.XXXXXX") && cat >"$w/in" || exit 1
faketime "$THEN" gpg --batch --no-tty --pinentry-mode loopback \
	--passphrase '' --armor --local-user "$3" --detach-sign \
	--output "$w/sig.asc" "$w/in" || exit 1
[ -z "${STAMP-}" ] || faketime "$THEN" touchmark stamp --tsa "$TSA_URL" \
	"$w/sig.asc" >&2 || exit 1
cat "$w/sig.asc"
echo '[GNUPG:] SIG_CREATED ' >&2
END
chmod +x "$T/gpg-then"
git config gpg.format openpgp
git config gpg.program "$T/gpg-then"
STAMP=1
export STAMP

old() {	# NAME EXPIRES: a key of January
	faketime '2026-01-01 12:00:00' gpg --batch --quiet --no-tty \
		--pinentry-mode loopback --passphrase '' --status-fd 3 \
		--quick-generate-key "$1 <dev@example.org>" ed25519 sign "$2" \
		3>"$T/status" 2>>"$T/gpg.log"
	sed -n 's/.* KEY_CREATED . //p' "$T/status" >"$T/$1.fpr"
	git config user.signingKey "$(cat "$T/$1.fpr")!"
}
give_up() {	# NAME REASON: revoked in June
	printf 'y\n%s\n\ny\n' "$2" |
		faketime '2026-06-01 12:00:00' gpg --no-tty \
		--pinentry-mode loopback --passphrase '' --command-fd 0 \
		--output "$T/$1.rev" --gen-revoke "$(cat "$T/$1.fpr")" \
		>>"$T/gpg.log" 2>&1
	gpg --batch --quiet --import "$T/$1.rev" 2>>"$T/gpg.log"
	gpg --batch --export >"$T/keys.gpg"
}
N=0
try() {	# REASON|accept WHAT
	N=$((N + 1))
	if [ "$1" = accept ]; then
		accept "$2" "HEAD:refs/heads/b$N"
		git -C "$SRV" update-ref -d "refs/heads/b$N"
	else
		refuse "$1" "$2" "HEAD:refs/heads/b$N"
	fi
}
TRUST='keyring = keys.gpg
	tsaRoots = tsa-roots.pem
	tsaRevocation = off'
rule() {
	printf '[ref "refs/heads/*"]\n\trequire = tip\n\tformat = openpgp
	timestamp = %s\n' "$1" | gate_policy
}
rule when-expired
gate_repo srv

# ---- a key that has expired since ------------------------------------------------
old brief 3m
gpg --batch --export >"$T/keys.gpg"
commit stamped
try accept 'an expired key, stamped in time'
rule always
try accept 'where a timestamp must be there'
rule off
try cert-expired 'where timestamps do not count'
rule when-expired
STAMP=''
commit unstamped
try cert-expired 'without a timestamp, though gpg says March'
rule always
try timestamp-missing 'where a timestamp must be there'
rule when-expired
STAMP=1
old briefer 30d
gpg --batch --export >"$T/keys.gpg"
THEN='2026-01-20 12:00:00' STAMP='' commit 'late stamp'
sig=$(git cat-file commit HEAD | sed -n '/^gpgsig /,/^ -----END/p' |
	sed -e 's/^gpgsig //' -e 's/^ //')
printf '%s\n' "$sig" >"$T/late.asc"
faketime "$THEN" touchmark stamp --tsa "$TSA_URL" "$T/late.asc" >/dev/null
git cat-file commit HEAD | sed '/^gpgsig /,/^ -----END/d' >"$T/payload"
fold gpgsig <"$T/late.asc" >"$T/late.sig"
git reset -q --hard "$(with_header "$T/late.sig" <"$T/payload" | put commit)"
try cert-expired 'a timestamp that was made after the key expired'
has 'the timestamp \(2026-03-10' 'which the text says'
git reset -q --hard HEAD~1

# ---- given up since --------------------------------------------------------------------
old soft never
gpg --batch --export >"$T/keys.gpg"
commit 'before it was retired'
try accept 'before it is given up'
STAMP='' commit 'no stamp'
try accept 'the same without a timestamp'
give_up soft 3
try cert-revoked 'retired, without a timestamp'
git reset -q --hard HEAD~1
try accept 'retired after the timestamp'
old hard never
gpg --batch --export >"$T/keys.gpg"
commit 'before it was stolen'
try accept 'before it is known to be stolen'
give_up hard 1
try cert-revoked 'a stolen key, whatever the timestamp'

# ---- whose time it is --------------------------------------------------------------------
git reset -q --hard HEAD~2
git config user.signingKey "$(cat "$T/brief.fpr")!"
commit again
TRUST='keyring = keys.gpg'
rule when-expired
try timestamp-untrusted 'an authority that the policy does not know'
done_testing
