#!/bin/sh
# touchmark.gateSyslog: the number and hash of every entry reach syslog, as one
# bounded line.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=gate-lib.sh
. "${0%/*}/gate-lib.sh"

gate_setup
gate_policy <<'END'
[ref "refs/heads/*"]
	require = commits
END
gate_repo srv
git -C "$SRV" config touchmark.gateLog "$T/log"
SYSLOG_FILE=$T/syslog
export SYSLOG_FILE
rm "$SRV/hooks/pre-receive"
cat >"$SRV/hooks/pre-receive" <<END
#!/bin/sh
ASAN_OPTIONS=\$ASAN_OPTIONS:verify_asan_link_order=0 \
	LD_PRELOAD=$MOCK/syslog.so exec "$BIN/touchmark-pre-receive"
END
chmod +x "$SRV/hooks/pre-receive"
said() {
	tail -n 1 "$SYSLOG_FILE" >"$T/out" 2>&1
	has "$1" "$2"
}

commit one
accept 'not configured' main
[ ! -e "$SYSLOG_FILE" ]
tap $? 'nothing is said'
git -C "$SRV" config touchmark.gateSyslog true
commit two
REMOTE_USER=alice accept 'configured' main
hash=$(tail -n 1 "$T/log" | sha256sum | cut -d' ' -f1)
said "^touchmark-pre-receive 10\\.6 \\{\"seq\":2,\"sha256\":\"$hash\",\"repository\":\"$SRV\",\"user\":\"alice\",\"outcome\":\"accepted\",\"refs\":1,\"ref\":\"refs/heads/main\",\"judged\":1,\"refused\":0\\}\$" \
	'one line: what it is, its number and hash'
git -c commit.gpgSign=false commit -q --allow-empty -m three
refuse signature-missing 'refused' main
said '^touchmark-pre-receive 10\.4 .*"outcome":"refused"' 'is a warning'
git reset -q --hard HEAD~1
git -C "$SRV" config touchmark.gateSyslog local3
commit four
accept 'another facility' main
said '^touchmark-pre-receive 19\.6 ' 'is used'
evil=$(printf 'x\n<0>root: \033[31m%s' "$(printf '%2000s' ' ')")
commit five
REMOTE_USER=$evil accept 'a name that is none' main
said '"user":"x.*x0a<0>root' 'stays in its line'
is "$(wc -l <"$SYSLOG_FILE")" 4 'which is one'
[ "$(wc -c <"$T/out")" -lt 1200 ]
tap $? 'and bounded'
for v in false off; do
	git -C "$SRV" config touchmark.gateSyslog $v
	commit "$v"
	accept "$v" main
done
is "$(wc -l <"$SYSLOG_FILE")" 4 'says nothing'
git -C "$SRV" config touchmark.gateSyslog mail
commit six
refuse policy-invalid 'a facility that is none' main
git -C "$SRV" config touchmark.gateSyslog true
git -C "$SRV" config --unset touchmark.gateLog
refuse policy-invalid 'without a log' main
has 'gateSyslog needs touchmark.gateLog' 'and it is said why'
done_testing
