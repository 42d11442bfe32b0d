# bash completion for touchmark                            -*- shell-script -*-

_touchmark_names() {
	git config --file "${TOUCHMARK_CONFIG:-${XDG_CONFIG_HOME:-$HOME/.config}/touchmark/config}" \
		--name-only --get-regexp '^touchmark\..*\.uri$' 2>/dev/null |
		sed 's/^touchmark\.//; s/\.uri$//' | sort -u
}

_touchmark() {
	local cur prev cmd verb i words=''
	COMPREPLY=()
	cur=${COMP_WORDS[COMP_CWORD]}
	prev=${COMP_WORDS[COMP_CWORD - 1]}
	cmd='' verb=''
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-*) ;;
		*) if [ -z "$cmd" ]; then
			cmd=${COMP_WORDS[i]}
		elif [ -z "$verb" ]; then
			verb=${COMP_WORDS[i]}
		fi ;;
		esac
	done
	case $prev in
	--algorithm) words='rsa3072 rsa4096 p256 p384' ;;
	--git) words='local global' ;;
	--eku) words='codeSigning emailProtection' ;;
	-t | --type) words='cms' ;;
	--timestamp) words='require prefer never' ;;
	--purpose) words='codeSigning emailProtection timeStamping any' ;;
	-k | --key) words=$(_touchmark_names) ;;
	--module | --pin-file | --untrusted | --repo | --policy | --roots | \
		--tsa-roots | --crl | -o | --output)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return ;;
	--name | --user | --token | --subject | --email | --at) return ;;
	esac
	if [ -z "$words" ]; then
		case $cmd in
		'') words='cert init key policy sign verify --help --version' ;;
		init) words='--name --user --algorithm --token --module --pin-file --git --help' ;;
		key)
			case $verb in
			'') words='generate list show csr import-cert --help' ;;
			generate) words='--token --algorithm --module --pin-file --json --help' ;;
			list) words='--module --json --help' ;;
			show) words="--json --no-login --pin-file --help $(_touchmark_names)" ;;
			csr) words="--subject --email --eku --output --pin-file --help $(_touchmark_names)" ;;
			import-cert) words="--untrusted --pin-file --help $(_touchmark_names)" ;;
			esac ;;
		policy)
			case $verb in
			'') words='check --help' ;;
			*) words='--repo --help' ;;
			esac ;;
		cert)
			case $verb in
			'') words='show verify --help' ;;
			show) words='--json --help' ;;
			verify) words='--roots --untrusted --crl --at --purpose --policy --explicit_policy --inhibit_map --inhibit_any --x509_strict --json --help' ;;
			esac ;;
		sign) words='--key --type --output --no-timestamp --timestamp --pin-file --json --help' ;;
		verify) words='--policy --roots --tsa-roots --crl --at --json --help' ;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
	case $cmd in
	sign | verify) ;;
	cert | policy) [ -n "$verb" ] || return ;;
	key) [ "$verb" = import-cert ] || return ;;
	*) return ;;
	esac
	[[ $cur == -* ]] ||
		mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$cur")
}

complete -o filenames -F _touchmark touchmark
