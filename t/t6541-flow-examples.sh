#!/bin/sh
# The files in examples/ do what they say: every step of the jobs is run in its
# order, with another gh, rpmbuild and sbuild take their configuration.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=flow-lib.sh
. "${0%/*}/flow-lib.sh"
need softhsm2-util gpg gpgv git xz ssh-keygen dpkg-buildpackage dscverify \
	rpmbuild rpmsign rpmkeys perl /usr/bin/python3

E=$TOP/examples
flow_key release
is "$(cd "$E" && echo ./*)" \
	'./github-release.yml ./gitlab-release.yml ./rpmmacros ./sbuildrc' \
	'every example is looked at'

# ---- jobs -------------------------------------------------------------------
# steps YAML JOB KEY...: the shell text of a job, one file each; what the
# server puts in for ${{ }} is put in.
steps() {
	/usr/bin/python3 - "$T" "$@" <<-'END' || exit 1
	import sys, yaml
	to, path, job = sys.argv[1:4]
	job = yaml.safe_load(open(path))
	for key in sys.argv[3].split('/'):
	    job = job[key]
	texts = [s['run'] for s in job.get('steps', []) if 'run' in s]
	for key in sys.argv[4:]:
	    if key in job:
	        texts.append('\n'.join(job[key]))
	for n, text in enumerate(texts, 1):
	    with open('%s/step.%d' % (to, n), 'w') as f:
	        f.write(text + '\n')
	END
}
step() {	# N WHAT
	ok "$2" sh -e "$T/step.$1"
}

mkdir "$T/fake" "$T/tmp"
# shellcheck disable=SC2016 # it is for another shell
printf '#!/bin/sh\necho "$GH_TOKEN $*" >%s/gh.said\n' "$T" >"$T/fake/gh"
chmod +x "$T/fake/gh"
PATH=$T/fake:$PATH
git init -q -b main "$T/project"
cd "$T/project" || exit 1
echo hello >README
git add README
git commit -q -m one
git tag v1.0
steps "$E/github-release.yml" jobs/sign
is "$(find "$T" -name 'step.*' | wc -l)" 6 'six steps on GitHub'
TOUCHMARK_PIN_FILE=$T/tmp/pin
export TOUCHMARK_PIN_FILE GITHUB_REF_NAME=v1.0 TOKEN_PIN=test-PIN GH_TOKEN=tok
step 1 'build'
step 2 'hand over the PIN'
is "$(stat -c %a "$TOUCHMARK_PIN_FILE")" 600 'for nobody else'
step 3 'sign'
step 4 'look at it'
ok 'gpgv does' gpgv --keyring "$T/release.gpg" dist/demo-1.0.tar.xz.asc \
	dist/demo-1.0.tar.xz
step 5 'forget the PIN'
ok 'it is gone' test ! -e "$TOUCHMARK_PIN_FILE"
step 6 'publish'
has_said=$(cat "$T/gh.said")
is "$has_said" 'tok release create --verify-tag --generate-notes v1.0 dist/demo-1.0.tar.xz dist/demo-1.0.tar.xz.asc dist/demo-1.0.tar.xz.sig' \
	'what is published'

rm -f "$T"/step.*
unset TOUCHMARK_PIN_FILE
mkdir "$T/ci"
upload "$T/ci/dist"
cd "$T/ci" || exit 1
export CI_PROJECT_DIR="$T/ci" TOKEN_PIN="$T/given"
echo test-PIN >"$TOKEN_PIN"
steps "$E/gitlab-release.yml" sign before_script script after_script
is "$(find "$T" -name 'step.*' | wc -l)" 3 'three parts on GitLab'
cat "$T/step.1" "$T/step.2" >"$T/step.4"
step 4 'sign'
ok 'dscverify takes it' dscverify --keyring "$T/release.gpg" \
	dist/demo_1.0_*.changes
step 3 'forget the PIN'
ok 'it is gone' test ! -e "$T/ci.pin"
rm -f "$T"/step.*
steps "$E/gitlab-release.yml" build script
ok 'what builds is shell' sh -n "$T/step.1"

# ---- hosts ------------------------------------------------------------------
export TOUCHMARK_PIN_FILE="$PINFILE"
cd "$T" || exit 1
sed "s|/usr/bin/|$BIN/|" "$E/rpmmacros" >"$HOME/.rpmmacros"
printf '%s\n' 'Name: demo' 'Version: 1.0' 'Release: 1' 'Summary: x' \
	'License: MIT' 'BuildArch: noarch' '%description' x '%files' >demo.spec
ok 'rpmbuild builds' rpmbuild -bb --define "_topdir $T/top" \
	--define '_build_name_fmt %%{NAME}.rpm' --define "_rpmdir $T" demo.spec
ok 'by this packager' sh -c 'rpm -qp --qf "%{PACKAGER}\n" demo.rpm |
	grep -qx "Release Team <release@example.org>"'
ok 'rpmsign signs' rpmsign --addsign demo.rpm
mkdir rpmdb
rpmkeys --dbpath "$T/rpmdb" --import release.asc
ok 'rpmkeys takes it' rpmkeys --dbpath "$T/rpmdb" --checksig -v demo.rpm
has 'Signature, key ID .*: OK' 'for its signature'

upload "$T/build"
# What sbuild does with it: the words, with the path put in.
# shellcheck disable=SC2016 # it is for perl
ok 'sbuild has something to run' perl -we '
	use strict;
	our $external_commands;
	do $ARGV[0] or die "no configuration";
	for my $c (@{$external_commands->{"post-build-commands"}}) {
		my @words = map { s/%SBUILD_CHANGES/$ARGV[1]/r } @$c;
		system(@words) == 0 or exit 1;
	}' "$E/sbuildrc" "$(echo "$T"/build/*.changes)"
has 'in .*\.changes$' 'which signs'
ok 'dscverify takes it' dscverify --keyring "$T/release.gpg" \
	"$T"/build/*.changes
done_testing
