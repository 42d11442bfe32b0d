#!/bin/sh
# What others may see or take while an artefact is signed: the new file before
# it has its mode, its owner, and the name that it will have.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=flow-lib.sh
. "${0%/*}/flow-lib.sh"
# shellcheck source=package-lib.sh
. "${0%/*}/package-lib.sh"
need softhsm2-util gpg dpkg-deb strace

flow_key release
git config -f "$CONFIG" touchmark.key release
cd "$T" || exit 1

# A leak checker cannot work while another program looks on. In one file for
# all, a call would be cut in two where another thread's comes between. Only
# root sees the names of a process that lets nobody look into it.
watch() {	# COMMAND...: with its opened files in "trace"
	rm -f trace.*
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 \
		strace -ff -qq -e trace=openat -o trace "$@" || return
	cat trace.* >trace
}

# Who opened the new file in the moment in which it had no mode yet could read
# all that is written later.
deb_new secret
chmod 600 secret.deb
ok 'a package that only its owner reads' watch touchmark sign --embed \
	--no-timestamp --pin-file "$PINFILE" secret.deb
is "$(stat -c %a secret.deb)" 600 'stays that'
is "$(sed -n 's/.*O_CREAT|O_EXCL.*, \(0[0-7]*\)) .*/\1/p' trace)" \
	0600 'and nobody could read it before'
echo x >x
ok 'a signature beside a file' touchmark sign -t openpgp --no-timestamp \
	--pin-file "$PINFILE" x
chmod 600 x.asc
ok 'is made again' watch touchmark sign -t openpgp --no-timestamp \
	--pin-file "$PINFILE" x
is "$(stat -c %a x.asc)" 600 'with the mode it had'
is "$(sed -n 's/.*O_CREAT|O_EXCL.*, \(0[0-7]*\)) .*/\1/p' trace)" \
	0600 'from the beginning'

: >out.asc
chmod 600 out.asc
ok 'a file that -o names' touchmark sign -t openpgp --no-timestamp \
	--pin-file "$PINFILE" -o out.asc x
is "$(stat -c %a out.asc)" 600 'keeps its mode'

# Names that somebody took before.
deb_new plain
ln -s /dev/null plain.deb.asc
exits 4 'a link where the signature goes' touchmark sign -t openpgp \
	--no-timestamp --pin-file "$PINFILE" plain.deb
[ -L plain.deb.asc ]
tap $? 'it stays one'
rm plain.deb.asc
mkdir plain.deb.asc
exits 4 'a directory there' touchmark sign -t openpgp --no-timestamp \
	--pin-file "$PINFILE" plain.deb
rmdir plain.deb.asc
is "$(find . -name '*.tmk-*')" '' 'nothing is left over'

# Only root can keep an owner.
if [ "$(id -u)" = 0 ]; then
	chown 65534:65534 plain.deb
	ok 'a file of somebody else' embed plain.deb
	is "$(stat -c %u:%g plain.deb)" 65534:65534 'stays his'
fi

done_testing
