#!/bin/sh
# An authority that is down is not waited for again and again, in any process,
# and is asked again in time; what is remembered cannot be used against us.
. "${0%/*}/lib.sh"
. "${0%/*}/gpg-lib.sh"
need openssl pkcs11-tool softhsm2-util faketime git

token_key dev dev@example.org
git config -f "$CONFIG" touchmark.key dev
tsa_new tsa
cd "$T" || exit 1
echo data >f
STATE=$XDG_STATE_HOME/touchmark/tsa.state
DAY=$(date -u -d tomorrow +%F)

only() {
	git config -f "$CONFIG" --unset-all touchmark.tsa 2>/dev/null
	for u; do
		git config -f "$CONFIG" --add touchmark.tsa "$u"
	done
}

asked() {	# how often, by its log
	grep -c ': asked$' "$T/tsa.tsalog"
}

# asks N NAME: that was how often since `before`. Its log may be behind.
asks() {
	i=0
	until [ $(($(asked) - before)) -ge "$1" ] || [ $i = 100 ]; do
		i=$((i + 1))
		sleep 0.1
	done
	is $(($(asked) - before)) "$1" "$2"
}

deadline() {
	git config -f "$CONFIG" touchmark.tsaDeadline "$1"
}

sign_at() {	# WHEN MODE
	run faketime "$1" touchmark sign --timestamp="$2" f
}

# ---- one that hangs ----------------------------------------------------------
deadline 1
tsa_start tsa '' --mode late:20000
only "$TSA_URL"
before=0
ok 'one that hangs' touchmark sign f
has 'did not answer within 1000 ms' 'is waited for once'
asks 1 'and was asked'
# A time that cannot be mistaken for that of a machine with much to do.
deadline 60
begin=$(date +%s%N)
ok 'the next signature' touchmark sign f
has 'warning: http://127.0.0.1:[0-9]+/: not asked, since it failed [0-9]+ s ago; it will be again in [0-9]+ s' \
	'does not wait, and says so'
has 'signing without a timestamp' 'nor hides what is missing'
took=$((($(date +%s%N) - begin) / 1000000))
[ $took -lt 18000 ]
tap $? "it took $took ms, not the deadline"
deadline 1
asks 1 'it was not asked'
is "$(stat -c %a "$STATE")" 600 'what is remembered is for its owner alone'
[ "$(find "$XDG_STATE_HOME/touchmark" -perm /077 | wc -l)" = 0 ]
tap $? 'so is the directory'
cp "$STATE" "$T/out"
hasnt '127\.0\.0\.1|http' 'and no address is in it'

# A rebase signs many commits: the dead one costs one deadline.
git_uses_touchmark
git config --global user.signingkey dev
new_repo repo
for i in 1 2 3 4 5 6; do
	git -C repo commit -q --allow-empty -m "$i"
done
rm "$STATE"
before=$(asked)
ok 'a rebase of six commits' git -C repo rebase -q -f --root \
	--gpg-sign --committer-date-is-author-date
is "$(git -C repo log --format=%H | while read -r c; do
	git -C repo cat-file commit "$c" | grep -c '^gpgsig'
	done | grep -c 1)" 6 'signs them all'
asks 1 'and asks the dead one once'

# ---- when it is asked again --------------------------------------------------
rm "$STATE"
sign_at "$DAY 10:00:00" prefer
[ "$(cut -d' ' -f2 "$STATE" | tail -1)" = 1 ]
tap $? 'one failure'
before=$(asked)
sign_at "$DAY 10:00:30" prefer
asks 0 'not asked within a minute'
sign_at "$DAY 10:01:40" prefer
asks 1 'asked after a minute'
sign_at "$DAY 10:02:50" prefer
asks 1 'then not for two'
sign_at "$DAY 10:04:20" prefer
asks 2 'but after two'
[ "$(cut -d' ' -f2 "$STATE" | tail -1)" = 3 ]
tap $? 'three failures'
sed -i 's/ 3 \([0-9]*\)$/ 99 \1/' "$STATE"
sign_at "$DAY 10:32:00" prefer
asks 2 'after many failures not for half an hour'
sign_at "$DAY 10:36:00" prefer
asks 3 'and never longer'
sign_at "$DAY 09:00:00" prefer
asks 4 'a failure that is still to come counts for nothing'

# ---- a stamp that must be ----------------------------------------------------
exits 5 'require asks all the same' touchmark sign --timestamp=require f
touchmark sign f >"$T/out" 2>&1
before=$(asked)
exits 5 'again and again' touchmark sign --timestamp=require f
has 'not asked, since' 'first it would rather not'
has 'did not answer within' 'then it does'
asks 1 'asking once'
tsa_stop
HANGS=http://127.0.0.1:9/hangs

# Of several that are down the one that has been so for longest.
rm -f "$STATE"
only http://127.0.0.1:9/b
sign_at "$DAY 10:00:00" prefer
only http://127.0.0.1:9/a
sign_at "$DAY 10:00:20" prefer
only http://127.0.0.1:9/a http://127.0.0.1:9/b
sign_at "$DAY 10:00:40" require
is "$RC" 5 'two that are down'
is "$(grep -c 'not asked' "$T/out")" 2 'neither is asked in order'
is "$(sed -n 's,.*9/\(.\): .*[Cc]onnect.*,\1,p' "$T/out")" b \
	'the one that failed first is asked after all'

# ---- one that answers --------------------------------------------------------
deadline 60
tsa_start tsa '' --mode status:503
only "$TSA_URL"
ok 'a busy one' touchmark sign f
touchmark sign f >"$T/out" 2>&1
has 'not asked' 'is down'
tsa_stop
tsa_start tsa
only "$HANGS" "$TSA_URL"
touchmark sign f >"$T/out" 2>&1
ok 'the second when the first is down' touchmark sign --timestamp=require f
has "$HANGS: not asked" 'which is not waited for'
is "$(grep -c warning "$T/out")" 1 'and nothing else is wrong'
tsa_stop

# A wrong answer is no reason not to ask; a slow one is. With a clock that goes
# at a tenth of its speed none is slow because the machine has much to do.
tsa_start tsa '' --mode garbage
only "$TSA_URL"
faketime -f '+0 x0.1' touchmark sign f >"$T/out" 2>&1
faketime -f '+0 x0.1' touchmark sign f >"$T/out" 2>&1
before=0
asks 2 'one that talks nonsense is asked each time'
tsa_stop
tsa_start tsa '' --mode late:1500 --type text/plain
only "$TSA_URL"
touchmark sign f >"$T/out" 2>&1
has 'answered with text/plain' 'one that thinks long about nonsense'
touchmark sign f >"$T/out" 2>&1
before=0
asks 1 'is not waited for twice'
tsa_stop

# It answers again: forgotten. The failure that was is written as it would be.
# The port is none of those that the kernel gives to others meanwhile.
tsa_at() {	# PORT: 1 when it is taken
	rm -f "$T/tsa.port"
	"$MOCK/tsa-httpd" --port "$1" --port-file "$T/tsa.port" -- \
		openssl ts -reply -config "$T/pki/tsa.tsa.cnf" \
		-queryfile /dev/stdin -signer "$T/pki/tsa.pem" \
		-inkey "$T/pki/tsa.key" 2>"$T/tsa.tsalog" &
	TSA_PID=$!
	PIDS="$PIDS $TSA_PID"
	until [ -s "$T/tsa.port" ]; do
		kill -0 "$TSA_PID" 2>/dev/null || return 1
		sleep 0.05
	done
}
port=$((10000 + $$ % 20000))
until tsa_at $port; do
	port=$((port + 1))
done
only "http://127.0.0.1:$port/"
tsa_stop
touchmark sign f >"$T/out" 2>&1
grep -q '^touchmark tsa.state 1$' "$STATE"
tap $? 'remembered while it is away'
lines=$(wc -l <"$STATE")
tsa_at $port
ok 'back again, and required' touchmark sign --timestamp=require f
has 'not asked, since' 'the memory was asked'
is "$(wc -l <"$STATE")" $((lines - 1)) 'and then forgot'
ok 'the next is as if nothing had been' touchmark sign --timestamp=require f
hasnt warning 'without a warning'
tsa_stop

# A setting that was mended is tried at once.
only http://127.0.0.1:9/
touchmark sign f >"$T/out" 2>&1
touchmark sign f >"$T/out" 2>&1
has 'not asked' 'down'
git config -f "$CONFIG" touchmark.tsaProxy http://127.0.0.1:10
touchmark sign f >"$T/out" 2>&1
hasnt 'not asked' 'another proxy is another way'
git config -f "$CONFIG" --unset touchmark.tsaProxy

# ---- what may stand in its place ----------------------------------------------
only http://127.0.0.1:9/
rm "$STATE"
touchmark sign f >"$T/out" 2>&1
cp "$STATE" good
forgets() {	# NAME: the file as it is now is no memory, and does no harm
	ok "$1: signs" touchmark sign f
	hasnt 'not asked' "$1: remembers nothing"
}
cp "$STATE" "$T/out"
has '^[0-9a-f]{64} 1 [0-9]+$' 'a memory'
(cat good; echo 'more') >"$STATE"
forgets 'a line that is none'
(cat good; head -c 20000 /dev/zero | tr '\0' 'x') >"$STATE"
forgets 'a huge file'
sed 's/ 1 / 100 /' good >"$STATE"
forgets 'a number out of bounds'
sed 's/ 1 [0-9]*$/ 1 99999999999999999999/' good >"$STATE"
forgets 'a time out of bounds'
sed 's/state 1/state 2/' good >"$STATE"
forgets 'another version'
head -c 60 good >"$STATE"
forgets 'a cut file'
head -c 4000 /dev/urandom >"$STATE"
forgets 'noise'
: >"$STATE"
forgets 'an empty file'
cp good "$STATE"
chmod 666 "$STATE"
forgets 'a file that others may write'
rm "$STATE"
ln -s "$T/good" "$STATE"
forgets 'a link'
[ ! -L "$STATE" ] && grep -q ' 1 ' good
tap $? 'which is replaced, not followed'
rm "$STATE"
mkfifo "$STATE"
forgets 'a pipe'
rm "$STATE"
mkdir "$STATE"
forgets 'a directory'
rmdir "$STATE"
rm -r "${STATE%/*}"
echo file >"${STATE%/*}"
forgets 'no place for it'
ok 'which is no error' touchmark sign f
rm "${STATE%/*}"

# Forty dead ones: the file stays small.
i=0
while [ $i -lt 40 ]; do
	i=$((i + 8))
	only "http://127.0.0.1:9/$i" "http://127.0.0.1:9/$((i + 1))" \
		"http://127.0.0.1:9/$((i + 2))" "http://127.0.0.1:9/$((i + 3))" \
		"http://127.0.0.1:9/$((i + 4))" "http://127.0.0.1:9/$((i + 5))" \
		"http://127.0.0.1:9/$((i + 6))" "http://127.0.0.1:9/$((i + 7))"
	touchmark sign f >"$T/out" 2>&1
done
[ "$(wc -l <"$STATE")" = 33 ]
tap $? 'it remembers 32 at most'

# ---- where -------------------------------------------------------------------
rm -r "${STATE%/*}"
only http://127.0.0.1:9/
git config -f "$CONFIG" touchmark.agent never
(XDG_RUNTIME_DIR=$T/run && export XDG_RUNTIME_DIR && touchmark sign f) \
	>"$T/out" 2>&1
[ -f "$T/run/touchmark/tsa.state" ] && [ ! -e "$STATE" ]
tap $? 'in the runtime directory where there is one'
(XDG_RUNTIME_DIR=$T/absent && export XDG_RUNTIME_DIR && touchmark sign f) \
	>"$T/out" 2>&1
[ -f "$STATE" ]
tap $? 'elsewhere when it is not there'

# ---- through an agent: it waits once for all, and whoever asks is told ---------
git config -f "$CONFIG" --unset touchmark.agent
rm -rf "$T/run/touchmark"
agent_world
tsa_start tsa '' --mode late:20000
deadline 1
only "$TSA_URL"
run_in f touchmark-gpgsm --status-fd=2 -bsau dev
has 'SIG_CREATED' 'the agent signs'
has '^gpgsm: warning: .*did not answer within 1000 ms' 'and says what failed'
run_in f touchmark-gpgsm --status-fd=2 -bsau dev
has '^gpgsm: warning: .*not asked, since it failed' 'once'
run touchmark agent status
has ' 2 signatures' 'it was the agent'
before=0
asks 1 'which asked once'
done_testing
