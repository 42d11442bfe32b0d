# shellcheck shell=sh disable=SC2030,SC2031,SC2034 # for the tests
# remote-lib.sh - signing hosts on this machine. Sourced after lib.sh and
# gpg-lib.sh.
#
#   host_new NAME              a home with a token, a P-256 key `release` with
#                              a certificate $T/pki/NAME.pem under `ca`, and
#                              requesters alice (everything) and bob (cms)
#   host_agent NAME            there is an agent from here on, which whoever
#                              signs starts; to be stopped by the test
#   host_twin NAME OTHER       another home with the same key
#   host_second NAME KEY       another key there, $T/pki/KEY.pem, alice's too
#   on_host NAME CMD...        run there
#   fake_ssh                   from here on `ssh` is a script that looks at its
#                              arguments and runs `touchmark serve` at the
#                              host that is named: SERVE_AS is the requester
#   host_does NAME LINE        what that host does instead; no LINE: serve
#   host_serve                 what such a line may run to serve after all
#   client_key NAME URI...     a key of this home, with these places
#   host_uses NAME             how often its key was used, by its record

HOSTS=$T/hosts
mkdir -p "$HOSTS" "${CONFIG%/*}"

on_host() {
	host_home=$HOSTS/$1
	shift
	env XDG_RUNTIME_DIR="$host_home/run" HOME="$host_home" \
		XDG_CONFIG_HOME="$host_home/.config" \
		XDG_DATA_HOME="$host_home/.local/share" \
		XDG_STATE_HOME="$host_home/.local/state" \
		SOFTHSM2_CONF="$host_home/softhsm2.conf" "$@"
}

host_config() {	# NAME
	echo "$HOSTS/$1/.config/touchmark/config"
}

host_conf() {	# NAME: of its token
	printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' \
		"$HOSTS/$1/tokens" >"$HOSTS/$1/softhsm2.conf"
}

host_requesters() {	# NAME: its lines on standard input
	(umask 077 && cat >"$HOSTS/$1/requesters")
}

host_new() {	# NAME
	mkdir -p "$HOSTS/$1/tokens" "$HOSTS/$1/.config/touchmark" \
		"$HOSTS/$1/.local/state/touchmark"
	host_conf "$1"
	[ -f "$T/pki/ca.pem" ] || pki_root ca
	(
		SOFTHSM2_CONF=$HOSTS/$1/softhsm2.conf
		export SOFTHSM2_CONF
		TOKEN=token-$1
		CONFIG=$(host_config "$1")
		softhsm_new "$TOKEN"
		token_key release dev@example.org
		mv "$T/pki/release.pem" "$T/pki/$1.pem"
		git config -f "$CONFIG" touchmark.release.cert "$T/pki/$1.pem"
	) || exit 1
	PINFILE=$T/pin
	host_finish "$1"
}

host_finish() {	# NAME
	git config -f "$(host_config "$1")" touchmark.requesters \
		"$HOSTS/$1/requesters"
	git config -f "$(host_config "$1")" touchmark.auditLog \
		"$HOSTS/$1/audit.log"
	host_requesters "$1" <<-'END'
	[requester "alice"]
		key = release
		format = cms
		format = openpgp
		format = ssh
		format = minisign
	[requester "bob"]
		key = release
		format = cms
	END
}

# Another key in the same token, that alice may use too.
host_second() {	# NAME KEY
	(
		SOFTHSM2_CONF=$HOSTS/$1/softhsm2.conf
		export SOFTHSM2_CONF
		TOKEN=token-$1
		CONFIG=$(host_config "$1")
		NEXT_ID=80
		token_key "$2" dev@example.org
		git config -f "$CONFIG" "touchmark.$2.created" 1700000000
	) || exit 1
	git config -f "$HOSTS/$1/requesters" --add requester.alice.key "$2"
}

host_twin() {	# NAME OTHER
	cp -r "$HOSTS/$2" "$HOSTS/$1"
	rm -f "$HOSTS/$1"/audit.log*
	host_conf "$1"
	host_finish "$1"
}

# Where there is no such folder there is no agent.
host_agent() {	# NAME
	mkdir -m 700 "$HOSTS/$1/run"
}

host_does() {	# NAME [LINE]
	if [ $# = 1 ]; then
		rm -f "$HOSTS/$1/does"
	else
		echo "$2" >"$HOSTS/$1/does"
	fi
}

# What a line of host_does may run.
host_serve() {
	echo "env XDG_RUNTIME_DIR=\$home/run HOME=\$home \
XDG_CONFIG_HOME=\$home/.config XDG_DATA_HOME=\$home/.local/share \
XDG_STATE_HOME=\$home/.local/state SOFTHSM2_CONF=\$home/softhsm2.conf \
touchmark serve --requester \$SERVE_AS"
}

# What a use leaves in the record: its intent and its result.
host_uses() {	# NAME
	[ -e "$HOSTS/$1/audit.log" ] || : >"$HOSTS/$1/no.log"
	sed -n '/"result"/p' "$HOSTS/$1"/*.log | wc -l
}

fake_ssh() {
	mkdir -p "$T/fake"
	SERVE_AS=alice
	HOST_ROOT=$HOSTS
	SSH_SEEN=$T/ssh.seen
	export SERVE_AS HOST_ROOT SSH_SEEN
	cat >"$T/fake/ssh" <<-'END'
	#!/bin/sh
	printf '%s\n' "$*" >>"$SSH_SEEN"
	while [ $# != 0 ] && [ "$1" != -- ]; do
		case $1 in
		-o|-p) shift 2 ;;
		-T) shift ;;
		*) echo "ssh: unknown option $1" >&2; exit 255 ;;
		esac
	done
	[ "$#" = 4 ] && [ "$3 $4" = 'touchmark serve' ] || {
		echo "ssh: wrong words: $*" >&2
		exit 255
	}
	host=${2#*@}
	home=$HOST_ROOT/$host
	[ -d "$home" ] || {
		echo "ssh: Could not resolve hostname $host: Name or service not known" >&2
		exit 255
	}
	# shellcheck disable=SC1091
	[ ! -f "$home/does" ] || . "$home/does"
	exec env -u TOUCHMARK_PIN_FILE XDG_RUNTIME_DIR="$home/run" HOME="$home" \
		XDG_CONFIG_HOME="$home/.config" \
		XDG_DATA_HOME="$home/.local/share" \
		XDG_STATE_HOME="$home/.local/state" \
		SOFTHSM2_CONF="$home/softhsm2.conf" \
		touchmark serve --requester "$SERVE_AS"
	END
	chmod 755 "$T/fake/ssh"
	PATH=$T/fake:$PATH
	export PATH
}

client_key() {	# NAME URI...
	client=$1
	shift
	git config -f "$CONFIG" --unset-all "touchmark.$client.uri" 2>/dev/null
	for u; do
		git config -f "$CONFIG" --add "touchmark.$client.uri" "$u"
	done
}
