#!/bin/sh
# touchmark audit --install-check: is the gate in the way of a push?
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need git openssl faketime

pki_root ca
pki_crl ca
cp "$T/pki/ca.pem" "$T/roots.pem"
cp "$T/pki/ca.crl" "$T/ca.crl"
policy() {
	cat >"$T/policy" <<-END
	[trust]
		roots = roots.pem
		crl = ca.crl
	[ref "refs/heads/*"]
		require = commits
	$*
	END
}
policy
mkdir "$T/log"
server() {
	rm -rf "$T/s.git"
	git init -q --bare "$T/s.git"
	S=$T/s.git
	git -C "$S" config touchmark.policy "$T/policy"
	git -C "$S" config receive.fsckObjects true
	git -C "$S" config touchmark.gateLog "$T/log/gate"
}
hook() {
	mkdir -p "${1%/*}"
	ln -s "$BIN/touchmark-pre-receive" "$1"
}
check() {
	run touchmark audit --install-check "$@" "$S"
}
good() {
	check
	[ "$RC" = 0 ] && ! grep -q '^fail' "$T/out"
	tap $? "good: $1"
}
bad() {	# PATTERN WHAT
	check
	[ "$RC" = 1 ] && grep -Eq "^fail  $1.*; " "$T/out"
	tap $? "fails, and says what to do: $2"
}

server
bad 'hook: nothing calls the gate: .*is not there' 'no hook'
echo '#!/bin/sh' >"$S/hooks/pre-receive"
chmod 755 "$S/hooks/pre-receive"
bad 'hook: nothing calls the gate: .*is something else' 'another hook'
rm "$S/hooks/pre-receive"
hook "$S/hooks/pre-receive"
good 'the hook is the gate'
hasnt '^warn' 'without a warning'
has '^ok    hook: .*/hooks/pre-receive is the gate' 'which it names'
has '^ok    gate: it runs' 'and ran'
has '^ok    policy: .*1 \[ref\] sections' 'the policy'
has '^ok    record: ' 'and the record'
check --json
has '^\{"name":"hook","status":"ok","text":".*"\}$' 'as JSON'
cd "$S" || exit 1
ok 'from inside it' touchmark audit --install-check
cd "$T" || exit 1

# Where forges call hooks from.
server
hook "$S/hooks/pre-receive.d/touchmark"
printf '#!/bin/sh\nexit 0\n' >"$S/hooks/pre-receive"
chmod 755 "$S/hooks/pre-receive"
good 'in pre-receive.d, which the own hook walks through'
chmod 644 "$S/hooks/pre-receive"
bad 'hook: .*which git calls, is not executable' 'and that one is not run'
server
hook "$S/custom_hooks/pre-receive.d/50-gate"
good 'in custom_hooks/pre-receive.d'
server
hook "$S/custom_hooks/pre-receive"
good 'in custom_hooks'
server
hook "$T/hooks/pre-receive"
git -C "$S" config core.hooksPath "$T/hooks"
good 'by core.hooksPath'
server
printf '#!/bin/sh\nexec %s\n' "$BIN/touchmark-pre-receive" \
	>"$S/hooks/pre-receive"
chmod 755 "$S/hooks/pre-receive"
good 'a script'
has '^warn  hook: .*is a script that names the gate; ' 'which wants a look'
chmod 644 "$S/hooks/pre-receive"
bad 'hook: .*is not executable' 'a script that git passes over'
chmod 757 "$S/hooks/pre-receive"
bad 'hook: .*can be changed by others' 'one that anybody may write'
chmod 755 "$S/hooks/pre-receive"
chmod 777 "$S/hooks"
bad 'hook: .*can be changed by others' 'or its folder'

# Policy and settings.
server
hook "$S/hooks/pre-receive"
chmod 777 "$S/hooks"
bad 'hook: .*can be changed by others' 'the folder of a link'
chmod 755 "$S/hooks"
chmod 666 "$T/policy"
bad 'policy: .*/policy can be changed by others' 'an open policy'
chmod 644 "$T/policy"
chmod 666 "$T/roots.pem"
bad 'policy: .*/roots.pem can be changed by others' 'or roots'
chmod 644 "$T/roots.pem"
policy '[policy]
	enforce = no'
good 'not enforced'
has '^warn  policy: .*is not enforced' 'is a warning'
policy '[nonsense]
	a = b'
bad 'policy: .*unknown section' 'a policy that cannot be read'
has '^fail  gate: the gate refuses an empty push' 'as the gate finds'
rm "$T/policy"
bad 'policy: ' 'no policy'
policy '[push]
	certificate = require'
bad 'git: .*receive.certNonceSeed is not set' 'push certificates, no nonce'
git -C "$S" config receive.certNonceSeed "$(openssl rand -hex 16)"
good 'with a seed'
policy
git -C "$S" config touchmark.gateLog "$T/later/log/gate"
good 'a record in a folder that the gate makes'
git -C "$S" config touchmark.gateLog "$T/policy/gate"
bad 'record: .*cannot be written' 'a record that cannot be kept'
git -C "$S" config --unset touchmark.gateLog
good 'no record'
has '^warn  record: ' 'is a warning'
git -C "$S" config touchmark.policyRoot "$T/roots.pem"
check
has '^warn  config: .*touchmark.policyroot: unknown key; ' 'a misspelt key'
git -C "$S" config --unset touchmark.policyRoot
mv "$T/ca.crl" "$T/kept.crl"
faketime '40 days ago' openssl ca -config "$T/pki/ca.cnf" -gencrl \
	-keyfile "$T/pki/ca.key" -cert "$T/pki/ca.pem" -crldays 30 \
	-out "$T/ca.crl" 2>/dev/null
check
has '^warn  policy: there is no current revocation list of CN=ca,O=Test, the last one ended at .*; touchmark crl-fetch' \
	'a list that has ended'
mv "$T/kept.crl" "$T/ca.crl"
git -C "$S" config receive.fsckObjects false
git -C "$S" config receive.procReceiveRefs refs/for
check
has '^warn  git: receive.fsckObjects is not set' 'fsckObjects'
has '^warn  git: receive.procReceiveRefs = refs/for' 'proc-receive'

exits 4 'no repository' touchmark audit --install-check "$T/none"
mkdir "$T/empty"
exits 4 'a folder that is none' touchmark audit --install-check "$T/empty"
exits 2 'with other options' touchmark audit --install-check --sarif "$S"
exits 2 'with two repositories' touchmark audit --install-check "$S" "$S"
done_testing
