# SPDX-License-Identifier: Apache-2.0
"""What a flavor, an image and an instance's metadata ask of a launch, as one request.

Pure functions of dictionaries: Nova is not imported, so that the API's validators, the tests and a
person with a Python prompt can all use them. Whoever calls turns RequestRefused into the fault
that Nova's users know (FlavorImageConflict).

Whatever cannot be understood is refused by name and never skipped: a misspelled word that is
ignored is a guest that boots in clear. doc/nova-requests.md has the table of who may set what.
"""

import difflib
import re
import typing as ty

# Nova's models (nova.objects.fields.MemEncryptionModel) in libvirt's words.
TECHNOLOGY_OF_MODEL = {
    'amd-sev': 'sev',
    'amd-sev-es': 'sev-es',
    'amd-sev-snp': 'sev-snp',
    'intel-tdx': 'tdx',
}
# Those that there are templates for (templates/technologies), held to it by a test.
TECHNOLOGIES = ('sev', 'sev-es', 'sev-snp', 'tdx')

# What Nova takes where neither flavor nor image names a model, in every release.
DEFAULT_MODEL = 'amd-sev'
# The policy of a request that names none.
ANY = 'any'

WORDS = ('policy', 'technology', 'required')
NOVA_WORDS = ('mem_encryption', 'mem_encryption_model')

# As templates/schema/template.rng has it.
POLICY = r'[a-z0-9][a-z0-9-]{0,62}'

# Launch data that fits a server's metadata, whose values have 255 characters at most. The rest
# needs a channel of its own and is refused by name here; an idBlock is nothing without its idAuth.
DATA_WORDS = ('hostData', 'mrConfigId', 'mrOwner', 'mrOwnerConfig')
LARGE_DATA_WORDS = ('idBlock', 'idAuth', 'dhCert', 'session', 'initdata')

# What oslo.utils' bool_from_string reads in strict mode. In Nova's own lax mode all else is false.
_TRUE = ('1', 't', 'true', 'on', 'y', 'yes')
_FALSE = ('0', 'f', 'false', 'off', 'n', 'no')


class RequestRefused(ValueError):
    """What was asked cannot be launched; `word` is the extra spec, property or key meant."""

    def __init__(self, word: str, text: str):
        super().__init__(text)
        self.word = word


class RequestInvalid(RequestRefused):
    """A word that does not exist, or a value that it cannot have."""


class RequestConflict(RequestRefused):
    """Two words that contradict each other."""


class Request(ty.NamedTuple):
    """What hostd's Rewrite and Verify are told.

    `required` is true of every request: to wish for protection without insisting on it is not
    offered, it would be a guest that boots in clear. `source` names the words that asked, for
    messages.
    """

    policy: str
    technology: ty.Optional[str]
    required: bool
    data: ty.Dict[str, str]
    source: ty.Tuple[str, ...]


class _Asked(ty.NamedTuple):
    """One side's words: name of the word (as the user wrote it) and value, None where not set."""

    where: str
    policy: ty.Optional[str]
    technology: ty.Optional[str]
    required: ty.Optional[bool]
    nova: ty.Optional[bool]
    model: ty.Optional[str]
    words: ty.Dict[str, str]

    def wants(self) -> bool:
        """Do our own words ask?"""
        return bool(self.policy or self.technology or self.required)


def _read_boolean(where: str, word: str, value: ty.Any) -> bool:
    """Strictly: what is neither true nor false is an error, not a no."""
    text = str(value).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise RequestInvalid(word, f'{where}: {word}: {show(value)} is neither true nor false')


def show(value: ty.Any) -> str:
    """A value for a message: quoted, printable, short."""
    text = str(value)
    return ascii(text if len(text) <= 64 else text[:64] + '...')


def _hint(key: str, known: ty.Sequence[str]) -> str:
    near = difflib.get_close_matches(key.lower(), known, 1)
    return f', perhaps {near[0]} is meant' if near else f'; there are {", ".join(known)}'


def _check_names(where: str, given: ty.Mapping[str, ty.Any], prefix: str) -> None:
    """Refuses what looks like a word of ours and is none."""
    known = [prefix + word for word in WORDS]
    for key in given:
        if re.match(r'cc[:_]', str(key), re.IGNORECASE) and key not in known:
            raise RequestInvalid(key, f'{where}: there is no {show(key)}{_hint(key, known)}')


def _read(where: str, given: ty.Mapping[str, ty.Any], prefix: str, nova_prefix: str) -> _Asked:
    """The words of a flavor or an image, each checked by itself."""
    _check_names(where, given, prefix)
    words = {word: prefix + word for word in WORDS}
    words.update({word: nova_prefix + word for word in NOVA_WORDS})
    value = {word: given.get(key) for word, key in words.items()}
    policy, technology = value['policy'], value['technology']
    if policy is not None and not re.fullmatch(POLICY, str(policy)):
        raise RequestInvalid(words['policy'], f'{where}: {words["policy"]}: {show(policy)} cannot '
                             'be the name of a policy')
    if technology is not None and technology not in TECHNOLOGIES:
        named = TECHNOLOGY_OF_MODEL.get(technology)
        hint = f', it is called {named} here' if named else f' of {", ".join(TECHNOLOGIES)}'
        raise RequestInvalid(words['technology'], f'{where}: {words["technology"]}: '
                             f'{show(technology)} is none{hint}')
    required, nova = (
        None if value[word] is None else _read_boolean(where, words[word], value[word])
        for word in ('required', 'mem_encryption'))
    return _Asked(where, policy, technology, required, nova, value['mem_encryption_model'],
                  {word: f'{where} {key}' for word, key in words.items()})


def _check_self(asked: _Asked) -> None:
    """A side that contradicts itself. False beside a policy would read as a wish only."""
    for word, said in (('required', asked.required), ('mem_encryption', asked.nova)):
        if said is not False:
            continue
        for other, value in (('policy', asked.policy), ('technology', asked.technology),
                             ('required', asked.required), ('mem_encryption', asked.nova)):
            if value:
                raise RequestConflict(asked.words[word], f'{asked.words[word]} is false, but '
                                      f'{asked.words[other]} asks for protection')


def _check_no(flavor: _Asked, image: _Asked) -> None:
    """An explicit no of one side against a yes of the other, as Nova refuses it."""
    for no, yes in ((flavor, image), (image, flavor)):
        for word, said in (('required', no.required), ('mem_encryption', no.nova)):
            if said is False and (yes.wants() or yes.nova):
                asker = next(w for w in ('policy', 'technology', 'required', 'mem_encryption')
                             if getattr(yes, 'nova' if w == 'mem_encryption' else w))
                raise RequestConflict(no.words[word], f'{no.words[word]} is false, but '
                                      f'{yes.words[asker]} asks for protection')


def _model(flavor: _Asked, image: _Asked, models: ty.Collection[str],
           warn: ty.Callable[[str], None]) -> ty.Optional[str]:
    """The model that Nova takes, None where nobody asked with Nova's words."""
    if not flavor.nova and not image.nova:
        for asked in (flavor, image):
            if asked.model is not None:
                warn(f'{asked.words["mem_encryption_model"]} has no effect where neither '
                     'hw:mem_encryption nor hw_mem_encryption is true')
        return None
    for asked in (flavor, image):
        if asked.model is not None and asked.model not in models:
            word = asked.words['mem_encryption_model']
            named = TECHNOLOGY_OF_MODEL.get(asked.model)
            cure = f'; ask with cc:technology={named} instead' if named else ''
            raise RequestInvalid(word, f'{word}: this Nova does not know the model '
                                 f'{show(asked.model)}{cure}')
    if flavor.model and image.model and flavor.model != image.model:
        raise RequestConflict(image.words['mem_encryption_model'],
                              f'{flavor.words["mem_encryption_model"]} is {flavor.model}, but '
                              f'{image.words["mem_encryption_model"]} is {image.model}')
    model = flavor.model or image.model or DEFAULT_MODEL
    if model not in TECHNOLOGY_OF_MODEL:
        raise RequestInvalid('hw:mem_encryption_model', 'hw:mem_encryption_model: there is no '
                             f'technology here for Nova\'s model {show(model)}')
    return model


def _one(flavor: _Asked, image: _Asked, word: str, loosest: ty.Optional[str]) -> ty.Optional[str]:
    """The value that both agree to: an image narrows the loosest one, and never widens."""
    wide, narrow = getattr(flavor, word), getattr(image, word)
    if wide in (None, loosest):
        return narrow or wide
    if narrow in (None, loosest, wide):
        return wide
    raise RequestConflict(image.words[word], f'{flavor.words[word]} is {wide}, but '
                          f'{image.words[word]} is {narrow}')


def _technology(flavor: _Asked, image: _Asked, model: ty.Optional[str]) -> ty.Optional[str]:
    technology = _one(flavor, image, 'technology', None)
    if model is None:
        return technology
    named = TECHNOLOGY_OF_MODEL[model]
    if technology not in (None, named):
        word = (flavor if flavor.technology else image).words['technology']
        raise RequestConflict(word, f'{word} is {technology}, but Nova\'s own words ask for '
                              f'{model}, and that is what it has accounted for')
    return named


def data_of(metadata: ty.Mapping[str, str]) -> ty.Dict[str, str]:
    """Launch data in a server's metadata: cc:hostData and its like. Values are kept as given.

    hostd knows what each must be by technology (length, base64) and refuses by name what is not.
    """
    data = {}
    for key, value in metadata.items():
        if not re.match(r'cc[:_]', str(key), re.IGNORECASE):
            continue
        word = key[3:]
        if key[:3] == 'cc:' and word in LARGE_DATA_WORDS:
            raise RequestInvalid(key, f'metadata {key}: it does not fit here, and there is no '
                                 'other way to give it yet')
        if key[:3] != 'cc:' or word not in DATA_WORDS:
            known = ['cc:' + word for word in DATA_WORDS]
            raise RequestInvalid(key, f'metadata: there is no {show(key)}{_hint(key, known)}')
        if not re.fullmatch(r'[A-Za-z0-9+/]+={0,2}', str(value)):
            raise RequestInvalid(key, f'metadata {key}: {show(value)} is not base64')
        data[word] = value
    return data


def _check_idle(metadata: ty.Mapping[str, str]) -> None:
    """Launch data of a server that nobody asked to protect: its owner believes that it is."""
    for key in metadata:
        if key[:3] == 'cc:' and key[3:] in DATA_WORDS + LARGE_DATA_WORDS:
            raise RequestConflict(key, f'metadata {key}: neither flavor nor image asks for '
                                  'protection')


def request_of(extra_specs: ty.Mapping[str, ty.Any], image_properties: ty.Mapping[str, ty.Any],
               models: ty.Collection[str] = (DEFAULT_MODEL,),
               metadata: ty.Optional[ty.Mapping[str, str]] = None,
               warn: ty.Callable[[str], None] = lambda text: None) -> ty.Optional[Request]:
    """The request of an instance, or None where nobody asked.

    `extra_specs` are the flavor's; `image_properties` the image's as strings (those of
    instance.system_metadata without their prefix 'image_': ImageMeta drops what Nova does not
    know); `models` those that the running Nova knows, its default alone up to 31; `metadata` the
    server's, as it was when the instance was first spawned. `warn` is told, in one line each, of
    words that have no effect. Raises RequestRefused.
    """
    flavor = _read('flavor', extra_specs, 'cc:', 'hw:')
    image = _read('image', image_properties, 'cc_', 'hw_')
    for asked in (flavor, image):
        _check_self(asked)
    _check_no(flavor, image)
    model = _model(flavor, image, models, warn)
    if image.wants() and not flavor.wants() and model is None:
        word = next(w for w in WORDS if getattr(image, w))
        raise RequestConflict(image.words[word], f'{image.words[word]}: an image may only narrow '
                              'what its flavor asks for, and this flavor asks for no protection: '
                              'the scheduler would not look for a host that has it')
    if not flavor.wants() and model is None:
        _check_idle(metadata or {})
        return None
    return Request(policy=_one(flavor, image, 'policy', ANY) or ANY,
                   technology=_technology(flavor, image, model), required=True,
                   data=data_of(metadata or {}),
                   source=tuple(asked.words[word] for asked in (flavor, image)
                                for word, field in (*((w, w) for w in WORDS),
                                                    ('mem_encryption', 'nova'))
                                if getattr(asked, field)))
