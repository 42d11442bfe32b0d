#!/bin/sh
# The user's road over SoftHSM2, which lacks nothing.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=token-lib.sh
. "${0%/*}/token-lib.sh"
need softhsm2-util

softhsm_new tmk-softhsm
token_suite "$MODULE" tmk-softhsm
done_testing
