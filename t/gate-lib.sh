# shellcheck shell=sh disable=SC2034 # some of these are for the tests
# gate-lib.sh - what the gate's tests share: a small PKI, a signer for git made
# of `openssl cms`, bare repositories with the hook, and pushes over file://.
#
#   gate_setup                    CA, leaf "dev", CRL, signer, client repository
#   gate_policy <<EOF             write $T/policy ([trust] is put before it)
#   gate_repo NAME                bare $T/NAME.git with the hook; $SRV is it
#   accept 'what' REFSPEC...      the push comes in
#   refuse REASON 'what' REFSPEC  it is refused, with that reason id
#   sealed NAME <payload          armoured CMS by leaf NAME
#   seal_commit NAME <payload     the commit with its gpgsig header
#   put TYPE                      store raw bytes as an object, print its id
#
# From the environment: READER=git|libgit2 is what every server repository of a
# test reads with, HASH=sha256 the object format of all its repositories,
# REFS=reftable where their refs are, FAST=no that every policy turns the fast
# path off. The same tests, the same answers. $ZERO is the id of nothing,
# $GPGSIG the header of a commit's signature, $OTHERSIG that of the other
# object format.
#
# The signer reads: SIGN_AT (faketime), SIGN_OPTS (more options of openssl
# cms), SIGN_MD, SIGN_TSA (a TSA of tsa_new), TSA_AT (faketime of the token).

need openssl git faketime

ZERO=0000000000000000000000000000000000000000
GPGSIG=gpgsig OTHERSIG=gpgsig-sha256
if [ "${HASH-}" = sha256 ]; then
	GIT_DEFAULT_HASH=sha256
	export GIT_DEFAULT_HASH
	ZERO=${ZERO}000000000000000000000000
	GPGSIG=gpgsig-sha256 OTHERSIG=gpgsig
	READER=git	# the only one
fi
if [ -n "${REFS-}" ]; then
	GIT_DEFAULT_REF_FORMAT=$REFS
	export GIT_DEFAULT_REF_FORMAT
	READER=git
fi

# id_of DIGIT: an object id made of it
id_of() {
	echo "$ZERO" | tr 0 "$1"
}

gate_setup() {
	pki_root ca
	pki_leaf ca dev dev@example.org
	pki_crl ca
	cp "$T/pki/ca.pem" "$T/roots.pem"
	cp "$T/pki/ca.crl" "$T/ca.crl"
	TRUST="roots = roots.pem
	crl = ca.crl"
	cat >"$T/signer" <<-'END'
	#!/bin/sh
	# git's signing interface: --status-fd=2 -bsau NAME, payload on stdin
	w=$(mktemp -d "$T/sign.XXXXXX") || exit 1
	cat >"$w/payload"
	n=$T/pki/$3
	set -- -sign -binary -signer "$n.pem" -inkey "$n.key" -outform DER \
		-nosmimecap -md "${SIGN_MD:-sha256}"
	[ ! -f "$n.chain" ] || set -- "$@" -certfile "$n.chain"
	# shellcheck disable=SC2086
	${SIGN_AT:+faketime "$SIGN_AT"} openssl cms "$@" ${SIGN_OPTS-} \
		-in "$w/payload" -out "$w/der" || exit 1
	if [ -n "${SIGN_TSA-}" ]; then
		"$MOCK/cms-token" signature "$w/der" >"$w/sig" || exit 1
		stamp "$w/sig" "$w/tst" || exit 1
		"$MOCK/cms-token" add "$w/der" "$w/tst" >"$w/der2" &&
			mv "$w/der2" "$w/der" || exit 1
	fi
	echo '-----BEGIN SIGNED MESSAGE-----'
	openssl base64 -in "$w/der"
	echo '-----END SIGNED MESSAGE-----'
	echo '[GNUPG:] SIG_CREATED ' >&2
	END
	# stamp DATA TOKEN: a token of $SIGN_TSA over DATA, made at $TSA_AT
	cat >"$T/stamp" <<-'END'
	#!/bin/sh
	p=$T/pki/$SIGN_TSA
	openssl ts -query -data "$1" -sha256 -cert -out "$2.q" 2>/dev/null &&
	${TSA_AT:+faketime "$TSA_AT"} openssl ts -reply -config "$p.tsa.cnf" \
		-queryfile "$2.q" -signer "$p.pem" -inkey "$p.key" \
		-token_out -out "$2" 2>/dev/null
	END
	chmod +x "$T/signer" "$T/stamp"
	PATH=$T:$PATH
	export T MOCK PATH
	git init -q -b main "$T/work"
	cd "$T/work" || exit 1
	git config user.name Dev
	git config gpg.format x509
	git config gpg.x509.program "$T/signer"
	git config user.signingKey dev
	git config commit.gpgSign true
}

# gate_policy: standard input behind the [trust] section.
gate_policy() {
	{
		printf '[trust]\n\t%s\n' "$TRUST"
		[ "${FAST-}" != no ] ||
			printf '[policy]\n\tfastPath = false\n'
		cat
	} >"$T/policy"
}

gate_repo() {
	SRV=$T/$1.git
	git init -q --bare "$SRV"
	git -C "$SRV" config touchmark.policy "$T/policy"
	[ -z "${READER-}" ] ||
		git -C "$SRV" config touchmark.gateReader "$READER"
	git -C "$SRV" config receive.denyDeletes false
	ln -s "$BIN/touchmark-pre-receive" "$SRV/hooks/pre-receive"
	REMOTE=file://$SRV
}

push() {
	run git push -q "$REMOTE" "$@"
}

accept() {
	what=$1
	shift
	push "$@"
	if [ "$RC" = 0 ] && grep -q 'touchmark: refuse' "$T/out"; then
		RC=1
	fi
	tap "$RC" "accepted: $what"
}

# The exit code of git alone would also stand for a crashed hook.
refuse() {
	reason=$1 what=$2
	shift 2
	push "$@"
	[ "$RC" != 0 ] && ! grep -q 'Sanitizer' "$T/out" &&
		grep -Eq "touchmark: refuse [^ ]+ [^ ]+ $reason: .+; .+" "$T/out" &&
		! grep -E 'touchmark: refuse ' "$T/out" |
			grep -Evq " $reason: "
	tap $? "refused, $reason: $what"
}

sealed() {
	"$T/signer" --status-fd=2 -bsau "$1" 2>/dev/null
}

put() {
	git hash-object -t "$1" -w --stdin --literally
}

# fold NAME <armour: a header NAME with the armour as its value
fold() {
	sed -e "1s/^/$1 /" -e '2,$s/^/ /'
}

# seal_commit NAME <payload: the signature goes behind the last header
seal_commit() {
	cat >"$T/sc.payload"
	sealed "$1" <"$T/sc.payload" | fold "$GPGSIG" >"$T/sc.sig"
	with_header "$T/sc.sig" <"$T/sc.payload"
}

# with_header FILE <commit: the bytes of FILE as the last headers
with_header() {
	cat >"$T/wh.commit"
	n=$(grep -n '^$' "$T/wh.commit" | head -1 | cut -d: -f1)
	head -n $((n - 1)) "$T/wh.commit"
	cat "$1"
	tail -n +"$n" "$T/wh.commit"
}

# plain [PARENT...]: an unsigned commit of the empty tree with these parents
plain() {
	printf 'tree %s\n' "$(git mktree </dev/null)"
	for p; do
		printf 'parent %s\n' "$p"
	done
	N=$((${N:-0} + 1))
	printf 'author Dev <dev@example.org> %s +0000\n' $((1750000000 + N))
	printf 'committer Dev <dev@example.org> %s +0000\n' $((1750000000 + N))
	printf '\nmessage %s\n' "$N"
}

# commit MESSAGE [ARG...]: a signed commit of the empty tree on HEAD
commit() {
	m=$1
	shift
	git commit -q --allow-empty -m "$m" "$@"
}
