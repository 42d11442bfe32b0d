#!/bin/sh
# touchmark serve on a host where the PIN lies in no file: a person types it
# once, and the agent signs for requesters until it logs out. Nobody is asked
# anything for a requester.
# shellcheck disable=SC2031 # what a host has is its own
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
. "${0%/*}/agent-lib.sh"
. "${0%/*}/remote-lib.sh"
. "${0%/*}/serve-lib.sh"
need openssl pkcs11-tool softhsm2-util perl setsid gpg-agent

unset DISPLAY WAYLAND_DISPLAY GPG_TTY
host_new one
host_agent one
fake_ssh
CONF=$(host_config one)
client_key far ssh://signer@one/release
git config -f "$CONFIG" touchmark.far.cert "$T/pki/one.pem"
cd "$T" || exit 1
echo release >f

uri=$(git config -f "$CONF" touchmark.release.uri)
git config -f "$CONF" touchmark.release.uri "${uri%&pin-source=*}"
mv "$PINFILE" put-away

# What a pinentry types stands in $T/answers; what it was asked in $T/prompts.
cat >pinentry <<END
#!/bin/sh
printf 'OK here\\n'
while IFS= read -r line; do
	case \$line in
	GETPIN* | CONFIRM*)
		echo "\$line" >>"$T/prompts"
		printf 'D %s\\nOK\\n' "\$(cat "$T/answers")" ;;
	BYE*)	echo OK
		exit 0 ;;
	*)	echo OK ;;
	esac
done
END
chmod 755 pinentry
echo "pinentry-program $T/pinentry" >"$GNUPGHOME/gpg-agent.conf"
: >prompts

host_status() {
	on_host one touchmark agent status --json >"$T/status" 2>&1
}
sessions() {
	host_status
	sed -n '1s/.*"sessions":\([0-9]*\).*/\1/p' "$T/status"
}
person() {	# CMD...: somebody at a screen of the host
	on_host one env DISPLAY=:99 timeout 60 setsid -w "$@"
}
refused() {	# WHAT
	rm -f f.p7s
	exits 3 "$1" timeout 60 touchmark sign -k far f
	has 'one says: .*no PIN: .*nobody has logged in' 'the client hears why'
	has 'hint: at the signing host .*touchmark agent open KEY' \
		'and what to do there'
	[ ! -e f.p7s ]
	tap $? 'and gets nothing'
}

# ---- nobody was there yet ----------------------------------------------------
refused 'before anybody logged in'
# The variables of a screen are those of whoever started serve, not a person's.
sign_request sign release 1 f
DISPLAY=:99 GPG_TTY=/dev/null
export DISPLAY GPG_TTY
ask alice one sign
unset DISPLAY GPG_TTY
has '^answer code 3 seal 0 .*PIN' 'not even where there is a screen'
is "$(cat prompts)" '' 'nobody was asked'
is "$(host_uses one)" 0 'the key was not used'

# ---- once --------------------------------------------------------------------
echo test-PIN >answers
ok 'a person logs in on the host' person touchmark agent open release
has '^agent: open$' 'as is said'
is "$(grep -c GETPIN prompts)" 1 'and is asked once'
rm answers
is "$(host_uses one)" 0 'without using the key'
is "$(sessions)" 1 'the agent has the session'
for i in 1 2 3; do
	rm -f f.p7s
	ok "request $i is signed" timeout 60 touchmark sign -k far f
done
ok 'openssl verifies it' openssl cms -verify -binary -inform DER -in f.p7s \
	-content f -CAfile pki/ca.pem -purpose any -out /dev/null
ask bob one sign
has '^answer code 0 seal [1-9]' 'for another requester too'
is "$(grep -c GETPIN prompts)" 1 'nobody was asked again'
find "$HOSTS/one" "$T/run" -type f -exec grep -l test-PIN {} + >found
is "$(cat found)" '' 'the PIN is in no file'
grep -c '"requester":"alice"' "$HOSTS/one/audit.log" >count
is "$(cat count)" 6 'the record has the requester'
grep -c '"requester":"bob"' "$HOSTS/one/audit.log" >count
is "$(cat count)" 2 'each one'

# ---- until it logs out -------------------------------------------------------
ok 'the agent forgets' on_host one touchmark agent forget
refused 'after that there is no login'
is "$(grep -c GETPIN prompts)" 1 'and nobody is asked'
ask alice one sign
has '^answer code 3 seal 0 .*PIN' 'in a second connection too'
# At a terminal, as over an ssh of his own.
on_host one "$MOCK/terminal" --log shown --at PIN --type test-PIN \
	touchmark agent open release >left 2>errors
is "$?" 0 'the PIN is typed at a terminal'
rm -f f.p7s
ok 'and requests are signed again' timeout 60 touchmark sign -k far f
on_host one touchmark agent forget >out
# Somebody logged in, but not for this configuration.
on_host one touchmark agent stop >out
mkdir elsewhere
cp -r "$HOSTS/one/.config" elsewhere/config
echo test-PIN >answers
ok 'a login with another configuration' person env \
	XDG_CONFIG_HOME="$T/elsewhere/config" touchmark agent open release
rm answers
refused 'is no login for the requests'
has '^touchmark: signer@one: the agent was started with another configuration' \
	'which is said'
on_host one touchmark agent stop >out
: >prompts
# The PIN of a file comes first, where a host has one after all.
mv put-away "$PINFILE"
host_does one "TOUCHMARK_PIN_FILE=$PINFILE; export TOUCHMARK_PIN_FILE; \
exec $(host_serve)"
rm -f f.p7s
ok 'a PIN file of the host' timeout 60 touchmark sign -k far f
is "$(sessions)" 1 'is used by the agent'
host_does one
rm -f f.p7s
ok 'whose login it is then' timeout 60 touchmark sign -k far f
is "$(cat prompts)" '' 'nobody was asked'
on_host one touchmark agent stop >/dev/null 2>&1
done_testing
