# shellcheck shell=sh disable=SC2154 # read by bench.sh, in its world
# agent.sh - the figures of signing through touchmark-agent, against agents of
# others that hold the same keys.

P=$T/payload
ASK_ROUNDS=${ASK_ROUNDS:-100}
REBASE=${REBASE:-100}
SIGNERS_TOTAL=${SIGNERS_TOTAL:-320}
KEYS=${KEYS:-500}

# What gpg and ssh ask for a PIN here.
cat >"$T/pinentry" <<'EOF'
#!/bin/sh
echo OK ready
while read -r line; do
	case $line in
	GETPIN) printf 'D test-PIN\nOK\n' ;;
	BYE) echo OK; exit ;;
	*) echo OK ;;
	esac
done
EOF
printf '#!/bin/sh\necho test-PIN\n' >"$T/askpass"
chmod +x "$T/pinentry" "$T/askpass"

# ssh-agent with the token.
eval "$(ssh-agent)" >"$T/out"
PIDS="$PIDS $SSH_AGENT_PID"
SSH_ASKPASS=$T/askpass SSH_ASKPASS_REQUIRE=force \
	ssh-add -q -s "$MODULE" >"$T/out" 2>&1 </dev/null ||
	die 'ssh-agent does not take the token'
ssh-add -L | grep '^ecdsa-sha2-nistp256 ' | head -n 1 >"$T/e2.pub"

# gpg-agent with gnupg-pkcs11-scd, in a world of its own.
SCD=$T/scd
mkdir -m 700 "$SCD"
printf 'providers p\nprovider-p-library %s\n' "$MODULE" \
	>"$SCD/gnupg-pkcs11-scd.conf"
printf 'scdaemon-program %s\npinentry-program %s\n' \
	"$(command -v gnupg-pkcs11-scd)" "$T/pinentry" >"$SCD/gpg-agent.conf"
grip=$(GNUPGHOME=$SCD gpg-connect-agent 'SCD LEARN --force' /bye 2>"$T/out" |
	sed -n 's/^S KEYPAIRINFO \([0-9A-F]*\) .*/\1/p' | head -n 1)
GNUPGHOME=$SCD gpg-connect-agent 'LEARN --sendinfo' /bye >>"$T/out" 2>&1
[ -n "$grip" ] || die 'gnupg-pkcs11-scd shows no key'
cat >"$T/scd.gen" <<EOF
Key-Type: RSA
Key-Grip: $grip
Key-Usage: sign
Name-Email: dev@example.org
Expire-Date: 0
%no-protection
%commit
EOF
GNUPGHOME=$SCD gpg --batch --quiet --full-generate-key "$T/scd.gen" \
	>"$T/out" 2>&1 || die 'gpg cannot use the key of the token'

agent_world
for k in r3 e2; do
	touchmark-gpg --status-fd=2 -bsau $k <"$P" >"$T/out" 2>&1 ||
		die "the agent does not sign with $k"
done
touchmark agent status --json >"$T/status" || die 'no agent'
AGENT=$(sed -n 's/.*"pid":\([0-9]*\).*/\1/p' "$T/status" | head -n 1)
agent_kib() {
	awk '$1 == "VmRSS:" { print $2 }' "/proc/$AGENT/status"
}

"$R" "$ASK_ROUNDS" "$P" \
	ssh "touchmark-ssh-keygen -Y sign -n git -f $T/e2.pub" \
	sshpeer "ssh-keygen -Y sign -n git -f $T/e2.pub" \
	gpg "touchmark-gpg --status-fd=2 -bsau r3" \
	gpgpeer "gpg --batch --homedir $SCD --status-fd=2 -bsa" \
	cms "touchmark-gpgsm --status-fd=2 -bsau e2" \
	empty true >"$T/rounds" || die 'a signer fails'
for k in ssh:sshpeer:'agent, P-256 SSH: ms against ssh-agent' \
	cms:sshpeer:'agent, P-256 CMS: ms against ssh-agent' \
	gpg:gpgpeer:'agent, RSA-3072 OpenPGP: ms against pkcs11-scd'; do
	a=${k%%:*}
	k=${k#*:}
	t=$(field "$T/rounds" "$a" 2)
	p=$(field "$T/rounds" "${k%%:*}" 2)
	row "${k#*:}" "$t" "$p" "$(ratio "$t" "$p")"
done

# ---- git ------------------------------------------------------------------
git init -q -b main "$T/git"
git -C "$T/git" config user.signingKey e2
git -C "$T/git" config gpg.program touchmark-gpg
commit="git -C $T/git commit -q --allow-empty -m x"
"$R" "$ROUNDS" /dev/null signed "$commit -S" \
	nothing "git -c gpg.program=$B/benchbin/nothing -C $T/git commit -q \
		--allow-empty -m x -S" \
	unsigned "$commit" >"$T/rounds" || die 'git cannot commit'
t=$(field "$T/rounds" signed 2)
p=$(field "$T/rounds" nothing 2)
row 'git commit -S, P-256: ms against no signer' "$t" "$p" "$(ratio "$t" "$p")"

git init -q -b main "$T/rebase"
git -C "$T/rebase" config user.signingKey e2
git -C "$T/rebase" config gpg.program touchmark-gpg
i=0
while [ $i -le "$REBASE" ]; do
	echo $i >"$T/rebase/f"
	git -C "$T/rebase" add f
	git -C "$T/rebase" commit -q -m "c$i"
	i=$((i + 1))
done
before=$(agent_kib)
"$R" 3 /dev/null \
	signed "git -C $T/rebase rebase -q -f --gpg-sign HEAD~$REBASE" \
	unsigned "git -C $T/rebase rebase -q -f --no-gpg-sign HEAD~$REBASE" \
	>"$T/rounds" || die 'git cannot rebase'
t=$(field "$T/rounds" signed 2)
p=$(field "$T/rounds" unsigned 2)
row "rebase of $REBASE, signed: ms against unsigned" "$t" "$p" \
	"$(ratio "$t" "$p")"

# ---- many at once -----------------------------------------------------------
p=$("$B/benchbin/minimal" "$MODULE" bench r3 test-PIN rsa "$SIGNERS_TOTAL") ||
	die 'the token does not sign'
p=$(awk -v n="$SIGNERS_TOTAL" -v t="$p" 'BEGIN { printf "%.0f", n * 1e3 / t }')
for n in 8 32; do
	start=$(date +%s%N)
	yes r3 | head -n "$SIGNERS_TOTAL" | xargs -P "$n" -n 1 \
		touchmark-gpg --status-fd=2 -bsau >"$T/made" 2>"$T/out" ||
		die "with $n signers some fail"
	ms=$((($(date +%s%N) - start) / 1000000))
	[ "$(grep -c '^-----END' "$T/made")" = "$SIGNERS_TOTAL" ] ||
		die "with $n signers some signatures are missing"
	t=$(awk -v n="$SIGNERS_TOTAL" -v t="$ms" \
		'BEGIN { printf "%.0f", n * 1e3 / t }')
	row "$n signers, RSA-3072: per s against the token" "$t" "$p" \
		"$(ratio "$t" "$p")"
done
row 'agent memory: KiB now, and before the rebase' "$(agent_kib)" "$before" \
	"$(ratio "$(agent_kib)" "$before")"

# ---- a token with many keys -----------------------------------------------------
touchmark agent stop >"$T/out" 2>&1
softhsm2-util --init-token --free --label many --so-pin 12345678 \
	--pin test-PIN >"$T/out" 2>&1 || die 'no second token'
# A configuration takes 64 keys: each gets one of its own, one is used.
i=0
while [ $i -lt "$KEYS" ]; do
	rm -f "$T/config.one"
	TOUCHMARK_CONFIG=$T/config.one touchmark key generate "many$i" \
		--token many --algorithm p256 --pin-file "$PINFILE" \
		--module "$MODULE" >"$T/out" 2>&1 || die 'cannot make many keys'
	[ $i != 7 ] || cp "$T/config.one" "$T/config.7"
	i=$((i + 1))
done
{
	cat "$XDG_CONFIG_HOME/touchmark/config"
	sed 's/"many7"/"many"/; s/key = many7/key = e2/' "$T/config.7"
} >"$T/config.few"
TOUCHMARK_CONFIG=$T/config.few
export TOUCHMARK_CONFIG
chmod 600 "$TOUCHMARK_CONFIG"
for k in e2 many; do
	touchmark-gpg --status-fd=2 -bsau $k <"$P" >"$T/out" 2>&1 ||
		die "the agent does not sign with $k"
done
"$R" "$ASK_ROUNDS" "$P" many "touchmark-gpg --status-fd=2 -bsau many" \
	few "touchmark-gpg --status-fd=2 -bsau e2" >"$T/rounds" ||
	die 'a signer fails'
t=$(field "$T/rounds" many 2)
p=$(field "$T/rounds" few 2)
row "agent, token of $KEYS key pairs: ms against 4" "$t" "$p" \
	"$(ratio "$t" "$p")"
touchmark agent stop >"$T/out" 2>&1
unset XDG_RUNTIME_DIR
settle
"$R" 20 "$P" many "touchmark-gpg --status-fd=2 -bsau many" \
	minimal "$B/benchbin/minimal $MODULE many many7 test-PIN ec" \
	>"$T/rounds" || die 'a signer fails'
t=$(field "$T/rounds" many 2)
p=$(field "$T/rounds" minimal 2)
row "in-process, $KEYS key pairs: ms against minimal" "$t" "$p" \
	"$(ratio "$t" "$p")"
unset TOUCHMARK_CONFIG

# ---- verifying ----------------------------------------------------------------
tsa_new tsa
tsa_start tsa
git config --file "$XDG_CONFIG_HOME/touchmark/config" touchmark.tsa "$TSA_URL"
cat >"$T/verify.policy" <<EOF
[policy]
	version = 1
[trust]
	roots = pki/ca.pem
	tsaRoots = pki/tsa-root.pem
	crl = pki/ca.crl
[ref "refs/heads/*"]
	require = commits
EOF
git config --file "$XDG_CONFIG_HOME/touchmark/config" touchmark.policy \
	"$T/verify.policy"
touchmark-gpgsm --status-fd=2 -bsau r3 <"$P" >"$T/stamped" 2>"$T/out" ||
	die 'cannot sign with a timestamp'
settle
"$R" "$ROUNDS" "$P" \
	ours "touchmark-gpgsm --status-fd=1 --verify $T/stamped -" \
	gpgsm "gpgsm --batch --status-fd=1 --verify $T/stamped -" >"$T/rounds" ||
	die 'a verifier fails'
t=$(field "$T/rounds" ours 2)
p=$(field "$T/rounds" gpgsm 2)
row 'verify, chain, CRL, stamp: ms against gpgsm' "$t" "$p" "$(ratio "$t" "$p")"
row 'verify: peak KiB' "$(field "$T/rounds" ours 5)" 16384 ''
git config --file "$XDG_CONFIG_HOME/touchmark/config" --unset touchmark.tsa
git config --file "$XDG_CONFIG_HOME/touchmark/config" --unset touchmark.policy
