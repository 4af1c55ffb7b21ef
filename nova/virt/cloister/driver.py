# SPDX-License-Identifier: Apache-2.0
"""LibvirtDriver for confidential guests: cloister-hostd rewrites and verifies what Nova defines.

An instance that asks for nothing takes Nova's own way, and hostd never hears of it. One that asks
is launched as hostd's policy says or not at all. A server keeps the protection it was created with:
it is written down in its system_metadata, and a resize or rebuild into another is refused.
"""

import copy
import functools
import inspect
import time
import typing as ty
from xml.etree import ElementTree

from nova.console import serial as serial_console
from nova import context as nova_context
from nova import exception
from nova.i18n import _
from nova.network import model as network_model
from nova.objects import fields
from nova import version
from nova.virt.cloister import client
from nova.virt.cloister import inventory
from nova.virt.cloister import request
from nova.virt.libvirt import blockinfo
from nova.virt.libvirt import driver as libvirt_driver
from nova.virt.libvirt import utils as libvirt_utils
from oslo_config import cfg
from oslo_log import log as logging

CONF = cfg.CONF
LOG = logging.getLogger(__name__)

CONF.register_opts(
    [
        cfg.StrOpt("socket", default="/run/cloister/compute/compute.sock",
                   help="The socket of cloister-hostd that this service may call."),
        cfg.FloatOpt("deadline", default=20.0, min=0.1,
                     help="Seconds that one call to cloister-hostd may take, all in all."),
        cfg.BoolOpt("placement", default=True,
                    help="Tell Placement of this host's key pools. A host has one writer: false "
                         "where cloister-hostd itself tells it."),
    ],
    group="cloister",
)

RELEASE = int(version.version_string().split(".")[0])
STALE = 300  # seconds without hostd after which nothing is offered any more
NAMESPACE = "urn:cloister:launch:1"
KEPT = "cloister_"  # keys of system_metadata: policy, policy_digest, technology, data_NAME
DATA = KEPT + "data_"


class ProtectionRefused(exception.NovaException):
    msg_fmt = _("Instance %(instance_uuid)s is not launched or changed without the protection that "
                "it asks for: %(reason)s")

    def __init__(self, instance_uuid, reason):
        super().__init__(instance_uuid=instance_uuid, reason=reason)
        self.reason = reason


# ---- overriding methods whose signatures differ by release ----------------------------------

Base = libvirt_driver.LibvirtDriver
MISSING = []  # what this Nova has not, though we would override it


class Call:
    """Nova's call of a method: its arguments by name, and calling it runs Nova's own method."""

    def __init__(self, method, args, kwargs, bound):
        self._method, self._args, self._kwargs = method, args, kwargs
        self.arguments = bound.arguments

    def __getitem__(self, name):
        return self.arguments[name]

    def __call__(self):
        return self._method(*self._args, **self._kwargs)

    def some(self, *names):
        """Those of @names that this release passes."""
        return {name: self.arguments[name] for name in names if name in self.arguments}


def extends(*needed):
    """A method that is given Nova's call instead of arguments, whatever they are in this release.

    @needed are the arguments that it reads. It shows Nova's own signature, as Nova's tests and mock
    want it. One that this Nova has not, or whose arguments it does not have, is left out.
    """
    def decorate(method):
        name = method.__name__
        original = getattr(Base, name, None)
        signature = inspect.signature(original) if original else None
        if signature is None or not set(needed) <= set(signature.parameters):
            MISSING.append(name)
            return None

        @functools.wraps(method)
        def run(self, *args, **kwargs):
            bound = signature.bind(self, *args, **kwargs)
            own = getattr(super(CloisterLibvirtDriver, self), name)
            return method(self, Call(own, args, kwargs, bound))

        run.__signature__ = signature
        return run

    return decorate


def without_missing(cls):
    for name in MISSING:
        delattr(cls, name)
    return cls


def intercept(owner, name, handler):
    """@owner's method goes through @handler, which is given the method as it is at that time."""
    def run(*args, **kwargs):
        own = getattr(type(owner), name)
        own = own.__get__(owner) if hasattr(own, "__get__") else own
        return handler(own, *args, **kwargs)

    setattr(owner, name, run)


# ---- what is asked of an instance ------------------------------------------------------------


def known_models():
    """Nova's models of memory encryption: up to 31 there was one, without a word for it."""
    model = getattr(fields, "MemEncryptionModel", None)
    return tuple(model.ALL) if model else (request.DEFAULT_MODEL,)


def field(owner, name):
    """A dictionary of an instance or a flavor. What was never given to an object without a context
    cannot be loaded: such objects are nobody's server, as Nova cannot launch them either."""
    try:
        value = getattr(owner, name, None)
        return dict(value) if isinstance(value, dict) else {}  # Nova's fields are dict or None
    except exception.OrphanedObjectError:
        return {}


def extra_specs_of(instance):
    try:
        return field(getattr(instance, "flavor", None), "extra_specs")
    except exception.OrphanedObjectError:
        return {}


def asked_by(instance, flavor=None):
    """The request of flavor and own image, never of a rescue image; None where nobody asks."""
    if flavor is None:
        specs = extra_specs_of(instance)
    else:  # one that comes without them cannot load them; the next host judges the server's own
        specs = field(flavor, "extra_specs") if "extra_specs" in flavor else {}
    kept = field(instance, "system_metadata")
    image = {key[len("image_"):]: value for key, value in kept.items() if key.startswith("image_")}
    try:
        return request.request_of(
            specs, image, models=known_models(), metadata=field(instance, "metadata"),
            warn=lambda text: LOG.warning("cloister: %s", text, instance=instance))
    except request.RequestRefused as refused:
        raise ProtectionRefused(instance.uuid, str(refused)) from None


def promised(instance):
    """What was promised at the first launch, or None if nothing was yet."""
    kept = field(instance, "system_metadata")
    if not kept.get(KEPT + "policy"):
        return None
    data = {key[len(DATA):]: value for key, value in kept.items() if key.startswith(DATA)}
    return request.Request(policy=kept[KEPT + "policy"], required=True, data=data, source=(),
                           technology=kept.get(KEPT + "technology"))


def is_same(before, after):
    """Does the new request stay within the old one? A technology that is left open does."""
    if before is None or after is None:
        return before is after
    return (before.policy == after.policy and
            (None in (before.technology, after.technology) or
             before.technology == after.technology))


def describe(asked):
    if asked is None:
        return "no protection"
    return f"policy {asked.policy}" + (f" with {asked.technology}" if asked.technology else "")


def binding_request(instance):
    """What this instance must be launched with, or None if it is an ordinary one."""
    asked, kept = asked_by(instance), promised(instance)
    if kept is None:
        return asked
    if not is_same(kept, asked):
        raise ProtectionRefused(
            instance.uuid, f"it was created with {describe(kept)}, and flavor and image ask for "
            f"{describe(asked)} now; a server keeps the protection it was created with")
    return kept


def first_reasons(answer, count=3):
    """One line of the reasons of a refusal."""
    reasons = answer.get("reasons") or []
    texts = [f"{reason.get('text')} ({reason.get('id')})" for reason in reasons
             if isinstance(reason, dict)]
    more = f", and {len(texts) - count} more" if len(texts) > count else ""
    return "; ".join(texts[:count]) + more or "it gave no reason"


def metadata_of(xml) -> ty.Optional[ty.Tuple[str, ty.Optional[str], str]]:
    """Policy, technology and UUID of a domain whose metadata says that it is protected."""
    if NAMESPACE not in xml:
        return None
    root = ElementTree.fromstring(xml)
    for element in root.iterfind("metadata/*"):
        if element.tag.startswith("{%s}" % NAMESPACE) and element.get("policy"):
            return element.get("policy"), element.get("technology"), root.findtext("uuid")
    return None


def uses_virtio(conf):
    return "virtio" in (getattr(conf, "target_bus", None), getattr(conf, "model", None))


def with_iommu(conf):
    """A virtio device of an encrypted guest reaches its memory through the platform's DMA only."""
    if not uses_virtio(conf):
        return conf
    if hasattr(conf, "driver_iommu"):
        conf.driver_iommu = True
        return conf
    plain = conf.format_dom  # from 33 on, Nova leaves it to QEMU

    def format_dom():
        device = plain()
        driver = device.find("driver")
        if driver is None:
            driver = device.makeelement("driver", {})
            device.append(driver)
        driver.set("iommu", "on")
        return device

    conf.format_dom = format_dom
    return conf


# ---- the driver ------------------------------------------------------------------------------


@without_missing
class CloisterLibvirtDriver(Base):
    def __init__(self, virtapi, read_only=False):
        super().__init__(virtapi, read_only)
        self._proved = set()  # definitions that hostd has just allowed
        self._pools, self._pools_since = None, 0.0  # hostd's last Inventory
        intercept(self._host, "write_instance_config", self._note_drift)
        intercept(self.vif_driver, "get_config", self._with_iommu)

    @property
    def _hostd(self):
        return client.Client(CONF.cloister.socket, CONF.cloister.deadline)

    @extends()
    def init_host(self, nova):
        LOG.info("cloister: protected instances are launched through cloister-hostd at %s%s",
                 CONF.cloister.socket,
                 f"; this Nova lacks {', '.join(MISSING)}" if MISSING else "")
        return nova()

    # ---- rewriting and verifying

    def _ask(self, instance, method, xml, asked, **more):
        """hostd's answer, if it is yes; whatever else comes is a refusal with its reason."""
        try:
            answer = method(xml, asked.policy, technology=asked.technology,
                            data=asked.data or None, **more)
        except client.HostdError as error:
            raise ProtectionRefused(instance.uuid, str(error)) from None
        if answer["verdict"] != "allow":
            raise ProtectionRefused(instance.uuid,
                                    f"policy {asked.policy}: {first_reasons(answer)}")
        return answer

    def _keep(self, instance, asked, answer):
        """The promise goes with the instance, to its next host too. What is there stays."""
        kept = instance.system_metadata
        digest = answer.get("policy_digest")
        if kept.get(KEPT + "policy"):
            if digest != kept.get(KEPT + "policy_digest"):
                LOG.warning("cloister: policy %s is not the one of the first launch: %s, and it "
                            "was %s", asked.policy, digest, kept.get(KEPT + "policy_digest"),
                            instance=instance)
            return
        kept.update({DATA + name: value for name, value in asked.data.items()})
        kept.update({KEPT + "policy": asked.policy, KEPT + "policy_digest": digest,
                     KEPT + "technology": answer["technology"]})
        instance.save()

    @extends("instance")
    def _get_guest_xml(self, nova):
        instance = nova["instance"]
        asked = binding_request(instance)
        xml = nova()
        if asked is None:
            return xml
        answer = self._ask(instance, self._hostd.rewrite, xml, asked)
        if not isinstance(answer.get("xml"), str) or not isinstance(answer.get("technology"), str):
            raise ProtectionRefused(instance.uuid, "cloister-hostd allows without saying what")
        for note in answer.get("notes") or []:
            LOG.info("cloister: %s", note.get("text"), instance=instance)
        self._keep(instance, asked, answer)
        LOG.info("cloister: rewritten for %s under policy %s", answer["technology"], asked.policy,
                 instance=instance)
        return answer["xml"]

    def _prove(self, instance, xml):
        """Raises unless the definition holds what the instance asks for."""
        asked = binding_request(instance)
        if asked is None:
            return
        text = xml.decode() if isinstance(xml, bytes) else xml
        self._ask(instance, self._hostd.verify, text, asked, stage="definition")
        self._proved.add(hash(text))

    @extends("xml", "instance")
    def _create_guest(self, nova):
        """Whatever is launched is defined here: what was rewritten, unrescue's file, resume's."""
        self._prove(nova["instance"], nova["xml"])
        return nova()

    @extends("instance")
    def unrescue(self, nova):
        """Nova destroys the rescue domain and then reads what it defines: that is read first."""
        instance = nova["instance"]
        if binding_request(instance) is not None:
            path = f"{libvirt_utils.get_instance_path(instance)}/unrescue.xml"
            self._prove(instance, libvirt_utils.load_file(path))
        return nova()

    def _note_drift(self, write, xml):
        """Definitions of running domains too (swap volume, snapshot), which must not fail."""
        try:
            self._tell_drift(xml)
        except Exception as error:
            LOG.warning("cloister: a definition could not be checked: %s", error)
        return write(xml)

    def _tell_drift(self, xml):
        if hash(xml) in self._proved:
            self._proved.discard(hash(xml))
            return
        protected = metadata_of(xml)
        if protected is None:
            return
        policy, technology, uuid = protected
        answer = self._hostd.verify(xml, policy, technology=technology, stage="definition")
        if answer["verdict"] != "allow":
            LOG.warning("cloister: drift: domain %s is defined anew and does not hold policy %s: "
                        "%s", uuid, policy, first_reasons(answer))

    # ---- the ways of an instance

    @extends("instance")
    def spawn(self, nova):
        """At create, only this exception shows the user its reason; no other host is tried."""
        instance = nova["instance"]
        try:
            binding_request(instance)
            return nova()
        except ProtectionRefused as refused:
            raise exception.BuildAbortException(instance_uuid=instance.uuid,
                                                reason=refused.reason) from refused

    @extends("instance")
    def rebuild(self, nova):
        """Asked before Nova destroys what is there."""
        binding_request(nova["instance"])
        return nova()

    @extends("instance", "flavor")
    def migrate_disk_and_power_off(self, nova):
        instance = nova["instance"]
        before, after = binding_request(instance), asked_by(instance, nova["flavor"])
        if not is_same(before, after):
            reason = (f"the server has {describe(before)}, and the new flavor asks for "
                      f"{describe(after)}; a server keeps the protection it was created with")
            raise exception.InstanceFaultRollback(exception.ResizeError(reason=reason))
        return nova()

    @extends("context", "instance", "network_info", "block_device_info")
    def _hard_reboot(self, nova):
        """Nova destroys the domain and then makes the XML. It is made and shown to hostd before,
        so that a reboot that would be refused leaves the guest running."""
        if binding_request(nova["instance"]) is not None and self._runs(nova["instance"]):
            self._ask_before_reboot(nova)
        return nova()

    def _runs(self, instance):
        try:
            return self._host.get_guest(instance).is_active()
        except exception.InstanceNotFound:
            return False

    def _ask_before_reboot(self, nova):
        instance, devices = nova["instance"], nova.arguments.get("block_device_info")
        disk_info = blockinfo.get_disk_info(CONF.libvirt.virt_type, instance, instance.image_meta,
                                            devices)
        xml = self._get_guest_xml(
            nova["context"], instance, nova["network_info"], disk_info, instance.image_meta,
            block_device_info=devices,
            mdevs=list(self._get_all_assigned_mediated_devices(instance)),
            **nova.some("accel_info", "share_info"))
        # Making the XML takes ports for serial consoles; this one is thrown away.
        for source in ElementTree.fromstring(xml).iterfind("devices/*[@type='tcp']/source"):
            if source.get("mode") == "bind" and source.get("service"):
                serial_console.release_port(host=source.get("host"),
                                            port=int(source.get("service")))

    @extends("instance")
    def suspend(self, nova):
        """A saved image would hold the guest's memory. Rolled back, vm_state is as it was."""
        if binding_request(nova["instance"]) is not None:
            raise exception.InstanceFaultRollback(ProtectionRefused(
                nova["instance"].uuid, _("a confidential guest cannot be suspended, its memory "
                                         "cannot be saved")))
        return nova()

    def _refuse_live_migration(self, nova):
        if binding_request(nova["instance"]) is not None:
            raise exception.MigrationPreCheckError(
                reason=_("a confidential guest cannot be migrated live; migrate it cold"))
        return nova()

    @extends("instance")
    def check_can_live_migrate_destination(self, nova):
        return self._refuse_live_migration(nova)

    @extends("instance")
    def check_can_live_migrate_source(self, nova):
        return self._refuse_live_migration(nova)

    @extends("instance")
    def pre_live_migration(self, nova):
        return self._refuse_live_migration(nova)

    # ---- what Placement is told

    def _inventory(self):
        """hostd's answer; while it is away its last one, and after a time that there is nothing."""
        try:
            self._pools, self._pools_since = self._hostd.inventory(), time.monotonic()
        except client.HostdError as error:
            LOG.warning("cloister: key pools are as they were last known: %s", error)
            if self._pools is not None and time.monotonic() - self._pools_since > STALE:
                return inventory.NOTHING
        return self._pools

    @extends("provider_tree", "nodename", "allocations")
    def update_provider_tree(self, nova):
        nova()
        answer = self._inventory() if CONF.cloister.placement else None
        if answer is None:
            return
        tree, admin = nova["provider_tree"], nova_context.get_admin_context()
        reports = self.virtapi.reportclient
        try:
            inventory.update_provider_tree(
                tree, nova["nodename"], answer, RELEASE,
                allocations=nova.arguments.get("allocations"),
                used=inventory.usage_by(reports, admin),
                traits=inventory.known_traits(reports, admin))
        except ValueError as error:
            LOG.error("cloister: %s", error)
        self.provider_tree = copy.deepcopy(tree)  # as the last line of Nova's own does

    # ---- what is attached to a running guest

    def _with_iommu(self, get_config, instance, *args, **kwargs):
        conf = get_config(instance, *args, **kwargs)
        return conf if binding_request(instance) is None else with_iommu(conf)

    @extends("conf", "instance")
    def _check_discard_for_attach_volume(self, nova):
        """The one place of attach_volume, in every release, that has the device and the server."""
        if binding_request(nova["instance"]) is not None:
            with_iommu(nova["conf"])
        return nova()

    @extends("instance", "disk_bus")
    def attach_volume(self, nova):
        bus = nova.arguments.get("disk_bus")
        if bus not in (None, "virtio", "scsi", "sata") and binding_request(nova["instance"]):
            raise ProtectionRefused(nova["instance"].uuid,
                                    f"a confidential guest takes no disk on the bus {bus}")
        return nova()

    @extends("instance", "vif")
    def attach_interface(self, nova):
        vnic = nova["vif"].get("vnic_type")
        if (vnic in network_model.VNIC_TYPES_DIRECT_PASSTHROUGH + network_model.VNIC_TYPES_SRIOV and
                binding_request(nova["instance"])):
            raise ProtectionRefused(nova["instance"].uuid, f"a device of the host (port of type "
                                    f"{vnic}) cannot reach a confidential guest's memory")
        return nova()
