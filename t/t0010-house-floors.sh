#!/bin/sh
# The floors of the house: who may include whom, every header on its own, no
# circle. docs/ARCHITECTURE.md has the drawing.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=house.sh
. "${0%/*}/house.sh"
need tsort pkg-config cc


house_floor_faults "$TOP" >"$T/out" 2>&1
[ ! -s "$T/out" ]
tap $? 'no include breaks the floors'

house_cycle_faults "$TOP" >"$T/out" 2>&1
[ ! -s "$T/out" ]
tap $? 'no header includes itself in a circle'

n=$(house_includes "$TOP" | wc -l)
[ "$n" -gt 100 ]
tap $? "the includes were read ($n of them)"

# Each header alone, twice (its guard), as a program of its own.
flags=$(pkg-config --cflags openssl p11-kit-1 libp11 libgit2 libcurl \
	libarchive)
: >"$T/all"
for h in $(house_sources "$TOP" | grep '\.h$'); do
	printf '#include "%s"\n#include "%s"\nextern int unused;\n' \
		"${h#common/}" "${h#common/}" >"$T/alone.c"
	# The flags are a list on purpose.
	# shellcheck disable=SC2086
	${CC:-cc} -std=gnu11 -D_GNU_SOURCE -DTMK_VERSION='"0"' \
		-I"$TOP/common" -I"$TOP" $flags \
		-Wall -Wextra -Wstrict-prototypes -Werror -fsyntax-only \
		"$T/alone.c" >"$T/cc" 2>&1 || {
		echo "$h does not compile alone" >>"$T/all"
		head -3 "$T/cc" >>"$T/all"
	}
done
cp "$T/all" "$T/out"
[ ! -s "$T/out" ]
tap $? 'every header compiles alone'

# The test itself: planted faults must be seen.
mkdir -p "$T/tree"
(cd "$TOP" && tar cf - common formats hooks plugins) | (cd "$T/tree" && tar xf -)
plant() {	# FILE INCLUDE PATTERN
	mkdir -p "$T/tree/${1%/*}"
	printf '%s\n' "$2" >"$T/tree/$1"
	house_floor_faults "$T/tree" >"$T/out"
	has "^$1: $3" "seen: $1 with $2"
	rm "$T/tree/$1"
}
for d in common/key formats; do
	mkdir -p "$T/tree/$d"
	echo >"$T/tree/$d/planted.h"
done
plant common/base/planted.c '#include "iface/seal.h"' 'base may not'
plant common/core/planted.c '#include "formats/planted.h"' 'core may not'
plant common/seal/planted.c '#include "core/judge.h"' 'seal may not'
plant common/net/planted.c '#include "key/planted.h"' 'net may not'
plant hooks/planted.c '#include "iface/nothing.h"' '"iface/nothing.h" is not'
plant hooks/planted.c '#include <curl/curl.h>' '<curl.curl.h> is not for hooks'
plant hooks/planted.c '#include <seccomp.h>' '<seccomp.h> is not for hooks'
plant formats/planted.c '#include <archive.h>' '<archive.h> is not for formats'
plant common/cage/planted.c '#include "iface/seal.h"' 'cage may not'
plant common/base/planted.c '#include <openssl/evp.h>' '<openssl/evp.h> is not'
plant plugins/planted.c '#include <base/err.h>' '<base/err.h> is ours'
echo '#include "base/planted_b.h"' >"$T/tree/common/base/planted_a.h"
echo '#include "base/planted_a.h"' >"$T/tree/common/base/planted_b.h"
house_cycle_faults "$T/tree" >"$T/out" 2>&1
has 'planted_a.h' 'seen: two headers that include each other'

done_testing
