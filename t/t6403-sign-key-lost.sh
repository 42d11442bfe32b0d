#!/bin/sh
# A token that is taken out in the middle of many files: what is done is done,
# the rest is told at once, and no PIN is tried again and again.
. "${0%/*}/lib.sh"
. "${0%/*}/agent-lib.sh"
. "${0%/*}/flow-lib.sh"
need softhsm2-util gpg gpgv mkfifo

flow_key release p256
git config -f "$CONFIG" touchmark.key release
git config -f "$CONFIG" touchmark.release.uri "$(
	git config -f "$CONFIG" touchmark.release.uri |
	sed "s|\$|\&pin-source=file:$PINFILE|")"
use_shim
TMK_SHIM_GONE=$T/gone
export TMK_SHIM_GONE
cd "$T" || exit 1

fill() {
	rm -rf d gone && mkdir d && cd d || exit 1
	for i in 100 101 102 103 104; do echo $i >$i; done
	mkfifo 150
	i=200
	while [ $i -lt 260 ]; do
		echo $i >$i
		i=$((i + 1))
	done
	: >"$T/calls"
}

# The pipe is opened when the five before it are done; then the token goes.
take_out() {
	{
		exec 3>./150
		: >"$T/gone"
		echo data >&3
	} &
	writer=$!
}

judge() {
	bad=
	for f in ./*.asc; do
		gpgv --keyring "$T/release.gpg" "$f" "${f%.asc}" \
			>"$T/x" 2>&1 || bad="$bad $f"
	done
	is "$bad" '' 'every signature that is there holds'
	is "$(find . -name '*.tmk-*')" '' 'nothing is left behind'
}

for how in alone agent; do
	fill
	[ $how = alone ] || agent_world
	take_out
	begin=$(date +%s)
	touchmark sign -t openpgp --jobs 1 ./* >"$T/lines" 2>&1
	code=$?
	took=$(($(date +%s) - begin))
	wait $writer
	is "$code" 3 "$how: a token that is taken out: 3"
	is "$(find . -name '*.asc' | sort | tr '\n' ' ')" \
		'./100.asc ./101.asc ./102.asc ./103.asc ./104.asc ' \
		'what was signed before is there'
	is "$(grep -c ': signed by' "$T/lines")" 5 'and was told'
	is "$(grep -c '^touchmark: \./[0-9]*: ' "$T/lines")" 61 \
		'each of the others has its line'
	cp "$T/lines" "$T/out"
	has '^touchmark: 5 of 66 files signed, 61 failed$' 'and the summary'
	# Not so much as a second for each of the 61.
	[ $took -lt 45 ]
	tap $? "it took $took s"
	n=$(calls C_Sign)
	[ "$n" -le 8 ]
	tap $? "the token was asked $n times in all"
	n=$(calls C_Login)
	[ "$n" -le 3 ]
	tap $? "and its PIN was given $n times"
	judge
	rm -f "$T/gone" 150
	[ $how = alone ] || touchmark agent stop >"$T/x" 2>&1
	ok 'when it is back, the next run' touchmark sign -t openpgp \
		--resume --jobs 2 ./*
	cp "$T/out" "$T/lines"
	is "$(grep -c 'is signed already' "$T/lines")" 5 'leaves alone the five'
	is "$(grep -c ': signed by' "$T/lines")" 60 'and does the rest'
	judge
	cd ..
done
touchmark agent stop >"$T/x" 2>&1

# One that lies once is a failure of one file.
unset XDG_RUNTIME_DIR
fill
rm 150
TMK_SHIM='C_Sign=4@lie'
export TMK_SHIM
run touchmark sign -t openpgp --jobs 1 ./*
unset TMK_SHIM
is "$RC" 3 'a token that lies once: 3'
cp "$T/out" "$T/lines"
is "$(grep -c ': signed by' "$T/lines")" 64 'all but one are signed'
judge
cd ..

# An agent that is killed: what was asked of it fails, a new one does the rest.
agent_world
fill
ok 'an agent' touchmark sign -t openpgp 100
pid=$(agent_pid)
rm -f 150 100.asc
mkfifo 150
{
	exec 3>./150
	kill -9 "$pid"
	echo data >&3
} &
writer=$!
run touchmark sign -t openpgp --jobs 1 ./*
wait $writer
cp "$T/out" "$T/lines"
n=$(grep -c ': signed by' "$T/lines")
[ "$n" -ge 64 ]
tap $? "all but one or two are signed ($n)"
[ "$n" = 66 ] || [ "$RC" = 3 ]
tap $? "the code is true ($RC)"
rm -f 150 150.asc
judge
cd ..

done_testing
