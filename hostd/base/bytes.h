/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Numbers in what firmware and services hand over, byte by byte: they lie at any address, and in an
 * order that need not be this machine's.
 */

static inline guint
hostd_get_le16 (const guint8 *p)
{
  return p[0] | p[1] << 8;
}

static inline guint32
hostd_get_le32 (const guint8 *p)
{
  return p[0] | p[1] << 8 | p[2] << 16 | (guint32) p[3] << 24;
}

static inline guint64
hostd_get_le64 (const guint8 *p)
{
  return hostd_get_le32 (p) | (guint64) hostd_get_le32 (p + 4) << 32;
}

static inline guint32
hostd_get_be32 (const guint8 *p)
{
  return (guint32) p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static inline guint64
hostd_get_be64 (const guint8 *p)
{
  return (guint64) hostd_get_be32 (p) << 32 | hostd_get_be32 (p + 4);
}

G_END_DECLS
