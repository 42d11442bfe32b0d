#!/bin/sh
# "From a YubiKey to a verified commit in five commands": the lines of README.md
# as they stand there, with SoftHSM in the place of the YubiKey's module and a
# token of the same name, whose key wants its PIN at each signature.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need openssl softhsm2-util pkcs11-tool git gpg ssh-keygen

# The commands below "### NAME", one file each, as README has them.
SECTION='## From a YubiKey to a verified commit in five commands'
commands() {	# NAME
	rm -f "$T"/command.*
	awk -v section="$SECTION" -v name="### $1" -v to="$T/command." '
	/^## / { inside = ($0 == section) }
	/^### / { here = (inside && $0 == name) }
	/^t\/t/ { here = 0 }
	here && /^    / {
		if (!open) file = to (++n)
		open = 1
		print substr($0, 5) >file
		next
	}
	here { open = 0 }' "$TOP/README.md"
	is "$(find "$T" -name 'command.*' | wc -l)" 5 "$1: five commands"
	sed -i "s|/usr/lib/[a-z0-9_-]*/libykcs11.so|$MODULE|" "$T"/command.*
}

type_it() {	# N NAME
	ok "$2" sh -e "$T/command.$1"
}

TOKEN='YubiKey PIV #12345678'
mkdir -p "$T/tokens"
printf 'directories.tokendir = %s\nobjectstore.backend = file\n' \
	"$T/tokens" >"$T/softhsm2.conf"
SOFTHSM2_CONF=$T/softhsm2.conf
export SOFTHSM2_CONF
ok 'a token of the name' softhsm2-util --init-token --free \
	--label "$TOKEN" --so-pin 35373632 --pin 648219
ok 'and a key in the place of slot 9c' pkcs11-tool --module "$MODULE" \
	--token-label "$TOKEN" --login --pin 648219 --keypairgen \
	--key-type EC:prime256v1 --label 'Private key for Digital Signature' \
	--id 02 --usage-sign --always-auth
(umask 077 && printf 648219 >"$T/pin")
TOUCHMARK_PIN_FILE=$T/pin
export TOUCHMARK_PIN_FILE
unset GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL

# A home of one's own for each of the formats.
fresh() {	# NAME
	HOME=$T/home.$1
	XDG_CONFIG_HOME=$HOME/.config
	mkdir -p "$XDG_CONFIG_HOME"
	commands "$1"
	git config --global user.name 'Dana Developer'
	git config --global user.email dana@example.org
	git init -q "$HOME/hello"
	cd "$HOME/hello" || exit 1
	type_it 1 "$1: what the module has"
	has "token=YubiKey%20PIV%20%2312345678;id=%02;" 'with the URI'
	type_it 2 "$1: configuration"
}

fresh SSH
type_it 3 'SSH: the public key'
is "$(cut -d' ' -f1 "$HOME/.allowed_signers")" dana@example.org 'and whose it is'
type_it 4 'SSH: a commit'
type_it 5 'SSH: its signature'
has 'Good "git" signature for dana@example.org' 'is verified'
is "$(git log -1 --format=%G?)" G 'by the stock ssh-keygen'

fresh OpenPGP
type_it 3 'OpenPGP: the public key'
type_it 4 'OpenPGP: a commit'
type_it 5 'OpenPGP: its signature'
has 'gpg: Good signature from "Dana Developer <dana@example.org>"' 'is verified'
is "$(git -c gpg.program=gpg log -1 --format=%G?)" U \
	'by the stock gpg, which knows the key and was not told to trust it'

fresh X.509
type_it 3 'X.509: the request'
pki_root corporate
printf '%s\n' basicConstraints=critical,CA:FALSE \
	keyUsage=critical,digitalSignature extendedKeyUsage=codeSigning \
	subjectAltName=email:dana@example.org subjectKeyIdentifier=hash \
	authorityKeyIdentifier=keyid >"$T/ext"
ok 'the CA answers' openssl x509 -req -in yubikey.csr \
	-CA "$T/pki/corporate.pem" -CAkey "$T/pki/corporate.key" -sha256 \
	-set_serial 1 -days 300 -extfile "$T/ext" -out "$HOME/yubikey.pem"
printf '[policy]\n\tversion = 1\n[trust]\n\troots = %s\n\trevocation = off\n' \
	"$T/pki/corporate.pem" >"$HOME/policy"
printf '[ref "refs/heads/*"]\n\trequire = commits\n' >>"$HOME/policy"
type_it 4 'X.509: a commit'
type_it 5 'X.509: its signature'
has 'gpgsm: Good signature from "/CN=Dana Developer"' 'is verified'
is "$(git log -1 --format=%G?)" G 'and git says so'

done_testing
