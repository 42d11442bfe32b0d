# shellcheck shell=sh disable=SC2034 # many of these are for the tests
# audit-lib.sh - a token with a key whose uses go on record.
#
#   audit_setup [ALGORITHM]    key "release" with a certificate and user id, the
#                              record in $LOG; sets $C, the configuration
#   audit_sign FILE...         have them signed (OpenPGP)
#   entries KIND               how many of that kind stand in the log
#   field N NAME               the value of a text in line N

audit_setup() {
	softhsm_new rec
	TOUCHMARK_PIN_FILE=$PINFILE
	export TOUCHMARK_PIN_FILE
	C=$XDG_CONFIG_HOME/touchmark/config
	LOG=$T/record/uses
	run touchmark key generate release --token rec \
		--algorithm "${1:-p256}" --pin-file "$PINFILE" \
		--module "$MODULE"
	tap "$RC" 'a key'
	git config -f "$C" touchmark.release.userId 'Rel Ease <rel@example.org>'
	git config -f "$C" touchmark.key release
	# its self-signature is kept in the token from here on
	touchmark key export release --type openpgp >"$T/release.asc" \
		2>"$T/out" || tap 1 'its OpenPGP certificate'
	touchmark key export release --type ssh >"$T/release.pub" 2>"$T/out"
	git config -f "$C" touchmark.auditLog "$LOG"
	SPKI=sha256:$(ssh-keygen -e -m PKCS8 -f "$T/release.pub" |
		openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1)
}

audit_sign() {
	touchmark sign -t openpgp "$@"
}

entries() {
	grep -c "\"kind\":\"$1\"" "$LOG"
}

field() {
	sed -n "$1p" "$LOG" | sed -n "s/.*\"$2\":\"\\([^\"]*\\)\".*/\\1/p"
}
