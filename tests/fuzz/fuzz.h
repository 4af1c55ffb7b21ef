/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* One target a program: libFuzzer's entry (-Dfuzzer=true, clang), or that of run-files.c. */
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
