#!/bin/sh
# Keys and signatures that gpg made, judged by us: which key, until when, and
# what a revocation ends.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need gpg gpgv sqop

TOOL=$MOCK/openpgp-tool
cd "$T" || exit 1
echo 'what is signed' >f
echo 'something else' >g
echo 'trust-model always' >"$GNUPGHOME/gpg.conf"

gpg_() {
	gpg --batch --quiet --pinentry-mode loopback --passphrase '' "$@"
}

must() {
	"$@" >"$T/log" 2>&1 || {
		cat "$T/log"
		echo "not ok - prepared: $*"
		exit 1
	}
}

# fpr NAME [N]: fingerprint of the primary key, of the n-1st subkey.
fpr() {
	gpg --with-colons --list-keys "$1@" 2>/dev/null |
		sed -n 's/^fpr:*\([0-9A-F]*\):.*/\1/p' | sed -n "${2:-1}p"
}

# born NAME ALGORITHM [EXPIRY [OPTION...]]
born() {
	name=$1 alg=$2 exp=${3:-never}
	shift 2
	[ $# = 0 ] || shift
	must gpg_ "$@" --quick-generate-key "$name <$name@example.org>" \
		"$alg" sign "$exp"
	must gpg_ --export -o "$name.pgp" "$name@"
}

# sign NAME OPTION...: NAME.sig over f
sign() {
	name=$1
	shift
	rm -f "$name.sig"
	must gpg_ -u "$name@" "$@" -b -o "$name.sig" f
}

# says REASON WHAT KEYRING SIGNATURE
says() {
	code=1
	[ "$1" = good ] && code=0
	exits $code "$2" "$TOOL" judge "$3" "$4" f
	has "^$1 " "$2: $1"
}

# ---- what gpg makes ----------------------------------------------------------

for a in rsa3072 nistp256 nistp384 nistp521 ed25519; do
	born "$a" "$a"
	must gpg_ --armor --export -o "$a.txt" "$a@"
	sign "$a"
	must gpg_ -u "$a@" -b --armor --comment 'it is mine' -o "$a.asc" f
	says good "$a" "$a.pgp" "$a.sig"
	has "^key $(fpr "$a")\$" "$a: the fingerprint"
	has "^primary $(fpr "$a")\$" "$a: which is the primary key's"
	has "^user $a <$a@example.org>\$" "$a: the user id"
	says good "$a, armoured" "$a.txt" "$a.asc"
	exits 1 "$a: of other content" "$TOOL" judge "$a.pgp" "$a.sig" g
	has '^signature-bad ' "$a: is bad"
done
says cert-missing 'a key that the keyring has not' ed25519.pgp rsa3072.sig
cat rsa3072.pgp ed25519.pgp nistp256.pgp >all.pgp
cat rsa3072.txt ed25519.txt nistp256.txt >all.txt
for a in rsa3072 ed25519 nistp256; do
	says good "$a among others" all.pgp $a.sig
	says good "$a among others, armoured" all.txt $a.sig
done

# Another implementation: a key that certifies, a subkey that signs, salted
# notations, nearly everything critical.
sqop generate-key 'S <s@example.org>' >sq.key
sqop extract-cert <sq.key >sq.txt
sqop sign sq.key <f >sq.asc
says good 'a key and a signature of sqop' sq.txt sq.asc
has '^user S <s@example.org>$' 'its user id'
[ "$(sed -n 's/^key //p' "$T/out")" != "$(sed -n 's/^primary //p' "$T/out")" ]
tap $? 'signed by a subkey'

# ---- signatures that are not ours to accept -------------------------------------

sign rsa3072 --digest-algo SHA1
says digest-weak 'SHA-1' rsa3072.pgp rsa3072.sig
sign rsa3072 --textmode
says signature-malformed 'a signature of text' rsa3072.pgp rsa3072.sig
sign rsa3072 --default-sig-expire 1d
says signature-malformed 'one that expires' rsa3072.pgp rsa3072.sig
has 'is one that expires' 'which is said'
sign rsa3072 --sig-notation '!must@example.org=1'
says signature-malformed 'a critical notation' rsa3072.pgp rsa3072.sig
sign rsa3072 --sig-notation 'may@example.org=1' \
	--sig-policy-url https://example.org/
says good 'one that is not critical' rsa3072.pgp rsa3072.sig
sign rsa3072 -u ed25519@
says signature-malformed 'two signers' rsa3072.pgp rsa3072.sig
born weak rsa2048
sign weak
says key-weak 'RSA with 2048 bits' weak.pgp weak.sig
born dsa dsa2048
sign dsa
says key-weak 'DSA' dsa.pgp dsa.sig
born old ed25519 never --cert-digest-algo SHA1
sign old
says cert-missing 'a key bound by SHA-1 alone' old.pgp old.sig

# ---- time ---------------------------------------------------------------------------

then=1577880000	# 2020-01-01T12:00:00Z
born year ed25519 1y --faked-system-time "$then!"
sign year --faked-system-time "$((then + 86400))!"
says cert-expired 'an expired key' year.pgp year.sig
JUDGE_NOW=$((then + 86400 * 365 - 1)) && export JUDGE_NOW
says good 'the same a second before' year.pgp year.sig
JUDGE_NOW=$((then + 86400 * 365))
says cert-expired 'and at that second' year.pgp year.sig
JUDGE_NOW=$((then - 1))
says cert-not-yet-valid 'before it was made' year.pgp year.sig
JUDGE_NOW=$then
says good 'in the second in which it was made' year.pgp year.sig
unset JUDGE_NOW
must gpg_ --quick-set-expire "$(fpr year)" 0
must gpg_ --yes --export -o year.pgp year@
says good 'prolonged by its owner' year.pgp year.sig

# ---- revocation ------------------------------------------------------------------------

# revoke NAME REASON TIME: as gpg asks a person
revoke() {
	printf 'y\n%s\n\ny\n' "$2" | gpg --quiet --command-fd 0 \
		--no-tty --pinentry-mode loopback --passphrase '' \
		--faked-system-time "$3!" --yes --output "$1.rev" \
		--gen-revoke "$(fpr "$1")" >"$T/log" 2>&1
	must gpg_ --import "$1.rev"
	must gpg_ --yes --export -o "$1.pgp" "$1@"
}

when=$((then + 86400 * 100))
for r in 0 1 2 3; do
	born "r$r" ed25519 never --faked-system-time "$then!"
	sign "r$r" --faked-system-time "$((then + 1))!"
	revoke "r$r" "$r" "$when"
	says cert-revoked "revoked for reason $r" "r$r.pgp" "r$r.sig"
	JUDGE_NOW=$((when - 1)) && export JUDGE_NOW
	case $r in
	0 | 1) says cert-revoked "reason $r, before it was revoked" \
		"r$r.pgp" "r$r.sig" ;;
	*) says good "reason $r, before it was revoked" \
		"r$r.pgp" "r$r.sig" ;;
	esac
	JUDGE_NOW=$when
	says cert-revoked "reason $r, at that second" "r$r.pgp" "r$r.sig"
	unset JUDGE_NOW
done

# ---- subkeys -----------------------------------------------------------------------------

born sub ed25519 never --faked-system-time "$then!"
must gpg_ --faked-system-time "$((then + 10))!" \
	--quick-add-key "$(fpr sub)" rsa3072 sign 1y
must gpg_ --yes --export -o sub.pgp sub@
sign sub --faked-system-time "$((then + 20))!"
JUDGE_NOW=$((then + 20)) && export JUDGE_NOW
says good 'a subkey' sub.pgp sub.sig
has "^key $(fpr sub 2)\$" 'its own fingerprint'
has "^primary $(fpr sub)\$" "and its owner's"
JUDGE_NOW=$((then + 10 + 86400 * 365))
says cert-expired 'it expires by itself' sub.pgp sub.sig
unset JUDGE_NOW

born gone ed25519 never --faked-system-time "$then!"
must gpg_ --faked-system-time "$((then + 10))!" \
	--quick-add-key "$(fpr gone)" ed25519 sign never
sign gone --faked-system-time "$((then + 20))!"
must gpg_ --export -o gone.sub.pgp gone@
says good 'a subkey that is not revoked' gone.sub.pgp gone.sig
printf 'key 1\nrevkey\ny\n3\n\ny\nsave\n' | gpg --quiet --command-fd 0 \
	--no-tty --pinentry-mode loopback --passphrase '' \
	--faked-system-time "$when!" --edit-key gone@ >"$T/log" 2>&1
must gpg_ --yes --export -o gone.pgp gone@
says cert-revoked 'a subkey that is' gone.pgp gone.sig
revoke gone 0 "$when"
says cert-revoked 'a subkey whose owner is revoked' gone.pgp gone.sig

# ---- whom the owner named ---------------------------------------------------------------

born owner ed25519 never --faked-system-time "$then!"
born friend ed25519 never --faked-system-time "$then!"
sign owner --faked-system-time "$((then + 1))!"
printf 'addrevoker\n%s\ny\nsave\n' "$(fpr friend)" | gpg --quiet \
	--command-fd 0 --no-tty --pinentry-mode loopback --passphrase '' \
	--faked-system-time "$((then + 2))!" --edit-key owner@ >"$T/log" 2>&1
must gpg_ --yes --export -o owner.pgp owner@
says good 'a key with a revoker' owner.pgp owner.sig
printf 'y\n0\n\ny\n' | gpg --quiet --command-fd 0 --no-tty \
	--pinentry-mode loopback --passphrase '' --yes \
	--output owner.rev --desig-revoke owner@ >"$T/log" 2>&1
must gpg_ --import owner.rev
must gpg_ --yes --export -o owner.pgp owner@
cat owner.pgp friend.pgp >both.pgp
says cert-revoked 'the revoker has revoked it' both.pgp owner.sig

# ---- keyrings -------------------------------------------------------------------------------

for bad in twice secret cut garbage empty text behind sig; do
	case $bad in
	twice) cat rsa3072.pgp ed25519.pgp rsa3072.pgp >"$bad" ;;
	secret) must gpg_ --export-secret-keys -o $bad rsa3072@ ;;
	cut) head -c 700 all.pgp >$bad ;;
	garbage) head -c 2000 /dev/urandom | tr '\0-\177' '\200-\377' >$bad ;;
	empty) : >$bad ;;
	text) echo 'a line of text' >$bad ;;
	behind) cat rsa3072.txt f >$bad ;;
	sig) cp ed25519.sig $bad ;;
	esac
	exits 2 "a keyring that is no good: $bad" "$TOOL" judge $bad \
		ed25519.sig f
	has 'keyring' "$bad: which is said"
done

done_testing
