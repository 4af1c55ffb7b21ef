/* SPDX-License-Identifier: Apache-2.0 */
/* What any process costs, linked as the hook is: the measure of bench-hook.py. */

int
main (void)
{
  return 0;
}
