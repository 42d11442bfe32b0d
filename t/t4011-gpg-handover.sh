#!/bin/sh
# What is not ours reaches the real program as if we were not there: the same
# arguments, input, descriptors, environment, directory and signals, and its
# output and exit code come back. Judged by a program that writes down all it
# was given, called once by itself and once through us.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need git openssl pkcs11-tool softhsm2-util sha256sum

token_key dev dev@example.org
policy_for ca
git_uses_touchmark
git config --global user.signingKey dev
git config --global gpg.format openpgp
mkdir "$T/fake" "$T/w"
cd "$T/w" || exit 1
for p in gpg gpgsm; do
	cat >"$T/fake/$p" <<-EOF
	#!/bin/sh
	{
		echo "program $p"
		printf '<%s>\n' "\$@"
		echo "input \$(sha256sum)"
		# no pipe of its own may stand among them
		echo descriptors
		ls /proc/\$\$/fd
		for fd in 3 5 7; do
			[ ! -e /proc/\$\$/fd/\$fd ] ||
				eval "cat <&\$fd" 2>/dev/null
		done
		grep -E '^(Sig(Ign|Blk|Cgt)|Umask)' /proc/self/status
		env | grep -v '^_=' | sort
		pwd
	} >"$T/fake.log" 2>&1
	echo to standard output
	echo to standard error >&2
	exit 42
	EOF
	chmod +x "$T/fake/$p"
done
OWN_PATH=$PATH
PATH=$T/fake:$PATH
printf 'pass phrase\n' >"$T/three"
printf 'five\n' >"$T/five"
{ echo first line; printf 'and \000 more'; } >"$T/input"

call() {	# PROGRAM ARG...: log, output and code in $T/PREFIX.*
	prefix=$1
	shift
	rm -f "$T/fake.log"
	# shellcheck disable=SC2002 # the input is to be a pipe
	cat "$T/input" | "$@" >"$T/$prefix.out" 2>"$T/$prefix.err" \
		3<"$T/three" 5<"$T/five" 7>/dev/null
	echo "code $?" >>"$T/$prefix.out"
	mv "$T/fake.log" "$T/$prefix.log" 2>/dev/null ||
		echo 'it was not called' >"$T/$prefix.log"
}

# alike OURS REAL ARG...
alike() {
	ours=$1 real=$2
	shift 2
	call real "$T/fake/$real" "$@"
	call ours "$ours" "$@"
	for part in log out err; do
		cmp -s "$T/real.$part" "$T/ours.$part" && continue
		diff "$T/real.$part" "$T/ours.$part" >"$T/out"
		RC=$part
		tap 1 "$ours $(echo "$*" | tr "\n" " ")"
		return
	done
	tap 0 "$ours $(echo "$*" | tr "\n" " ")"
}

call real "$T/fake/gpg" -k
grep -q '^pass phrase' "$T/real.log" && grep -q '^five' "$T/real.log" &&
	grep -q '^input ' "$T/real.log" && grep -q '^code 42' "$T/real.out"
tap $? 'the judge sees arguments, input and descriptors'

# What people, GUIs and scripts ask gpg for.
while read -r line; do
	# shellcheck disable=SC2086 # words, to be split
	alike touchmark-gpg gpg $line
done <<'EOL'

-k
-K
--list-keys
--list-secret-keys --with-colons
--list-secret-keys --keyid-format long
--batch --with-colons --fixed-list-mode --list-secret-keys -- a@example.org
--fingerprint dev
--import key.asc
--export --armor dev
--export-secret-keys dev
--encrypt --recipient dev f
-e -r dev -o out f
-se -u dev -r dev
--decrypt f
-d
--clearsign -u stranger@example.org
--clear-sign -t -u dev f
-t -bsau dev
--gen-key
--full-generate-key
--batch --gen-key params
--quick-generate-key x@example.org
--edit-key dev trust quit
--card-status
--command-fd 3 --edit-key dev
--server
--symmetric --passphrase-fd 3 f
--textmode -bsau dev
--passphrase-fd=0 -bsau dev
--status-fd 7 -bsau stranger@example.org
--status-fd=2 -bsau stranger@example.org
--status-fd=2 -bsau 0x0123456789ABCDEF!
--status-fd=2 -bsau 0123456789ABCDEF0123456789ABCDEF01234567
--status-fd=x --list-keys
--verify
--verify a b c
--verify-files a b
--multifile --verify a b
--homedir h -b f
--homedir=h --list-keys
--default-key a --default-key b -b f
--options f -bsau dev
--comment c -bsau dev
--faked-system-time 20200101T000000 -bsau dev
--set-notation a@b=c -bsau dev
--sender dev@example.org -bsau dev
--detached -bsau dev
-bsau
--frobnicate
--frobnicate=x -bsau dev
-bX
--version --verbose --list-config
--dump-options
--dearmor
--print-md sha256 f
--recv-keys 0123456789ABCDEF
EOL
while read -r line; do
	# shellcheck disable=SC2086 # words, to be split
	alike touchmark-gpgsm gpgsm $line
done <<'EOL'
--import x
--list-keys --with-validation
--list-secret-keys --with-colons
--status-fd=2 -bsau stranger@example.org
--status-fd=2 -bsau 0x0123456789ABCDEF
--status-fd=2 -sau stranger@example.org
--include-certs 0 -bsau dev
--enable-crl-checks --verify a b
--verify
--encrypt -r dev
--export-secret-key-p12 dev
--server
--call-dirmngr
--learn-card
--dump-cert dev
EOL
alike touchmark-gpg gpg -bsau "A B  <a@b>
second line" 'x  y' '' 'ü*?;x' -- --not-an-option
alike touchmark-gpg gpg --status-fd=2 -bsau 'stranger <s@example.org>'
git config --global gpg.format x509
# The format decides which real program signs with a key that is not ours.
alike touchmark-gpg gpgsm --status-fd=2 -bsau 'stranger <s@example.org>'
alike touchmark-gpg gpg --list-keys
trap '' PIPE HUP
alike touchmark-gpg gpg --list-keys
alike touchmark-gpg gpgsm -bsau stranger@example.org
trap - PIPE HUP
umask 027
alike touchmark-gpg gpg --import f
umask 022

# An OpenPGP signature goes on whichever way it comes.
printf -- '-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----\n' \
	>pgp.asc
printf '\211\001' >pgp.sig
echo 'not any signature' >text
for f in pgp.asc pgp.sig; do
	for p in touchmark-gpg touchmark-gpgsm; do
		alike $p gpg --keyid-format=long --status-fd=1 --verify $f -
		alike $p gpg --verify $f text
		alike $p gpg --verify $f
	done
done
alike touchmark-gpg gpg --verify text pgp.asc
alike touchmark-gpg gpg --verify -
alike touchmark-gpgsm gpgsm --verify -
alike touchmark-gpgsm gpgsm --verify text

# One that can be read only once is read again by the program that needs it.
cat >"$T/fake/gpg" <<EOF
#!/bin/sh
for f; do
	case \$f in
	-\&*) eval "cat <&\${f#-&}" ;;
	-) cat ;;
	-*) ;;
	*) cat "\$f" ;;
	esac
done >"$T/seen"
printf '<%s>' "\$@" >"$T/argv"
EOF
run_in pgp.asc touchmark-gpg --verify - text
is "$(cat "$T/seen")" "$(cat pgp.asc text)" 'a signature on standard input'
is "$(cat "$T/argv")" '<--verify><-><text>' 'with the same arguments'
# shellcheck disable=SC2002 # a pipe is what is tested
cat pgp.asc | touchmark-gpg --verify /dev/fd/3 text 3<&0 >"$T/out" 2>&1
is "$(cat "$T/seen")" "$(cat pgp.asc text)" 'on a pipe by its number'
is "$(cat "$T/argv")" '<--verify></dev/fd/3><text>' 'with the same arguments'
# shellcheck disable=SC2002 # a pipe is what is tested
cat pgp.asc | touchmark-gpg --enable-special-filenames --verify -- '-&3' text \
	3<&0 >"$T/out" 2>&1
is "$(cat "$T/seen")" "$(cat pgp.asc text)" 'and as GPGME names it'
is "$(cat "$T/argv")" '<--enable-special-filenames><--verify><--><-&3><text>' \
	'with the same arguments'
mkfifo fifo
timeout 120 cat pgp.asc >fifo &
PIDS="$PIDS $!"
run timeout 120 touchmark-gpg --verify fifo text
is "$(cat "$T/seen")" "$(cat pgp.asc text)" 'on a pipe with a name'
case $(cat "$T/argv") in
'<--verify></dev/fd/'*'><text>') r=0 ;;
*) r=1 ;;
esac
tap $r 'whose name is then the only word that changes'

# No end: we and what we start never start each other.
PATH=$OWN_PATH
mkdir "$T/two" "$T/links"
cp "$BIN/touchmark-gpg" "$BIN/touchmark-gpg-full" "$T/two"
ln -s "$T/two/touchmark-gpg" "$T/links/gpg"
ln -s "$BIN/touchmark-gpg" "$T/links/gpgsm"
LIMIT=$(command -v timeout)
for p in gpg gpgsm; do
	for from in "$T/links/$p" "$BIN/touchmark-$p"; do
		PATH=$T/links exits 2 "$p of two installations, no real one" \
			"$LIMIT" 120 "$from" --list-keys
		has "cannot find another $p" 'says so'
	done
done
done_testing
