# SPDX-License-Identifier: Apache-2.0
"""Validators for ``cc`` namespaced extra specs: with them nova-api refuses a misspelled word.

For the API host, which needs nothing else of Cloister: Nova finds this through the entry point
nova.api.extra_spec_validators. Where it is not installed, Nova takes whatever stands after cc:,
and it is the compute host that refuses it (nova/virt/cloister/request.py).
"""

from nova.api.validation.extra_specs import base

# Repeated from request.py, which is not on each API host; a test holds them together.
POLICY = r'[a-z0-9][a-z0-9-]{0,62}'
TECHNOLOGIES = ['sev', 'sev-es', 'sev-snp', 'tdx']

EXTRA_SPEC_VALIDATORS = [
    base.ExtraSpecValidator(
        name='cc:policy',
        description='The launch policy that the guest has to be launched under.',
        value={
            'type': str,
            'description': 'The name of a policy of cloister-hostd on the compute hosts.',
            'pattern': POLICY,
        },
    ),
    base.ExtraSpecValidator(
        name='cc:technology',
        description='The technology that protects the guest, where the policy leaves a choice.',
        value={
            'type': str,
            'description': 'Its name, as libvirt has it.',
            'enum': TECHNOLOGIES,
        },
    ),
    base.ExtraSpecValidator(
        name='cc:required',
        description='Whether the guest has to be protected; without cc:policy by any policy.',
        value={
            'type': bool,
            'description': 'True asks for protection; false refuses an image that asks for it.',
        },
    ),
]


def register():
    return EXTRA_SPEC_VALIDATORS
