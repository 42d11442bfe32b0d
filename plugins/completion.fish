# fish completion for touchmark

function __touchmark_names
	set -l file $TOUCHMARK_CONFIG
	if test -z "$file"
		set -l dir $XDG_CONFIG_HOME
		test -n "$dir"; or set dir $HOME/.config
		set file $dir/touchmark/config
	end
	git config --file $file --name-only --get-regexp '^touchmark\..*\.uri$' 2>/dev/null |
		string replace -r '^touchmark\.(.*)\.uri$' '$1' | sort -u
end

set -l commands cert init key policy sign verify
set -l verbs generate list show csr import-cert
set -l no "not __fish_seen_subcommand_from $commands"
set -l in_key "__fish_seen_subcommand_from key; and not __fish_seen_subcommand_from $verbs"

complete -c touchmark -f
complete -c touchmark -n $no -l help -d 'show help'
complete -c touchmark -n $no -l version -d 'show the version'
complete -c touchmark -n $no -a cert -d 'show or judge a certificate'
complete -c touchmark -n $no -a init -d 'make a key in a token, ready to sign'
complete -c touchmark -n $no -a key -d 'keys and certificates'
complete -c touchmark -n $no -a policy -d 'look at a policy file'
complete -c touchmark -n $no -a sign -d 'sign files'
complete -c touchmark -n $no -a verify -d 'judge the signature of a file'

complete -c touchmark -n $in_key -a generate -d 'make a key pair inside a token'
complete -c touchmark -n $in_key -a list -d 'the keys in the tokens'
complete -c touchmark -n $in_key -a show -d 'what the token says about a key'
complete -c touchmark -n $in_key -a csr -d 'a certificate request'
complete -c touchmark -n $in_key -a import-cert -d 'take the issued certificate'

set -l init '__fish_seen_subcommand_from init'
set -l generate '__fish_seen_subcommand_from generate'
complete -c touchmark -n $init -l name -x -d 'what the key is called'
complete -c touchmark -n $init -l user -x -d 'Name <mail>'
complete -c touchmark -n $init -l git -x -a 'local global' -d 'configure git'
for in in $init $generate
	complete -c touchmark -n $in -l token -x -d 'token label'
	complete -c touchmark -n $in -l algorithm -x -a 'rsa3072 rsa4096 p256 p384'
end
complete -c touchmark -n '__fish_seen_subcommand_from init generate list' -l module -r -F -d 'PKCS#11 module'
complete -c touchmark -n '__fish_seen_subcommand_from init generate show csr import-cert sign' -l pin-file -r -F -d 'read the PIN from here'
complete -c touchmark -n '__fish_seen_subcommand_from generate list show sign verify' -l json -d 'answer in JSON'
complete -c touchmark -n '__fish_seen_subcommand_from show csr import-cert' -a '(__touchmark_names)'
complete -c touchmark -n '__fish_seen_subcommand_from show' -l no-login -d 'without a PIN'
complete -c touchmark -n '__fish_seen_subcommand_from csr' -l subject -x -d '/CN=..'
complete -c touchmark -n '__fish_seen_subcommand_from csr' -l email -x
complete -c touchmark -n '__fish_seen_subcommand_from csr' -l eku -x -a 'codeSigning emailProtection'
complete -c touchmark -n '__fish_seen_subcommand_from csr' -s o -l output -r -F
complete -c touchmark -n '__fish_seen_subcommand_from import-cert' -F
complete -c touchmark -n '__fish_seen_subcommand_from import-cert' -l untrusted -r -F
complete -c touchmark -n '__fish_seen_subcommand_from sign' -s k -l key -x -a '(__touchmark_names)'
complete -c touchmark -n '__fish_seen_subcommand_from sign' -s t -l type -x -a cms
complete -c touchmark -n '__fish_seen_subcommand_from sign' -s o -l output -r -F
complete -c touchmark -n '__fish_seen_subcommand_from sign' -l no-timestamp
complete -c touchmark -n '__fish_seen_subcommand_from sign' -l timestamp -x -a 'require prefer never'
complete -c touchmark -n '__fish_seen_subcommand_from verify' -l policy -r -F
complete -c touchmark -n '__fish_seen_subcommand_from verify' -l roots -r -F
complete -c touchmark -n '__fish_seen_subcommand_from verify' -l tsa-roots -r -F
complete -c touchmark -n '__fish_seen_subcommand_from verify' -l crl -r -F
complete -c touchmark -n '__fish_seen_subcommand_from verify' -l at -x
complete -c touchmark -n '__fish_seen_subcommand_from sign verify policy cert' -F
complete -c touchmark -n '__fish_seen_subcommand_from policy' -a check
complete -c touchmark -n '__fish_seen_subcommand_from policy' -l repo -r -F
set -l cert '__fish_seen_subcommand_from cert'
complete -c touchmark -n $cert -a 'show verify'
for o in roots untrusted crl
	complete -c touchmark -n $cert -l $o -r -F
end
for o in explicit_policy inhibit_map inhibit_any x509_strict
	complete -c touchmark -n $cert -l $o
end
complete -c touchmark -n $cert -l purpose -x -a 'codeSigning emailProtection timeStamping any'
complete -c touchmark -n $cert -l at -x
complete -c touchmark -n $cert -l policy -x
complete -c touchmark -n $cert -l json
complete -c touchmark -n '__fish_seen_subcommand_from cert init key policy sign verify' -l help
