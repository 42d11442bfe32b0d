#!/bin/sh
# OpenPGP signatures of text, and several in one, where git means one of bytes:
# gpg and gpgv take them, the gate and touchmark audit do not.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"
need gpg gpgv

gate_setup
g() {
	gpg --batch --quiet --no-tty --pinentry-mode loopback \
		--passphrase '' "$@" 2>>"$T/gpg.log"
}
for who in dev eve; do
	g --quick-generate-key "$who <$who@example.org>" ed25519 sign never ||
		{ cat "$T/gpg.log"; echo 'not ok - prepared: no key'; exit 1; }
done
# gpg as git calls it, with what $T/more says besides.
cat >"$T/signer" <<END
#!/bin/sh
exec gpg --batch --pinentry-mode loopback --passphrase '' \$(cat "$T/more") "\$@"
END
chmod +x "$T/signer"
: >"$T/more"
git config gpg.format openpgp
git config gpg.program "$T/signer"
git config user.signingKey dev@example.org

# The policy takes both keys.
# shellcheck disable=SC2034
TRUST='keyring = keys.gpg'
gate_policy <<'END'
[ref "refs/heads/*"]
	require = commits
	format = openpgp
[ref "refs/tags/*"]
	require = tag
	format = openpgp
	identity = off
END
g --export >"$T/keys.gpg"
gate_repo srv
takes() {	# COUNT: what gpgv says of the signature of HEAD
	git cat-file commit HEAD >"$T/c"
	sed -n '/^gpgsig /,/^ -----END/p' "$T/c" |
		sed -e 's/^gpgsig //' -e 's/^ //' >"$T/c.asc"
	sed '/^gpgsig /,/^ -----END/d' "$T/c" >"$T/c.txt"
	gpgv --status-fd 1 --keyring "$T/keys.gpg" "$T/c.asc" "$T/c.txt" \
		2>/dev/null >"$T/said"
	is "$(grep -c '^\[GNUPG:\] GOODSIG ' "$T/said")" "$1" \
		"gpgv counts $1 good ones"
}

commit one
takes 1
accept 'one signature of bytes' HEAD:refs/heads/a

echo --textmode >"$T/more"
commit text
takes 1
grep -q '^\[GNUPG:\] VALIDSIG .* 01 [0-9A-F]*$' "$T/said"
tap $? 'of text'
refuse signature-malformed 'one of text' HEAD:refs/heads/b
has 'is one of text' 'says which'
git reset -q --hard HEAD~1

echo '--local-user eve@example.org' >"$T/more"
commit two
takes 2
refuse signature-malformed 'two in one' HEAD:refs/heads/c
has '2 signers, exactly one is expected' 'says so'
git reset -q --hard HEAD~1

# Tags as well.
git tag -s -m two v1 2>/dev/null
refuse signature-malformed 'a tag with two in one' refs/tags/v1
echo --textmode >"$T/more"
git tag -s -m text v2 2>/dev/null
refuse signature-malformed 'a tag that is signed as text' refs/tags/v2

done_testing
