#!/bin/sh
# The link cut: what a program does not contain it cannot leak. The gate holds
# no key store, no PIN code, no network code of ours and no PKCS#11; the
# program that talks to the network holds no key store and no seal.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
need nm readelf ldd

GATE=$BIN/touchmark-pre-receive
FETCH=$BIN/touchmark-fetch

defined() {	# FILE...: symbols of ours that it defines
	nm --defined-only "$@" 2>/dev/null |
		awk 'NF == 3 && $3 ~ /^tmk_/ { print $3 }' | sort -u
}

# shares PROGRAM LIBRARY: the symbols of LIBRARY that PROGRAM contains.
shares() {
	defined "$BIN/$1" >"$T/program"
	defined "$B/lib/$2.a" >"$T/library"
	comm -12 "$T/program" "$T/library" >"$T/out"
}

# holds PROGRAM LIBRARY / lacks PROGRAM LIBRARY
holds() {
	shares "$1" "$2"
	[ -s "$T/out" ]
	tap $? "$1 contains $2 (so the symbols can be read)"
}

lacks() {
	shares "$1" "$2"
	[ -s "$T/library" ] || echo "no symbol in $2.a: nothing to compare" >"$T/out"
	[ ! -s "$T/out" ]
	tap $? "$1 contains nothing of $2"
}

for f in "$GATE" "$FETCH" "$BIN/touchmark"; do
	ok "${f##*/} is built" test -x "$f"
done

holds touchmark-pre-receive core
holds touchmark-pre-receive seal
holds touchmark-pre-receive cage
lacks touchmark-pre-receive key
lacks touchmark-pre-receive net
lacks touchmark-pre-receive front
lacks touchmark-pre-receive cmd

holds touchmark-fetch net
lacks touchmark-fetch key
lacks touchmark-fetch seal
lacks touchmark-fetch core
lacks touchmark-fetch formats

holds touchmark key
lacks touchmark net
lacks touchmark hooks

# What reads a stranger's signature for git holds no key store either.
holds touchmark-gpg-verify core
holds touchmark-gpg-verify seal
lacks touchmark-gpg-verify key
lacks touchmark-gpg-verify net

# The one program with a library of GnuPG in it holds nothing else of ours.
for l in key seal core formats front net; do
	lacks touchmark-pinentry $l
done

# The programs that ask the agent have libc in them, or load it and nothing
# else.
for p in touchmark-gpg touchmark-ssh-keygen; do
	for l in seal core formats front net x509; do
		lacks $p $l
	done
	{
		readelf -d "$BIN/$p" | grep NEEDED |
			grep -Ev 'lib(asan|ubsan)'
		nm "$BIN/$p" | grep -E ' W execve$'
	} >"$T/out"
	has '\[libc\.| W execve$' "$p has libc"
	hasnt '\[lib([^c]|c[^.])' "$p: and asks the loader for nothing else"
	readelf -hd "$BIN/$p" >"$T/out"
	has 'Type: +DYN' "$p is loaded at another address each time"
done

# What git waits for has no libgit2 in it: the program that parses has nothing
# else in it.
for p in touchmark-gpg-full touchmark-ssh-keygen-full touchmark-gpg-verify; do
	run ldd "$BIN/$p"
	has 'libcrypto' "$p: its libraries were read"
	hasnt '(libgit2|libcurl|libgpgme)' "$p loads no libgit2"
done
# What takes archives apart is confined, and has nothing that a stranger could
# wish for.
holds touchmark-archive cage
for l in key seal core net front cmd; do
	lacks touchmark-archive $l
done
run ldd "$BIN/touchmark-archive"
has 'libarchive' 'touchmark-archive: its libraries were read'
hasnt '(libgit2|libcurl|libgpgme|libp11|p11-kit)' \
	'none of them has keys or talks to a server'

lacks touchmark-config key
lacks touchmark-config seal
lacks touchmark-config net

for p in touchmark-pre-receive touchmark-fetch; do
	defined "$BIN/$p" >"$T/out"
	hasnt '^tmk_(p11|store|pin|uri|secret)_' \
		"$p has no symbol of a store or a PIN"
done
defined "$GATE" >"$T/out"
hasnt '^tmk_(http|fetch)_' 'the gate has no symbol of the network'

# What the loader is asked for, and all that comes with it.
run readelf -d "$GATE"
has 'NEEDED.*libgit2' 'the gate asks the loader for libgit2'
hasnt 'NEEDED.*(libp11|p11-kit|libcurl|libssl)' \
	'and for no PKCS#11, no curl and no TLS'
run ldd "$GATE"
hasnt '(libp11|p11-kit|libcurl|softhsm)' \
	'nor does any library bring one of them in'
run readelf -d "$FETCH"
has 'NEEDED.*libcurl' 'touchmark-fetch asks the loader for libcurl'
hasnt 'NEEDED.*(libp11|p11-kit|libgit2)' 'and for no PKCS#11 and no git'

# The gate's own code opens no library at run time and no connection.
nm --undefined-only "$GATE" | awk '{ print $2 }' >"$T/out"
has '^(git_odb_read|git_repository_open_ext)' 'the undefined symbols were read'
hasnt '^(dlopen|dlsym|socket|connect|getaddrinfo|system|popen)(@|$)' \
	'the gate calls neither the loader, the network nor a shell'
hasnt '^git_commit_extract_signature(@|$)' \
	'the gate splits signatures itself'
hasnt '^git_remote_' 'the gate asks libgit2 for no remote'

done_testing
