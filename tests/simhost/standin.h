/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The stand-in's three parts; standin.c says what it is. libc only: it runs in any root. */

typedef enum { GUEST_PLAIN, GUEST_SEV, GUEST_SNP, GUEST_TDX } GuestKind;

typedef struct {
  GuestKind kind;
  bool tcg; /* libvirt itself asked for emulation */
  bool flash, smm;
  bool unsplit; /* kernel_irqchip given, and not as split: QEMU's own choice would be split */
  unsigned long policy;
  int cbitpos;      /* -1: not given */
  const char *bios; /* NULL: none */
} Guest;

/* ---- refusals.c ---- */

/* NULL, or what real QEMU would print before it exits with 1. */
const char *guest_refusal (const Guest *guest);
/* Whether this QEMU ends where a newer one resets: sealed registers cannot be set again. */
bool guest_ends_at_reset (const Guest *guest);
/* Seconds that a launch takes before anything of it is seen. */
unsigned launch_delay (void);
bool host_has_sev (void);
/* The first line of /etc/simhost/NAME, or NULL. */
const char *said (const char *name);

/* ---- relay.c ---- */

/*
 * Serves libvirt on @listener in a process of its own until its client, or @pid, is gone. @guest is
 * NULL at the probe. Returns the socket that the real QEMU shall listen on.
 */
int relay_start (int listener, const Guest *guest, int pid);

/* ---- answers.c ---- */

/*
 * What only hardware, or a QEMU that has the guest object, can answer. Returns true with @reply set
 * to the JSON of a whole reply (without the id), or false: let QEMU answer.
 */
bool answer_for (const char *command, const Guest *guest, bool *continued, char *reply,
                 size_t size);
