/*
 * report_home.h - is a token a program?
 *
 * By what it calls itself: a token that is none of the programs known here
 * need not be hardware, and nobody claims it. Pure.
 */
#ifndef TMK_PLUGINS_REPORT_HOME_H
#define TMK_PLUGINS_REPORT_HOME_H

#include <stdbool.h>

#include "iface/store.h"

/* Whether manufacturer or model are those of a token that keeps its keys in
 * files: whoever reads them has the keys. */
bool tmk_report_is_program(const struct tmk_key_info *info);

#endif
