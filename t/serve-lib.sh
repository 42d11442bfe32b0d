# shellcheck shell=sh disable=SC2034 # some are for the tests
# serve-lib.sh - requests to `touchmark serve` byte by byte. Sourced after
# lib.sh, gpg-lib.sh, agent-lib.sh and remote-lib.sh.
#
#   digest_of FILE             its SHA-256 as printf %b takes it
#   now_field                  eight bytes of now, in the same way
#   ask REQUESTER HOST FILE... send these frames, one after the other, at once;
#                              $T/wire is what came back, $T/out the same read
#                              (one line for each frame), RC the exit code
#   sign_request NAME KEY FORMAT FILE [FIELD...]
#                              $T/NAME: have the digest of FILE signed
#   seal_of FILE               the seal of the last answer in $T/wire
#   listen_once SOCKET CMD...  run CMD with one connection as its standard
#                              input and output, as a socket unit does; sets
#                              LISTENER
#   host_socket NAME SOCKET CMD...
#                              run CMD at that host for each connection, as
#                              systemd does; what it says is in $T/listener
#   ask_socket SOCKET FILE     send it and close that half; $T/wire, $T/out

need perl

digest_of() {
	openssl dgst -sha256 -r "$1" | cut -c1-64 | sed 's/../\\0x&/g' |
		perl -pe 's/\\0x(..)/sprintf "\\0%03o", hex $1/ge'
}

now_field() {
	perl -e 'printf "\\0%03o", $_ for unpack "C*", pack "NN", 0, time'
}

# An answer as one line: "answer code N seal LEN text: TEXT | HINT".
read_wire() {
	perl -e 'binmode STDIN; local $/; $d = <STDIN>; $o = 0;
	while ($o < length $d) {
		die "no frame\n" if substr($d, $o, 4) ne "TMK1";
		$n = unpack "N", substr $d, $o + 4, 4;
		$b = substr $d, $o + 8, $n;
		die "cut\n" if length $b != $n;
		$o += 8 + $n;
		%f = (); $p = 1;
		while ($p < $n) {
			($t, $l) = unpack "CN", substr $b, $p, 5;
			$f{$t} = substr $b, $p + 5, $l;
			$p += 5 + $l;
		}
		$k = ord $b;
		print "notice $f{1}\n" if $k == 3;
		next if $k != 2;
		printf "answer code %d%s seal %d trailer %d text: %s | %s\n",
			ord $f{1}, (defined $f{2} ? " declined" : ""),
			length($f{5} // ""), length($f{11} // ""),
			$f{3} // "", $f{4} // "";
	}' <"$T/wire" >"$T/out" 2>&1
}

seal_of() {
	perl -e 'binmode STDIN; binmode STDOUT; local $/; $d = <STDIN>; $o = 0;
	while ($o < length $d) {
		$n = unpack "N", substr $d, $o + 4, 4;
		$b = substr $d, $o + 8, $n; $o += 8 + $n; $p = 1;
		while ($p < $n) {
			($t, $l) = unpack "CN", substr $b, $p, 5;
			$s = substr $b, $p + 5, $l if $t == 5;
			$p += 5 + $l;
		}
	} print $s' <"$T/wire" >"$1"
}

ask() {	# REQUESTER HOST FILE...
	who=$1 where=$2
	shift 2
	cat "$@" >"$T/asked"
	on_host "$where" timeout 60 touchmark serve --requester "$who" \
		<"$T/asked" >"$T/wire" 2>"$T/stderr"
	RC=$?
	read_wire
	[ -s "$T/out" ] || sed 's/^/stderr: /' "$T/stderr" >"$T/out"
}

sign_request() {	# NAME KEY FORMAT FILE [FIELD...]
	rname=$1 rkey=$2 rformat=$3 rfile=$4
	shift 4
	request "$rname" '1 \0001' '2 test' "3 $rkey" "4 \\000$rformat" \
		"15 $(digest_of "$rfile")" '16 \0001' "17 $(now_field)" "$@"
}

listen_once() {
	sock=$1
	shift
	# It gets its name when it listens, not before.
	perl -MIO::Socket::UNIX -e '$s = shift;
		$l = IO::Socket::UNIX->new(Listen => 1, Local => "$s.new") or
		die; rename "$s.new", $s or die; $c = $l->accept; close $l;
		open STDIN, "<&", $c; open STDOUT, ">&", $c; exec @ARGV' \
		"$sock" "$@" 2>"$T/stderr" &
	LISTENER=$!
	PIDS="$PIDS $LISTENER"
	i=0
	until [ -S "$sock" ]; do
		[ $((i += 1)) -lt 600 ] || break
		sleep 0.1
	done
}

host_socket() {	# NAME SOCKET CMD...
	where=$HOSTS/$1 sock=$2
	shift 2
	SYSTEMD_LOG_TARGET=console SYSTEMD_LOG_LEVEL=info \
		systemd-socket-activate --accept --inetd -l "$sock" \
		-E HOME="$where" -E SOFTHSM2_CONF="$where/softhsm2.conf" \
		-E PATH -E LC_ALL -E ASAN_OPTIONS -E LSAN_OPTIONS \
		-E UBSAN_OPTIONS "$@" >"$T/listener" 2>&1 </dev/null &
	LISTENER=$!
	PIDS="$PIDS $LISTENER"
	agent_wait grep -q 'Listening on' "$T/listener" || bail 'nobody listens'
}

ask_socket() {
	# shellcheck disable=SC2016 # they are perl's
	timeout 60 perl -MIO::Socket::UNIX -e 'alarm 50;
		$c = IO::Socket::UNIX->new(Peer => shift) or die; binmode $c;
		local $/; $d = <STDIN>; print $c $d; $c->flush; shutdown $c, 1;
		print <$c>' "$1" <"$2" >"$T/wire"
	read_wire
}
