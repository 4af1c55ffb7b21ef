/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "sys/sev-ioctl.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

/*
 * linux/psp-sev.h, written out: the headers of the oldest system that we build on lack the SNP
 * commands. The structure is packed (16 bytes) and its size is part of the ioctl number.
 */
struct sev_command {
  guint32 cmd;
  guint64 data;
  guint32 error;
} __attribute__ ((packed));

#define SEV_ISSUE_CMD_NUMBER _IOWR ('S', 0, struct sev_command)
#define COMMAND_PLATFORM_STATUS 1
#define COMMAND_SNP_PLATFORM_STATUS 9
#define NO_FIRMWARE_CALL G_MAXUINT32

G_STATIC_ASSERT (sizeof (struct sev_command) == 16);
G_STATIC_ASSERT (SEV_ISSUE_CMD_NUMBER == 0xc0105300);

void
hostd_sev_ioctl_query (int sev_fd, HostdSevQuery query, HostdSevAnswer *ret_answer)
{
  struct sev_command command = {
    .cmd =
        query == HOSTD_SEV_PLATFORM_STATUS ? COMMAND_PLATFORM_STATUS : COMMAND_SNP_PLATFORM_STATUS,
    .data = (guint64) (guintptr) ret_answer->data,
    .error = NO_FIRMWARE_CALL,
  };

  memset (ret_answer, 0, sizeof *ret_answer);
  if (ioctl (sev_fd, SEV_ISSUE_CMD_NUMBER, &command) < 0)
    ret_answer->errnum = errno;
  ret_answer->firmware_error = command.error;
}
