# shellcheck shell=sh disable=SC2034 # some are for the tests
# approval-lib.sh - a key that needs approvals, and people who give them.
# Sourced after lib.sh and gpg-lib.sh.
#
#   approver NAME [MAIL [EXT...]]  a key in the token, its certificate under `ca`
#   needs KEY N MAIL...            KEY needs N of these people
#   asks CMD...                    run it: it must end with 1 and
#                                  threshold-unmet; ID is the request
#   waiting                        the requests that are open, one id per line
#   folder ID                      where it lies
#   approves NAME ID [ARG...]      NAME's approval must be taken

approver() {
	aname=$1 amail=${2:-$1@example.org}
	[ $# -lt 2 ] || shift
	shift
	token_key "$aname" "$amail" "$@"
}

needs() {
	key=$1 n=$2
	shift 2
	git config -f "$CONFIG" "touchmark.$key.approvals" "$n"
	git config -f "$CONFIG" "touchmark.$key.roots" "$T/pki/ca.pem"
	git config -f "$CONFIG" --unset-all "touchmark.$key.approver"
	for m; do
		git config -f "$CONFIG" --add "touchmark.$key.approver" "$m"
	done
}

asks() {
	run "$@"
	[ "$RC" = 1 ] && grep -q threshold-unmet "$T/out"
	tap $? 'the signature waits for approvals'
	ID=$(sed -n 's/.*; request \([0-9a-f]\{32\}\).*/\1/p' "$T/out" |
		head -n 1)
}

waiting() {
	touchmark approve --list --json |
		sed -n 's/^{"request":"\([0-9a-f]*\)".*/\1/p'
}

folder() {
	echo "$HOME/.local/state/touchmark/requests/$1"
}

approves() {
	who=$1 id=$2
	shift 2
	ok "$who approves" touchmark approve --request "$id" -k "$who" "$@"
}
