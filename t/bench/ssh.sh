#!/bin/sh
# ssh.sh - the figures of keys on a signing host, against `ssh host true` over
# the same shared connection in the same run, and against the same work on the
# host itself.
#
#   make bench [SSH_FILES=200] [SSH_COMMITS=20]
#
# A real sshd on loopback; the record of the host is on. Nothing here asserts a
# time: the machine is not ours. Prints one table.
# shellcheck source=../lib.sh
. "${0%/*}/../lib.sh"
# shellcheck source=../gpg-lib.sh
. "${0%/*}/../gpg-lib.sh"
# shellcheck source=../remote-lib.sh
. "${0%/*}/../remote-lib.sh"
TESTS=1	# no TAP here
FILES=${SSH_FILES:-200}
COMMITS=${SSH_COMMITS:-20}
cd "$T" || exit 1
host_new one
# shellcheck source=../server/sshd-lib.sh
. "$TOP/t/server/sshd-lib.sh"
host_agent one
sshd_start one alice
sshd_ready
as alice
agent_world
ME=$(id -un)
client_key dev "ssh://$ME@one/release"
git config --global gpg.format x509
git config --global gpg.x509.program touchmark-gpgsm
git config --global user.signingKey dev

now() {
	date +%s%N
}
# each N FROM: milliseconds per piece since then
each() {
	awk -v n="$1" -v a="$2" -v b="$(now)" \
		'BEGIN { printf "%.2f", (b - a) / 1e6 / n }'
}
ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / (b > 0 ? b : .01) }'
}
row() {
	printf '%-52s %9s ms %8s x\n' "$1" "$2" "$3"
}
# The same number of files each time, in folders of their own.
files() {	# NAME N
	mkdir "$1"
	i=0
	while [ $i -lt "$2" ]; do
		echo "$1 $i" >"$1/$i"
		i=$((i + 1))
	done
}

# The connection is there, and so are the caches.
echo warm >warm
touchmark sign -k dev warm >/dev/null || bail 'it does not sign'
git init -q plain
git init -q signed
git -C plain commit -q --allow-empty -m warm
git -C signed commit -q -S --allow-empty -m warm || bail 'git does not sign'

# What ssh takes: a requester of its own whose forced command is `true`.
ssh-keygen -q -t ed25519 -N '' -f keys/nobody
printf 'restrict,command="true" %s\n' "$(cat keys/nobody.pub)" \
	>>"$HOSTS/one/authorized"
as nobody
shared() {
	ssh -T -o BatchMode=yes -o ControlMaster=auto \
		-o "ControlPath=$T/run/bench-%C" -o ControlPersist=60 \
		"$ME@one" true </dev/null
}
shared || bail 'ssh does not come through'
t=$(now) i=0
while [ $i -lt "$COMMITS" ]; do shared; i=$((i + 1)); done
base=$(each "$COMMITS" "$t")
as alice
row 'ssh host true, shared connection' "$base" 1.00

files local "$FILES"
t=$(now)
on_host one touchmark sign -k release local/* >/dev/null ||
	bail 'the host does not sign'
own=$(each "$FILES" "$t")
row "$FILES files on the host itself, each" "$own" "$(ratio "$own" "$base")"

files batch "$FILES"
t=$(now)
touchmark sign -k dev batch/* >/dev/null || bail 'it does not sign'
one=$(each "$FILES" "$t")
row "$FILES files over ssh, each" "$one" "$(ratio "$one" "$base")"

# What the token gives to four at once, past any ssh.
for c in 1 2 3 4; do files "near$c" "$((FILES / 4))"; done
t=$(now)
clients=
for c in 1 2 3 4; do
	on_host one touchmark sign -k release "near$c"/* >/dev/null &
	clients="$clients $!"
done
for p in $clients; do
	wait "$p" || bail 'the host does not sign'
done
near=$(each "$((FILES / 4 * 4))" "$t")
row 'the same by four at once on the host itself, each' "$near" \
	"$(ratio "$near" "$base")"

# Each is a user of his own, with his own agent and connection.
for c in 1 2 3 4; do
	files "part$c" "$((FILES / 4))"
	mkdir -m 700 "$T/run$c"
	XDG_RUNTIME_DIR=$T/run$c touchmark sign -k dev warm -o "warm$c" \
		>/dev/null || bail 'a client does not sign'
done
t=$(now)
clients=
for c in 1 2 3 4; do
	XDG_RUNTIME_DIR=$T/run$c touchmark sign -k dev "part$c"/* >/dev/null &
	clients="$clients $!"
done
for p in $clients; do
	wait "$p" || bail 'a client lost something'
done
four=$(each "$((FILES / 4 * 4))" "$t")
for c in 1 2 3 4; do
	XDG_RUNTIME_DIR=$T/run$c touchmark agent stop >/dev/null 2>&1
done
row 'the same by four clients at once, each' "$four" "$(ratio "$four" "$base")"
row '  against four at once on the host itself' "$four" \
	"$(ratio "$four" "$near")"
is "$(find part? -name '*.p7s' | wc -l)" "$((FILES / 4 * 4))" \
	'nothing is lost' >/dev/null
[ -z "${FAILED-}" ] || bail 'four clients lost something'

t=$(now) i=0
while [ $i -lt "$COMMITS" ]; do
	git -C plain commit -q --allow-empty -m "$i"
	i=$((i + 1))
done
plain=$(each "$COMMITS" "$t")
t=$(now) i=0
while [ $i -lt "$COMMITS" ]; do
	git -C signed commit -q -S --allow-empty -m "$i" ||
		bail 'git does not sign'
	i=$((i + 1))
done
signed=$(each "$COMMITS" "$t")
more=$(awk -v a="$signed" -v b="$plain" 'BEGIN { printf "%.2f", a - b }')
row 'one git commit -S more than one without, each' "$more" \
	"$(ratio "$more" "$base")"
on_host one touchmark agent stop >/dev/null 2>&1
