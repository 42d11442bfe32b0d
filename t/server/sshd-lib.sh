# shellcheck shell=sh
# sshd-lib.sh - a real ssh server on loopback, as the user who runs the tests,
# that knows nobody but the requesters of a test. Sourced after remote-lib.sh.
#
#   sshd_start NAME REQUESTER...   an sshd in front of the signing host NAME:
#                                  each requester has the key $T/keys/REQUESTER
#                                  and `touchmark serve` as forced command;
#                                  sets SSHD_PID; its name for ssh is NAME
#   as REQUESTER                   whose key ssh uses from here on
#   sshd_part                      end the shared connections: each would live
#                                  for a minute after the test

SSHD=/usr/sbin/sshd
need ssh ssh-keygen "$SSHD" perl
mkdir -p "$T/keys" "$T/sshbin" "$T/ssh"

free_port() {
	perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1,
		LocalAddr => "127.0.0.1")->sockport'
}

# ssh looks for its files in the home of the password file, not in HOME.
cat >"$T/sshbin/ssh" <<END
#!/bin/sh
exec $(command -v ssh) -F "$T/ssh/config" "\$@"
END
chmod 755 "$T/sshbin/ssh"
PATH=$T/sshbin:$PATH
export PATH
: >"$T/ssh/known"

as() {
	ln -sf "$T/keys/$1" "$T/keys/now"
}

# What sshd starts finds the programs and the home of that host.
serve_line() {	# NAME REQUESTER
	h=$HOSTS/$1
	cat >"$h/serve-$2" <<-END
	#!/bin/sh
	export HOME=$h XDG_CONFIG_HOME=$h/.config \\
		XDG_DATA_HOME=$h/.local/share \\
		XDG_STATE_HOME=$h/.local/state \\
		SOFTHSM2_CONF=$h/softhsm2.conf XDG_RUNTIME_DIR=$h/run
	exec $BIN/touchmark serve --requester $2
	END
	chmod 755 "$h/serve-$2"
	printf 'restrict,command="%s" %s\n' "$h/serve-$2" \
		"$(cat "$T/keys/$2.pub")"
}

sshd_start() {	# NAME REQUESTER...
	sname=$1
	shift
	[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
	[ -f "$T/keys/host-$sname" ] ||
		ssh-keygen -q -t ed25519 -N '' -f "$T/keys/host-$sname"
	: >"$HOSTS/$sname/authorized"
	for r; do
		[ -f "$T/keys/$r" ] ||
			ssh-keygen -q -t ed25519 -N '' -C "$r" -f "$T/keys/$r"
		serve_line "$sname" "$r" >>"$HOSTS/$sname/authorized"
	done
	sport=$(free_port)
	cat >"$HOSTS/$sname/sshd.conf" <<-END
	Port $sport
	ListenAddress 127.0.0.1
	HostKey $T/keys/host-$sname
	AuthorizedKeysFile $HOSTS/$sname/authorized
	PidFile none
	StrictModes no
	UsePAM no
	PasswordAuthentication no
	KbdInteractiveAuthentication no
	PermitRootLogin prohibit-password
	MaxSessions 50
	MaxStartups 50
	SetEnv HOME=$HOSTS/$sname
	END
	# Its children outlive it: none may hold what the test prints into.
	"$SSHD" -D -f "$HOSTS/$sname/sshd.conf" -E "$HOSTS/$sname/sshd.log" \
		</dev/null >"$HOSTS/$sname/sshd.out" 2>&1 &
	SSHD_PID=$!
	PIDS="$PIDS $SSHD_PID"
	cat >>"$T/ssh/config" <<-END
	Host $sname
		HostName 127.0.0.1
		Port $sport
		HostKeyAlias $sname
	END
	printf '%s %s\n' "$sname" \
		"$(cut -d' ' -f1,2 "$T/keys/host-$sname.pub")" >>"$T/ssh/known"
	i=0
	until grep -q 'Server listening' "$HOSTS/$sname/sshd.log" 2>/dev/null; do
		[ $((i += 1)) -lt 100 ] || bail 'no sshd'
		sleep 0.1
	done
}

# The first word for an option counts: what is for all comes last.
sshd_ready() {
	cat >>"$T/ssh/config" <<-END
	Host *
		IdentityFile $T/keys/now
		IdentitiesOnly yes
		UserKnownHostsFile $T/ssh/known
		GlobalKnownHostsFile /dev/null
	END
}

sshd_part() {
	for socket in "$T"/run*/touchmark/ssh-*; do
		[ ! -S "$socket" ] ||
			ssh -o ControlPath="$socket" -O exit any >/dev/null 2>&1
	done
}
