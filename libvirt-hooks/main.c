/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cloister-hook: the gate's door in libvirt.
 *
 * libvirtd runs this program at every step of every guest's life and waits for it: it holds the
 * guest's lock, has no timeout of its own, and waits until our standard descriptors are closed.
 * What we exit with decides. At prepare, start, migrate and restore a failure keeps the guest
 * from starting; at started it kills the guest just started; at reconnect it kills a guest that
 * has been running for a year; at stopped and release nobody listens. So:
 *
 * - reconnect exits 0 as the first thing that happens, before a byte is read or a file opened.
 *   Nothing may be able to fail there.
 *
 * - Only prepare, start, migrate and, of what has launch security, restore are ever vetoed. At the
 *   others hostd is told, and the exit status is 0 whatever it says. An operation that we do not
 *   know passes: it may be another reconnect.
 *
 * - An ordinary guest never waits for hostd. We look at it with our own eyes first: does its XML
 *   hold the word launchSecurity, or that of our metadata, or what a flavor of Nova's asks for
 *   protection with; is there a file in the folder of bindings named by its UUID? If not, nobody is
 *   asked. The first three are byte searches that may find too much, which only costs a question.
 *   The UUID must be the right one, since it says where to look: scan.c walks the tags for it, and
 *   what it cannot read in one way only is not ordinary.
 *
 * - Everybody else is hostd's to judge: it has the policies, an XML parser and time. If it is dead,
 *   slow, answers with an error or with garbage, then a guest that is bound or asks for protection
 *   does not start. hostd is not there to make a guest start in clear.
 *
 * - There is one deadline for reading, connecting, sending and receiving together. Nothing is tried
 *   twice.
 *
 * - No heap: the XML has one static buffer, is judged in it, and is escaped to JSON while it is
 *   sent. No stdio, no children, no descriptor but 0, 1 and 2 kept or handed on; a child that
 *   inherited one would hang libvirtd. No environment: it is libvirtd's, and the paths below are
 *   constants, so that nobody can point us at another socket or an empty folder. No calls to
 *   libvirt: it waits for us. Nothing is ever printed to stdout, since libvirt takes XML from there
 *   at migrate and restore. A veto prints one line to stderr, which libvirt hands on.
 *
 * - One static file: under Kolla it is mounted into libvirt's container, whose libc is another.
 *
 * The same file is the daemon hook, told by the folder it is called in: daemon.d/50-cloister tells
 * hostd that libvirtd starts, reloads or stops, and exits 0.
 *
 * run.c has the course of it, look.c what we see ourselves, scan.c the UUID, ask.c the question,
 * escape.c its text, reply.c the answer, line.c the reason, deadline.c the clock.
 */
#include "config.h"

#include "ipc/wire.h"
#include "run.h"

int
main (int argc, char **argv)
{
  static const HookSetup setup = {
    .bindings_dir = CLOISTER_STATE_DIR "/bindings",
    .socket_path = CLOISTER_RUN_DIR "/" HOSTD_WIRE_HOOK_SOCKET,
    .deadline_ms = CLOISTER_HOOK_DEADLINE_MS,
  };

  return hook_run (&setup, argc, argv);
}
