/*
 * text_byte.h - the bytes that have no place in a text that is signed.
 *
 * Control bytes make a terminal show something else than the text, and line
 * ends that only some readers know make it fall into other lines. Line feeds,
 * carriage returns and tabs are for the caller to judge. Nothing fails here.
 */
#ifndef TMK_FORMATS_TEXT_BYTE_H
#define TMK_FORMATS_TEXT_BYTE_H

#include <stddef.h>
#include <stdint.h>

/*
 * What is wrong with the character at `at`, of which `left` bytes are there
 * (at least one): "a NUL byte", "a control byte" (C0 but TAB, LF and CR; DEL;
 * C1 in UTF-8), "a line end that only some readers know" (U+2028, U+2029 in
 * UTF-8); NULL when nothing is. Text in other encodings is let pass.
 */
const char *tmk_text_byte_bad(const uint8_t *at, size_t left);

#endif
