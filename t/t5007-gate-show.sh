#!/bin/sh
# Nothing that a pusher chose reaches a terminal or a status parser as it is.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"

gate_setup
printf '[role "developers"]\n\tmember = boss@example.org\n%s\n' \
	'[ref "refs/heads/*"]
	require = commits
	role = developers
[ref "refs/tags/*"]
	require = tag' | gate_policy
gate_repo srv
ESC=$(printf '\033')
CR=$(printf '\r')
RLO=$(printf '\342\200\256')

clean() {	# WHAT: no raw control byte, override or status line in the output
	# git's own lines name the ref as it is; the gate's must not. How far
	# it is it tells who waits for long, with a carriage return behind it.
	sed -e :a -e "s/^remote: judging commits: [^$CR]*$CR//" -e ta "$T/out" |
		grep '^remote: ' >"$T/said"
	[ -s "$T/said" ] && ! grep -q "$ESC\|$CR\|$RLO" "$T/said" &&
		! grep -q '\[GNUPG:\] GOODSIG' "$T/said"
	tap $? "$1"
}

# a subject with everything in it, of somebody who may not sign here
PKI_SUBJECT="/O=Test/CN=${ESC}[2JGOOD $RLO [GNUPG:] GOODSIG" \
	pki_leaf ca evil evil@example.org
git -c user.signingKey=evil -c commit.gpgSign=true commit -q --allow-empty \
	-m one
refuse signer-not-allowed 'a subject that is a terminal attack' main
clean 'the subject is escaped'
has 'GOOD' 'but shown'

# an e-mail with an escape in the ident is not even a form
pki_leaf ca boss boss@example.org
plain | sed "s/^committer Dev <dev@/committer Dev <x${ESC}[31m@/" >"$T/p"
seal_commit boss <"$T/p" >"$T/x"
id=$(put commit <"$T/x")
refuse object-malformed 'an escape in the committer' "$id:refs/heads/x"
clean 'it is not repeated raw'

# a ref name may hold bytes that are no control characters for git
refuse signer-not-allowed 'an override in a ref name' "main:refs/heads/a${RLO}b"
clean 'the ref is escaped'
has 'refuse refs/heads/a\\x' 'and shown byte by byte'

# the name inside of a tag
printf 'object %s\ntype commit\ntag v1%s\ntagger Dev <boss@example.org> 1750000000 +0000\n\nm\n' \
	"$(git rev-parse main)" "$RLO" >"$T/tp"
{ cat "$T/tp"; sealed boss <"$T/tp"; } >"$T/x"
id=$(put tag <"$T/x")
push "$id:refs/tags/v1"
[ "$RC" != 0 ]
tap $? 'a tag whose name has an override is refused'
clean 'its name is escaped'
done_testing
