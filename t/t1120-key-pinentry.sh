#!/bin/sh
# The PIN asked through gpg-agent's pinentry: what the person sees, what
# cancelling, mistyping and silence lead to, and that nothing is kept.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need softhsm2-util openssl setsid gpg-agent gpgconf gpg-connect-agent timeout

unset DISPLAY WAYLAND_DISPLAY GPG_TTY
softhsm_new 'given %41&<b>'
ok 'a key and its certificate' touchmark init --name k --user 'A <a@e.org>' \
	--token 'given %41&<b>' --module "$MODULE" --pin-file "$PINFILE" \
	--algorithm p256
CONF=$XDG_CONFIG_HOME/touchmark/config
git config --file "$CONF" touchmark.k.uri | sed 's/[?&]pin-[a-z]*=[^&]*//' \
	>"$T/uri"
git config --file "$CONF" touchmark.k.uri "$(cat "$T/uri")"
echo content >"$T/file"

# A pinentry that types what stands in $T/answers, one line for each question:
# a PIN, "cancel", "late", "hang" or "broken"; and notes what it was told.
cat >"$T/pinentry" <<EOF
#!/bin/sh
echo "ARGS \$*" >>"$T/asked"
printf 'OK here\\n'
while IFS= read -r line; do
	case \$line in
	GETPIN* | CONFIRM*)
		echo "\$line" >>"$T/asked"
		answer=\$(sed -n 1p "$T/answers")
		sed -i 1d "$T/answers"
		case \$answer in
		cancel) echo 'ERR 83886179 Operation cancelled <Pinentry>' ;;
		late) echo 'ERR 83886142 Timeout <Pinentry>' ;;
		no) echo 'ERR 83886194 Not confirmed <Pinentry>' ;;
		yes) echo OK ;;
		broken) echo 'ERR 83886129 No pinentry <Pinentry>' ;;
		*) printf 'D %s\\nOK\\n' "\$answer" ;;
		esac ;;
	BYE*)	echo OK
		exit 0 ;;
	*)	echo "\$line" >>"$T/asked"
		echo OK ;;
	esac
done
EOF
chmod 755 "$T/pinentry"
echo "pinentry-program $T/pinentry" >"$GNUPGHOME/gpg-agent.conf"

# sign ANSWER...: without a terminal; the pinentry gives these answers.
sign() {
	rm -f "$T/file.p7s" "$T/asked"
	: >"$T/asked"
	printf '%s\n' "$@" >"$T/answers"
	DISPLAY=:99 timeout 60 setsid -w touchmark sign -k k --no-timestamp \
		"$T/file"
}

asked() {	# PATTERN NAME: what the pinentry was told
	cp "$T/asked" "$T/out"
	has "$1" "$2"
}

ok 'the PIN through the pinentry' sign test-PIN
hasnt test-PIN 'it is not shown'
[ -s "$T/file.p7s" ]
tap $? 'the signature is there'
is "$(grep -c '^GETPIN' "$T/asked")" 1 'asked once'
asked '^SETDESC .*token%20given%20%2541%26%3Cb%3E%20\(serial%20[0-9a-f]+\)' \
	'the token is named, and nothing in its name means anything'
asked 'SETPROMPT PIN' 'with a prompt'
hasnt 'Wrong|Few' 'and no warning'
hasnt 'test-PIN' 'and not what was typed'
asked '^ARGS --display :99$' 'it knows where to show itself'
asked '^SETKEYINFO --clear' 'no password manager has a name to keep it under'
ok 'asked again the next time' sign test-PIN
is "$(grep -c '^GETPIN' "$T/asked")" 1 'since nothing was kept'
run gpg-connect-agent 'GET_PASSPHRASE --no-ask --data X X X X' /bye
hasnt test-PIN 'gpg-agent has it not'

ok 'a wrong PIN, then the right one' sign PIN-aa test-PIN
is "$(grep -c '^GETPIN' "$T/asked")" 2 'asked twice'
asked 'SETERROR Wrong(%20| )PIN' 'and said why'
exits 3 'three wrong ones' sign PIN-aa PIN-bb PIN-cc test-PIN
has 'wrong PIN' 'end it'
is "$(grep -c '^GETPIN' "$T/asked")" 3 'after three'
hasnt 'PIN-(aa|bb|cc)' 'and are not shown'

exits 3 'cancelled' sign cancel test-PIN
has 'no PIN: cancelled at the pinentry' 'says so'
is "$(grep -c '^GETPIN' "$T/asked")" 1 'not asked again'
exits 3 'nobody answers' sign late test-PIN
has 'nobody answered the pinentry' 'says so'
exits 3 'cancelled after a wrong one' sign PIN-aa cancel test-PIN
has 'no PIN: cancelled' 'says so'
exits 3 'a pinentry that cannot work' sign broken
has 'no terminal to ask at' 'leaves the terminal, which is not there'
exits 3 'an empty PIN' sign ''
has 'PIN is empty' 'says so'
[ ! -e "$T/file.p7s" ]
tap $? 'none of these left a signature'
long=$(printf '%01000d' 0)
exits 3 'a PIN longer than gpg-agent takes' sign "$long"
has 'no PIN: ' 'is none'

# Nobody to ask: no place for a window.
exits 3 'no DISPLAY, WAYLAND_DISPLAY, GPG_TTY' env -u DISPLAY setsid -w \
	touchmark sign -k k --no-timestamp "$T/file"
has 'no terminal to ask at' 'no pinentry is started'
for v in WAYLAND_DISPLAY=wayland-9 GPG_TTY=/dev/null; do
	rm -f "$T/file.p7s"
	echo test-PIN >"$T/answers"
	ok "${v%%=*} is a place too" env "$v" setsid -w touchmark sign -k k \
		--no-timestamp "$T/file"
done
rm -f "$T/file.p7s"
ok 'a PIN file comes before any person' env DISPLAY=:99 touchmark sign -k k \
	--no-timestamp --pin-file "$PINFILE" "$T/file"

# The program itself.
P=$BIN/touchmark-pinentry
[ -x "$P" ]
tap $? 'the program is built'
exits 2 'it gives no PIN to a file' "$P" t s first many
(
	echo test-PIN >"$T/answers"
	DISPLAY=:99 "$P" tok 77 retry few | cat >"$T/line"
)
is "$(cat "$T/line")" test-PIN 'it gives one to a pipe'
asked 'Few(%20| )tries' 'few tries are told'
asked 'SETERROR Wrong(%20| )PIN' 'and the wrong one before'
PATH=/nowhere DISPLAY=:99 GNUPGHOME=$T/nowhere "$P" tok 77 first many 2>&1 |
	cat >"$T/out"
hasnt . 'without gpg-agent it says nothing'
# confirm ANSWER QUESTION
confirm() {
	: >"$T/asked"
	echo "$1" >"$T/answers"
	printf '%b' "$2" | DISPLAY=:99 "$P" --confirm
}

ok 'yes' confirm yes 'Sign with key <a&b> %41?\nReally?'
asked '^SETDESC Sign%20with%20key%20%3Ca%26b%3E%20%2541\?%0AReally\?$' \
	'what was asked is what shows'
exits 3 'no' confirm no 'Sign?'
exits 3 'cancelled' confirm cancel 'Sign?'
exits 4 'nobody answers' confirm late 'Sign?'
exits 1 'a pinentry that cannot work' confirm broken 'Sign?'
exits 2 'no question' confirm yes ''
exits 2 'a question that is none' confirm yes 'a\033[2Jb'
exits 2 'a question that is too long' confirm yes "$long"
is "$(cat "$T/asked")" '' 'which nobody was asked'
run ldd "$P"
has libgpgme 'it is the one with gpgme'
for p in touchmark touchmark-gpg touchmark-gpg-full; do
	run ldd "$BIN/$p"
	hasnt gpgme "$p has none"
done

# ---- a key whose uses are confirmed, at a window too ------------------------

agent_world
git config --file "$CONF" touchmark.k.confirm true
git config --file "$CONF" touchmark.k.userId 'A <a@e.org>'
confirmed() {	# ANSWER...: through the agent, which asks by the pinentry
	: >"$T/asked"
	printf '%s\n' "$@" >"$T/answers"
	DISPLAY=:99 timeout 60 setsid -w touchmark-gpgsm -bsau k <"$T/file" \
		>"$T/sig" 2>"$T/out"
	RC=$?
	[ "$RC" = 0 ] && [ -s "$T/sig" ]
}
ok 'a use that the person confirms' confirmed test-PIN yes
asked '^SETDESC .*k' 'the window says which key'
is "$(grep -c '^CONFIRM' "$T/asked")" 1 'one question'
ok 'and the next one' confirmed yes
is "$(grep -c '^GETPIN' "$T/asked")" 0 'without the PIN'
confirmed no
is "$RC" 3 'one that is not confirmed is refused'
[ ! -s "$T/sig" ]
tap $? 'and nothing is signed'

done_testing
