#!/bin/sh
# The programs that sign and verify for git keep what a configuration file
# said: the same answers with and without, no secret in it, and nobody else's
# word for it.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gpg-lib.sh
. "${0%/*}/gpg-lib.sh"
need git openssl pkcs11-tool strace

CACHE=$HOME/.cache/touchmark
unset XDG_CACHE_HOME
token_key aa aa@example.org
token_key bb bb@example.org
git config -f "$CONFIG" touchmark.key aa
policy_for ca
printf 'content\n' >"$T/content"
cd "$T" || exit 1

# Whether its times can tell the next change of it apart (2 s and a tick).
settle() {
	sleep 4
}

fingerprint() {	# NAME
	openssl x509 -in "$T/pki/$1.pem" -noout -fingerprint -sha1 |
		sed 's/.*=//; s/://g'
}

AA=$(fingerprint aa)
BB=$(fingerprint bb)

# signs_as FINGERPRINT WHAT: the default key is that of this certificate.
signs_as() {
	touchmark-gpgsm --status-fd=1 -bsa -o "$T/sig" --yes \
		<"$T/content" >"$T/out" 2>&1
	has "SIG_CREATED D 18 8 00 [0-9T]* $1" "$2"
}

# parses N WHAT: of the next signature, N files are parsed by the helper.
parses() {
	traced -f -e trace=execve -o "$T/trace" touchmark-gpgsm --status-fd=1 \
		-bsa -o "$T/sig" --yes <"$T/content" >"$T/out" 2>&1
	is "$(grep -c 'execve(.*touchmark-config' "$T/trace")" "$1" "$2"
}

# ---- kept --------------------------------------------------------------------
# From the future: new, however long the next lines take.
touch -d '1 hour' "$CONFIG" "$POLICY"
signs_as "$AA" 'the first signature has the file parsed'
parses 2 'so has the next one, and the policy: too new to be kept'
touch -d '1 hour ago' "$CONFIG" "$POLICY"
settle
parses 2 'so has the first one with files that have settled'
parses 0 'then they are known'
signs_as "$AA" 'and says the same'
ok 'the verifier knows it too, and its policy' sh -c \
	"touchmark-gpgsm --status-fd=1 --verify '$T/sig' '$T/content' &&
	touchmark-gpgsm --status-fd=1 --verify '$T/sig' '$T/content'"
is "$(find "$CACHE" -type f ! -perm 600)" '' 'entries are for the user alone'
is "$(find "$CACHE" -type f -name 'config.*' | wc -l)" 2 \
	'one for the configuration and one for the policy'
is "$(find "$CACHE" -type f ! -name 'config.*')" '' 'and nothing else'

git config -f "$CONFIG" touchmark.key bb
signs_as "$BB" 'a change counts at once'
git config -f "$CONFIG" touchmark.key aa
signs_as "$AA" 'and the change of that'
settle
signs_as "$AA" 'kept again'
touch -d '1 hour ago' "$CONFIG"
parses 1 'a file with other times is another file'

# ---- believed ----------------------------------------------------------------
# What is in the cache counts: it is as good as the configuration, so nobody
# else may have written it.
settle
signs_as "$AA" 'kept once more'
entry=$(grep -l 'touchmark\.key' "$CACHE"/config.*)
sed 's/\(touchmark\.key.\)aa/\1bb/' "$entry" >"$T/forged"
ok 'an entry that says something else' \
	sh -c "! cmp -s '$T/forged' '$entry' && cat '$T/forged' >'$entry'"
signs_as "$BB" 'is seen to count'
chmod 644 "$entry"
signs_as "$AA" 'one that others could read does not count'
cat "$T/forged" >"$entry"
ln "$entry" "$T/second"
signs_as "$AA" 'one with a second name does not'
rm "$T/second"
chmod 600 "$T/forged"
mv "$T/forged" "$T/kept"
ln -sf "$T/kept" "$entry"
signs_as "$AA" 'a link does not'
ok 'and a file of our own takes its place' test ! -L "$entry"
cat "$T/kept" >"$entry"
signs_as "$BB" '(it would count)'
chmod 770 "$CACHE"
signs_as "$AA" 'nothing counts where others may write'
chmod 700 "$CACHE"
printf x >>"$entry"
signs_as "$AA" 'an entry with a byte more is none'
rm -rf "$CACHE"
printf 'no directory\n' >"$CACHE"
signs_as "$AA" 'without a directory all is parsed'
rm "$CACHE"
if [ "$(id -u)" = 0 ]; then
	cat "$T/kept" >"$T/foreign"
	mkdir -m 700 "$CACHE"
	install -m 600 -o 1 "$T/kept" "$entry"
	signs_as "$AA" 'an entry of another user does not count'
	rm -rf "$CACHE"
fi

# ---- no secrets --------------------------------------------------------------
kept() {	# WORD WHAT: after a settled signature, no entry holds the word
	settle
	touchmark-gpgsm --status-fd=1 -bsa -o "$T/sig" --yes \
		<"$T/content" >"$T/out" 2>&1
	cp "$T/out" "$T/said"
	cat "$CACHE"/* >"$T/out" 2>/dev/null
	hasnt "$1" "$2"
	cp "$T/said" "$T/out"
}

cp "$CONFIG" "$T/config.good"
sed "s|pin-source=file:$PINFILE|pin-value=test-PIN|" "$T/config.good" >"$CONFIG"
kept 'pin-value|test-PIN' 'a PIN is not kept'
has "SIG_CREATED.* $AA" 'and serves'
cp "$T/config.good" "$CONFIG"
git config -f "$CONFIG" touchmark.tsaProxy http://me:secretword@127.0.0.1:9
kept 'secretword' 'a password in an address is not kept'
has "SIG_CREATED.* $AA" 'and does no harm'
cp "$T/config.good" "$CONFIG"
printf '[touchmark]\n\tkey = bb\n' >"$T/more"
chmod 600 "$T/more"
git config -f "$CONFIG" include.path "$T/more"
settle
signs_as "$BB" 'an included file counts'
printf '[touchmark]\n\tkey = aa\n' >"$T/more"
signs_as "$AA" 'and so does its change, however new'
cp "$T/config.good" "$CONFIG"
cat >"$HOME/.gitconfig" <<'EOT'
[http]
	extraHeader = Authorization: secretword
[gpg "x509"]
	program = touchmark-gpgsm
[touchmark]
	timestamp = never
EOT
kept 'secretword|x509' 'of git'\''s files only the section that is read'
cat "$CACHE"/* >"$T/out"
has 'timestamp' 'is kept'
rm "$HOME/.gitconfig"

# ---- many at once --------------------------------------------------------------
rm -rf "$CACHE"
for i in 1 2 3 4 5 6; do
	touchmark-gpgsm --status-fd=2 -bsa <"$T/content" >"$T/sig.$i" \
		2>"$T/said.$i" &
	PIDS="$PIDS $!"
done
wait
cat "$T"/said.* >"$T/out"
is "$(grep -c "SIG_CREATED.* $AA" "$T/out")" 6 'six at once, with nothing kept'
is "$(find "$CACHE" -name '*.tmk-*')" '' 'leave no half-written entry'

# ---- the helper ----------------------------------------------------------------
mkdir "$T/bin"
cp "$BIN/touchmark-gpg-full" "$T/bin/gpgsm-full"
full() {
	"$T/bin/gpgsm-full" --status-fd=2 -bsa <"$T/content"
}
rm -rf "$CACHE"
exits 2 'without its helper it refuses' full
has 'cannot find touchmark-config' 'and says what is missing'
helper() {	# what the helper does instead
	printf '#!/bin/sh\n%s\n' "$1" >"$T/bin/touchmark-config"
	chmod +x "$T/bin/touchmark-config"
	rm -rf "$CACHE"
}
helper 'printf "vtouchmark.key"'
exits 70 'an answer that was cut off is none' full
has 'not understood' 'and is told so'
helper 'printf "." && exit 3'
exits 70 'nor is that of a helper that failed' full
has 'ended with 3' 'which is told'
helper 'kill -9 $$'
exits 70 'or that was killed' full
# shellcheck disable=SC2016 # for the shell that runs as the helper
helper 'printf "e%s: what is this\\0mend it\\0" "$1"'
exits 2 'what the parser does not understand' full
has "$CONFIG: what is this" 'is told as it says it'
has 'hint: mend it' 'with what to do'

exits 2 'the helper itself: no file' touchmark-config
ok 'a file it does not understand is an answer' \
	sh -c "printf '[broken\n' >'$T/broken' && touchmark-config '$T/broken'"
has 'e/.*broken: ' 'that says so'

done_testing
