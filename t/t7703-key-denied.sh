#!/bin/sh
# Denied keys: every way to a signature ends there, without a login; a running
# agent and a signing host refuse at the next request; a list that cannot be
# believed denies every key.
# shellcheck disable=SC2031 # what a host has is its own
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
. "${0%/*}/agent-lib.sh"
. "${0%/*}/remote-lib.sh"
need openssl pkcs11-tool softhsm2-util git strace faketime

DENIED=$XDG_CONFIG_HOME/touchmark/denied
token_key dev dev@example.org
token_key two two@example.org
git config -f "$CONFIG" touchmark.key dev
for k in dev two; do
	git config -f "$CONFIG" "touchmark.$k.created" 1700000000
	git config -f "$CONFIG" "touchmark.$k.userId" "$k <$k@example.org>"
done
cd "$T" || exit 1
echo data >f
spki_of() {	# PEM FILE of a certificate
	openssl x509 -in "$1" -noout -pubkey |
		openssl pkey -pubin -outform DER | sha256sum | cut -c1-64
}
DEV=$(spki_of pki/dev.pem)
deny() {	# HEX...
	for hex; do
		printf '[denied "sha256:%s"]\n\tsince = 2026-01-02T03:04:05Z\n' \
			"$hex"
	done >"$DENIED"
	chmod 600 "$DENIED"
}
signs() {	# KEY
	touchmark sign -k "$1" -t ssh --resign f
}
ok 'a key that nobody denied' signs dev

# ---- what counts, and what does not -------------------------------------------
deny "$DEV"
exits 3 'denied' signs dev
has 'this key is denied since 2026-01-02T03:04:05Z' 'since when is told'
ok 'another key signs' signs two
deny "$(echo "$DEV" | tr a-f A-F)"
exits 3 'in capitals' signs dev
printf '[denied "sha256:%s"]\n' "$DEV" >"$DENIED"
exits 3 'without a word about it' signs dev
printf '# kept\n\n  [denied "sha256:%s"]  \n; since when?\n' "$DEV" >"$DENIED"
exits 3 'with comments and blanks' signs dev
deny "$(printf x | sha256sum | cut -c1-64)" "$DEV" \
	"$(printf y | sha256sum | cut -c1-64)"
exits 3 'one of several' signs dev
ok 'which are not all' signs two
rm "$DENIED"
ok 'taken off the list by its owner' signs dev

# ---- a list that cannot be believed denies all ---------------------------------
refuses_all() {	# WHAT
	exits 2 "$1" signs two
	has 'which keys are denied cannot be told, so all of them are' \
		"$1: denies every key"
}
for text in '[denied]' '[denied "sha256:12"]' '[Denied "x"]' 'junk' \
	'[denied "sha256:'"$DEV"'"' '[denied "sha256:'"$DEV"'"] since = x' \
	'[denied "sha1:'"$DEV"'"]' '[other "sha256:'"$DEV"'"]' \
	'[include]
	path = /dev/null' '[denied "sha256:'"$DEV"'"]
	sincee = 2026-01-01T00:00:00Z' '[denied "sha256:'"$DEV"'"]
	since' '[denied "sha256:'"$DEV"'f"]
	since = x'; do
	printf '%s\n' "$text" >"$DENIED"
	refuses_all "$(echo "$text" | head -1 | cut -c1-30 | tr '#' -)"
done
printf '[denied "sha256:%s"]\n\treason = a\\\n[x\n' "$DEV" >"$DENIED"
refuses_all 'a value that looks like a section'
printf '[denied "sha256:%s"]\n\000\n' "$DEV" >"$DENIED"
refuses_all 'a NUL byte'
deny "$DEV"
chmod 620 "$DENIED"
refuses_all 'a file that others may write'
rm "$DENIED"
mkdir "$DENIED"
refuses_all 'a directory'
rmdir "$DENIED"
ln -s /nonexistent/denied "$DENIED"
refuses_all 'a link that leads nowhere'
rm "$DENIED"
head -c 1100000 /dev/zero | tr '\0' '\n' >"$DENIED"
refuses_all 'a file without end'
exits 4 'key status' touchmark key status --offline
has '^key +two .* denied ' 'shows every key as denied'
exits 2 'and no key can be added' touchmark key compromise dev --yes
rm "$DENIED"
ok 'all is well again' signs two

# ---- where it is looked for ----------------------------------------------------------
mkdir -p elsewhere
cp "$CONFIG" elsewhere/config
TOUCHMARK_CONFIG=$T/elsewhere/config
export TOUCHMARK_CONFIG
ok 'with another configuration' signs dev
printf '[denied "sha256:%s"]\n' "$DEV" >elsewhere/denied
exits 3 'the list beside it counts' signs dev
rm elsewhere/denied
deny "$DEV"
exits 3 'and so does the usual one' signs dev
rm "$DENIED"
run env ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" \
	strace -f -e trace=%file -o trace touchmark sign -k dev -t ssh --resign f
tap "$RC" 'a signature under strace'
grep -q '"/etc/touchmark/denied"' trace
tap $? "the administrator's list is looked at"
ok 'compromised' touchmark key compromise dev --yes
[ -f elsewhere/denied ] && [ ! -e "$DENIED" ]
tap $? 'is written beside the configuration in use'
unset TOUCHMARK_CONFIG
rm elsewhere/denied

# ---- every door -----------------------------------------------------------------------
deny "$DEV"
git init -q repo
git_sign() {	# FORMAT PROGRAM...
	git -C repo -c user.name=x -c user.email=dev@example.org \
		-c commit.gpgSign=true -c user.signingKey=dev \
		-c gpg.format="$1" -c "$2" commit -q --allow-empty -m x
}
# git does not always pass on what its program says.
exits 128 'git commit, X.509' git_sign x509 gpg.x509.program="$BIN/touchmark-gpgsm"
exits 128 'git commit, OpenPGP' git_sign openpgp gpg.program="$BIN/touchmark-gpg"
exits 128 'git commit, SSH' git_sign ssh gpg.ssh.program="$BIN/touchmark-ssh-keygen"
for p in touchmark-gpg touchmark-gpgsm; do
	run_in f "$p" --status-fd=2 -bsau dev
	[ "$RC" != 0 ] && grep -q 'denied since' "$T/out" &&
		! grep -q SIG_CREATED "$T/out"
	tap $? "$p says why"
done
! git -C repo rev-parse -q --verify HEAD >/dev/null 2>&1
tap $? 'nothing was committed'
for what in 'csr dev --subject /CN=x' 'export dev --type openpgp' \
	'selftest dev'; do
	# shellcheck disable=SC2086 # words
	run touchmark key $what
	[ "$RC" = 3 ] && grep -q 'denied since' "$T/out"
	tap $? "key $what"
done

# No login: the PIN is not asked for what will not sign.
rm "$DENIED"
use_shim
ok 'through the shim' touchmark sign -k dev -t cms --no-timestamp --resign f
[ "$(calls C_Login)" -gt 0 ] && [ "$(calls C_Sign)" -gt 0 ]
tap $? 'a signature logs in and signs'
deny "$DEV"
: >"$TMK_SHIM_LOG"
exits 3 'denied' touchmark sign -k dev -t cms --no-timestamp --resign f
is "$(calls C_Sign)" 0 'nothing was signed'
is "$(calls C_Login)" 0 'nobody was logged in'
rm "$DENIED"

# ---- an agent that runs --------------------------------------------------------------
agent_world
ok 'the agent signs' signs two
ok 'and this key' signs dev
pid=$(agent_pid)
ok 'compromised while it runs' touchmark key compromise dev --yes
exits 3 'its next request is refused' signs dev
has 'denied since' 'for that'
ok 'another key signs' signs two
is "$(agent_pid)" "$pid" 'it is the same agent'
touchmark agent stop >/dev/null
unset XDG_RUNTIME_DIR
rm "$DENIED"

# ---- a signing host --------------------------------------------------------------------
host_new north
fake_ssh
client_key far ssh://signer@north/release
ok 'a signing host signs' touchmark sign -k far -t cms --no-timestamp --resign f
ok 'compromised there' on_host north touchmark key compromise release --yes
uses=$(host_uses north)
run touchmark sign -k far -t cms --no-timestamp --resign f
[ "$RC" != 0 ]
tap $? 'its next request is refused'
has 'denied since' 'for that'
is "$(host_uses north)" "$uses" 'the key was not used'
rm "$HOSTS/north/.config/touchmark/denied"
ok 'compromised here' touchmark key compromise far --yes
run touchmark sign -k far -t cms --no-timestamp --resign f
[ "$RC" != 0 ] && grep -q 'denied since' "$T/out"
tap $? 'and refused here'

done_testing
