/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What both ends of our sockets agree on, as constants. Nothing but the preprocessor: the libvirt
 * hook, a static program without GLib, includes this file too.
 *
 * The protocol is Varlink (https://varlink.org): one JSON object, then a NUL, on a unix stream.
 *
 *   {"method":"io.cloister.Hook.Event","parameters":{...}}\0      client
 *   {"parameters":{...}}\0                                        server, when it was done
 *   {"error":"io.cloister.Error.Busy","parameters":{...}}\0       server, when it was not
 *
 * The server writes compact JSON: no white space outside strings, and a call's "parameters" or
 * "error" is the first member. In strings it escapes at least what JSON demands.
 */

/* ---- sockets, below the run folder (/run/cloister); one folder each, so that a container can be
 * given one of them and not the others ---- */

#define HOSTD_WIRE_COMPUTE_SOCKET "compute/compute.sock"
#define HOSTD_WIRE_HOOK_SOCKET "hook/hook.sock"
#define HOSTD_WIRE_ADMIN_SOCKET "admin/admin.sock"

/* ---- limits ---- */

/* Bytes of one message without its NUL. libvirt's own limit for an XML string is 4 MiB
 * (REMOTE_STRING_MAX), which JSON escaping makes longer. */
#define HOSTD_WIRE_MAX_MESSAGE (8 * 1024 * 1024)
/* Levels of brackets in one message. */
#define HOSTD_WIRE_MAX_DEPTH 16
/* Bytes of a reply to Hook.Event, whatever was decided, its NUL included. */
#define HOSTD_WIRE_MAX_VERDICT (16 * 1024)

/* ---- interfaces and their methods ---- */

#define HOSTD_WIRE_SERVICE "org.varlink.service"
#define HOSTD_WIRE_LAUNCH "io.cloister.Launch"
#define HOSTD_WIRE_HOOK "io.cloister.Hook"
#define HOSTD_WIRE_ADMIN "io.cloister.Admin"
#define HOSTD_WIRE_ERROR "io.cloister.Error"

#define HOSTD_WIRE_LAUNCH_REWRITE HOSTD_WIRE_LAUNCH ".Rewrite"
#define HOSTD_WIRE_LAUNCH_VERIFY HOSTD_WIRE_LAUNCH ".Verify"
#define HOSTD_WIRE_LAUNCH_FORGET HOSTD_WIRE_LAUNCH ".Forget"
#define HOSTD_WIRE_LAUNCH_CAPABILITIES HOSTD_WIRE_LAUNCH ".Capabilities"

#define HOSTD_WIRE_HOOK_EVENT HOSTD_WIRE_HOOK ".Event"

#define HOSTD_WIRE_ADMIN_STATUS HOSTD_WIRE_ADMIN ".Status"
#define HOSTD_WIRE_ADMIN_POLICIES HOSTD_WIRE_ADMIN ".Policies"
#define HOSTD_WIRE_ADMIN_POLICY HOSTD_WIRE_ADMIN ".Policy"
#define HOSTD_WIRE_ADMIN_CHECK_POLICY HOSTD_WIRE_ADMIN ".CheckPolicy"
#define HOSTD_WIRE_ADMIN_DOMAINS HOSTD_WIRE_ADMIN ".Domains"
#define HOSTD_WIRE_ADMIN_DOCTOR HOSTD_WIRE_ADMIN ".Doctor"
#define HOSTD_WIRE_ADMIN_AUDIT HOSTD_WIRE_ADMIN ".Audit"
#define HOSTD_WIRE_ADMIN_MONITOR HOSTD_WIRE_ADMIN ".Monitor"
#define HOSTD_WIRE_ADMIN_RELOAD HOSTD_WIRE_ADMIN ".Reload"

/* ---- parameters of Hook.Event: the hook's argv[1] to argv[4], its stdin, and the bindings folder
 * as the hook sees it ---- */

#define HOSTD_WIRE_EVENT_OBJECT "object"
#define HOSTD_WIRE_EVENT_OPERATION "operation"
#define HOSTD_WIRE_EVENT_SUB_OPERATION "sub_operation"
#define HOSTD_WIRE_EVENT_EXTRA "extra"
#define HOSTD_WIRE_EVENT_XML "xml"
/* An object of two integers; left out where the hook sees no such folder. JSON integers are signed
 * here: st_dev and st_ino are sent as (long long) casts of themselves, and cast back. */
#define HOSTD_WIRE_EVENT_BINDINGS "bindings"
#define HOSTD_WIRE_EVENT_DEVICE "device"
#define HOSTD_WIRE_EVENT_INODE "inode"

/* ---- the reply to Hook.Event, byte for byte:
 *   {"parameters":{"verdict":"allow"}}\0
 *   {"parameters":{"verdict":"veto","reason":"one line, JSON-escaped"}}\0
 * The verdict always comes first, so that the hook needs no JSON parser for it. Anything else, an
 * error too, is no verdict: the hook decides as if hostd were not there. ---- */

#define HOSTD_WIRE_VERDICT "verdict"
#define HOSTD_WIRE_REASON "reason"
#define HOSTD_WIRE_VERDICT_ALLOW "allow"
#define HOSTD_WIRE_VERDICT_VETO "veto"
#define HOSTD_WIRE_REPLY_ALLOW "{\"parameters\":{\"verdict\":\"allow\"}}"
#define HOSTD_WIRE_REPLY_VETO "{\"parameters\":{\"verdict\":\"veto\""

/* ---- errors: a name of ours is HOSTD_WIRE_ERROR "." and a word (ipc/error-names.h has the table);
 * their parameters are {"message": "one line"} ---- */

#define HOSTD_WIRE_MESSAGE "message"

#define HOSTD_WIRE_INTERFACE_NOT_FOUND HOSTD_WIRE_SERVICE ".InterfaceNotFound"
#define HOSTD_WIRE_METHOD_NOT_FOUND HOSTD_WIRE_SERVICE ".MethodNotFound"
#define HOSTD_WIRE_METHOD_NOT_IMPLEMENTED HOSTD_WIRE_SERVICE ".MethodNotImplemented"
#define HOSTD_WIRE_INVALID_PARAMETER HOSTD_WIRE_SERVICE ".InvalidParameter"
#define HOSTD_WIRE_PERMISSION_DENIED HOSTD_WIRE_SERVICE ".PermissionDenied"
#define HOSTD_WIRE_EXPECTED_MORE HOSTD_WIRE_SERVICE ".ExpectedMore"
