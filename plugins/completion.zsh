#compdef touchmark
# zsh completion for touchmark

_touchmark_names() {
	local -a names
	names=(${(f)"$(git config --file \
		"${TOUCHMARK_CONFIG:-${XDG_CONFIG_HOME:-$HOME/.config}/touchmark/config}" \
		--name-only --get-regexp '^touchmark\..*\.uri$' 2>/dev/null |
		sed 's/^touchmark\.//; s/\.uri$//' | sort -u)"})
	_describe 'key' names
}

_touchmark_key() {
	local -a verbs
	verbs=(
		'generate:make a key pair inside a token and configure it'
		'list:the keys in the tokens that are there'
		'show:what the token says about one key'
		'csr:a certificate request for your CA'
		'import-cert:take the certificate that the CA has issued'
	)
	if ((CURRENT == 2)); then
		_describe 'verb' verbs
		return
	fi
	case $words[2] in
	generate)
		_arguments '--token=[token label]:label' \
			'--algorithm=[key type]:algorithm:(rsa3072 rsa4096 p256 p384)' \
			'--module=[PKCS#11 module]:file:_files' \
			'--pin-file=[PIN]:file:_files' '--json' '--help' ;;
	list)
		_arguments '--module=[PKCS#11 module]:file:_files' '--json' \
			'--help' ;;
	show)
		_arguments '--json' '--no-login' '--pin-file=[PIN]:file:_files' \
			'--help' '*:key:_touchmark_names' ;;
	csr)
		_arguments '--subject=[subject]:/CN=..' '--email=[e-mail]:mail' \
			'*--eku=[usage]:usage:(codeSigning emailProtection)' \
			'(-o --output)'{-o,--output=}'[request]:file:_files' \
			'--pin-file=[PIN]:file:_files' '--help' \
			'*:key:_touchmark_names' ;;
	import-cert)
		_arguments '*--untrusted=[intermediates]:file:_files' \
			'--pin-file=[PIN]:file:_files' '--help' \
			'2:key:_touchmark_names' '3:certificate:_files' ;;
	esac
}

_touchmark() {
	local -a commands
	commands=(
		'cert:show or judge a certificate'
		'init:make a key in a token, ready to sign'
		'key:keys and certificates'
		'policy:look at a policy file'
		'sign:sign files'
		'verify:judge the signature of a file'
	)
	if ((CURRENT == 2)); then
		_describe 'command' commands
		_arguments '--help' '--version'
		return
	fi
	shift words
	((CURRENT--))
	case $words[1] in
	init)
		_arguments '--name=[key]:name' '--user=[Name <mail>]:user' \
			'--algorithm=[key type]:algorithm:(rsa3072 rsa4096 p256 p384)' \
			'--token=[token label]:label' \
			'--module=[PKCS#11 module]:file:_files' \
			'--pin-file=[PIN]:file:_files' \
			'--git=[configure git]:where:(local global)' '--help' ;;
	key) _touchmark_key ;;
	policy)
		_arguments '--repo=[repository]:directory:_files -/' '--help' \
			'2:verb:(check)' '*:file:_files' ;;
	cert)
		_arguments '--roots=[roots]:file:_files' \
			'--untrusted=[intermediates]:file:_files' \
			'*--crl=[CRL]:file:_files' '--at=[time]:time' \
			'--purpose=[purpose]:purpose:(codeSigning emailProtection timeStamping any)' \
			'*--policy=[policy OID]:OID' '--explicit_policy' \
			'--inhibit_map' '--inhibit_any' '--x509_strict' \
			'--json' '--help' \
			'2:verb:(show verify)' '*:file:_files' ;;
	sign)
		_arguments '(-k --key)'{-k+,--key=}'[key]:key:_touchmark_names' \
			'(-t --type)'{-t+,--type=}'[type]:type:(cms)' \
			'(-o --output)'{-o+,--output=}'[output]:file:_files' \
			'--no-timestamp' \
			'--timestamp=[when]:when:(require prefer never)' \
			'--pin-file=[PIN]:file:_files' '--json' '--help' \
			'*:file:_files' ;;
	verify)
		_arguments '--policy=[policy]:file:_files' \
			'*--roots=[roots]:file:_files' \
			'*--tsa-roots=[TSA roots]:file:_files' \
			'*--crl=[CRL]:file:_files' '--at=[time]:time' '--json' \
			'--help' '*:file:_files' ;;
	esac
}

_touchmark "$@"
