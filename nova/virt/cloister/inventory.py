# SPDX-License-Identifier: Apache-2.0
"""What hostd counts of a host's key pools, put into Nova's provider tree.

update_provider_tree() runs after LibvirtDriver's own and touches what stands in the tree then.
doc/placement.md has the model in one table. Functions of Nova that it answers to:

* up to 31, LibvirtDriver.update_provider_tree: plain SEV's keys (_get_memory_encrypted_slots) are
  MEM_ENCRYPTION_CONTEXT of the root. The scheduler asks for the class without a trait
  (ResourceRequest._translate_memory_encryption): a child of ours that held it would be given to
  plain SEV's guests, and 32's _reshape_memory_encryption_allocations dies on an allocation of it
  that is not on the root (_assert_is_root_provider). So our class is CUSTOM_CC_CONTEXT there.
* from 32 on, _ensure_memory_encryption_providers: a child NODE_MODEL for each model that Nova knows
  and detects (Host.get_mem_encryption_inventories). Each time reserved is 0 again and traits are
  only added; the child of a model that is not detected any more is removed.
* 34's Host.supports_amd_sev_es is false wherever SEV-SNP is on, so it never counts their pool
  twice. But _get_mem_encryption_slots_amd_sev_snp is libvirt's maxESGuests, which knows nothing of
  ciphertext hiding.
* 34's _validate_mem_encryption_configuration ends nova-compute where an instance has a model that
  Nova does not detect: what Nova knows and does not detect is never offered in its stead.
"""

import copy
import re
import uuid

NOVA_CLASS = "MEM_ENCRYPTION_CONTEXT"
OUR_CLASS = "CUSTOM_CC_CONTEXT"
CLASSES = (NOVA_CLASS, OUR_CLASS)
# On the root, where this driver runs and something can be placed. Of a pool that Nova counts itself
# nothing else tells whether cc:* means anything on that host: flavors require it (cloisterctl
# flavor check has the same name).
HOST_TRAIT = "CUSTOM_CC_HOST"

# The first Nova whose memory encryption is on children of the root.
NESTED = 32

# Technology: the end of the name of Nova's child, the first Nova that makes one, the trait. The
# best is last.
TECHNOLOGIES = {
    "sev": ("amd_sev", 32, "HW_CPU_X86_AMD_SEV"),
    "sev-es": ("amd_sev_es", 32, "HW_CPU_X86_AMD_SEV_ES"),
    "sev-snp": ("amd_sev_snp", 34, "HW_CPU_X86_AMD_SEV_SNP"),
    "tdx": ("intel_tdx", 34, "HW_CPU_X86_INTEL_TDX"),
}
ORDER = tuple(TECHNOLOGIES)

# What an answer is when nothing is to be placed here: all that was published is withdrawn.
NOTHING = {"pools": []}

_POOL = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_TRAIT = re.compile(r"[A-Z0-9_]{1,255}")
_FEATURE = re.compile(r"CUSTOM_CC_[A-Z0-9_]+_QUOTE_READY")


def _check(condition, what):
    if not condition:
        raise ValueError("inventory of hostd: %s" % what)


def _is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2 ** 31


def _check_technology(technology):
    _check(isinstance(technology, dict), "a technology is no object")
    _check(isinstance(technology.get("name"), str), "a technology has no name")
    for member in ("trait", "fallback"):
        _check(isinstance(technology.get(member), str) and _TRAIT.fullmatch(technology[member]),
               "%s of %s" % (member, technology["name"]))
    features = technology.get("features")
    _check(isinstance(features, list), "features of %s" % technology["name"])
    for feature in features:
        _check(isinstance(feature, str) and _FEATURE.fullmatch(feature),
               "a feature of %s" % technology["name"])


def pools_of(answer):
    """The key pools of an Inventory answer by name; ValueError where it is not one.

    All is checked before anything is changed: half an answer in the tree is worse than the last
    whole one. Technologies of a later hostd are left out, and so is a pool of only such ones.
    """
    _check(isinstance(answer, dict) and isinstance(answer.get("pools"), list), "no pools")
    pools = {}
    for pool in answer["pools"]:
        _check(isinstance(pool, dict), "a pool is no object")
        name = pool.get("pool")
        _check(isinstance(name, str) and _POOL.fullmatch(name), "a pool's name")
        _check(name not in pools, "the pool %s twice" % name)
        _check(_is_count(pool.get("total")) and _is_count(pool.get("reserved")),
               "counts of %s" % name)
        _check(pool.get("guests") is None or _is_count(pool["guests"]), "guests of %s" % name)
        _check(isinstance(pool.get("technologies"), list), "technologies of %s" % name)
        for technology in pool["technologies"]:
            _check_technology(technology)
        known = [t for t in pool["technologies"] if t["name"] in TECHNOLOGIES]
        if known and pool["total"] > 0:
            pools[name] = dict(pool, technologies=known,
                               reserved=min(pool["reserved"], pool["total"]))
    return pools


def needed_traits(release):
    """The standard traits that Placement has for certain: this Nova cannot do without them."""
    return {trait for name, (_, first, trait) in TECHNOLOGIES.items()
            if name == "sev" or first <= release}


def known_traits(reportclient, context):
    """The standard traits that this Placement knows; None if it does not say."""
    names = ",".join(trait for _, _, trait in TECHNOLOGIES.values())
    try:
        response = reportclient.get("/traits?name=in:%s" % names, version="1.6",
                                    global_request_id=context.global_id)
        if response.status_code == 200:
            return set(response.json()["traits"])
    except Exception:  # whatever it was, the fallback traits serve
        pass
    return None


def usage_by(reportclient, context):
    """A function that asks Placement what is allocated on a provider: {class: amount}, or None."""
    def used(provider_uuid):
        try:
            told = reportclient.get_allocations_for_resource_provider(
                context, provider_uuid).allocations
        except Exception:  # unknown; what that means is decided where it is asked
            return None
        return _sum(allocation["resources"] for allocation in told.values())
    return used


def _sum(resources):
    used = {}
    for resource in resources:
        for name, amount in resource.items():
            used[name] = used.get(name, 0) + amount
    return used


def _from_allocations(allocations):
    """The same of what Nova hands over to reshape: {consumer: {'allocations': {provider: ...}}}."""
    def used(provider_uuid):
        return _sum(consumer["allocations"][provider_uuid]["resources"]
                    for consumer in allocations.values()
                    if provider_uuid in consumer["allocations"])
    return used


def child_name(nodename, pool):
    return "%s_cc_%s" % (nodename, pool)


def _record(total, reserved):
    return {"total": total, "reserved": reserved, "min_unit": 1, "max_unit": 1, "step_size": 1,
            "allocation_ratio": 1.0}


class _Update:
    """One update of one tree."""

    def __init__(self, tree, nodename, pools, release, used, traits):
        self.tree = tree
        self.nodename = nodename
        self.pools = pools
        self.release = release
        self.used = used
        self.traits = traits

    # ---- the tree ----

    def inventory(self, name):
        return copy.deepcopy(self.tree.data(name).inventory)

    def nova_child(self, technology):
        """Nova's provider for a technology, if it made one."""
        name = "%s_%s" % (self.nodename, TECHNOLOGIES[technology][0])
        if self.release >= NESTED and self.tree.exists(name) and NOVA_CLASS in self.inventory(name):
            return name
        return None

    def our_children(self):
        """Those there are, by pool: also of pools that hostd does not speak of any more."""
        start = child_name(self.nodename, "")
        root = self.tree.data(self.nodename).uuid
        for provider_uuid in self.tree.get_provider_uuids(self.nodename):
            provider = self.tree.data(provider_uuid)
            if provider.parent_uuid == root and provider.name.startswith(start):
                yield provider.name[len(start):], provider.name

    def used_of(self, name, resource_class):
        """Keys allocated on a provider, None where nobody says."""
        told = self.used(self.tree.data(name).uuid) if self.used else None
        return None if told is None else told.get(resource_class, 0)

    def close(self, name, classes=CLASSES):
        """No more is placed there. The inventory stays: Placement lets none go that is in use."""
        inventory = self.inventory(name)
        for resource_class in classes:
            if resource_class in inventory:
                inventory[resource_class]["reserved"] = inventory[resource_class]["total"]
        self.tree.update_inventory(name, inventory)

    # ---- one pool ----

    def offered(self, pool):
        """Its technologies that a guest may be sent here for, the best last.

        Not what this Nova knows, and says of it that it is not there: see this file's beginning.
        """
        return [t for t in sorted(pool["technologies"], key=lambda t: ORDER.index(t["name"]))
                if self.release < NESTED or self.release < TECHNOLOGIES[t["name"]][1] or
                self.nova_child(t["name"])]

    def carrier(self, pool):
        """(provider, class) that has the pool's room: Nova's own, ours, or (None, None)."""
        if self.release < NESTED:
            if all(t["name"] != "sev" for t in pool["technologies"]):
                return child_name(self.nodename, pool["pool"]), OUR_CLASS
            if NOVA_CLASS in self.inventory(self.nodename):
                return self.nodename, NOVA_CLASS
            return None, None
        offered = self.offered(pool)
        if not offered:
            return None, None
        novas = self.nova_child(offered[-1]["name"])
        return novas or child_name(self.nodename, pool["pool"]), NOVA_CLASS

    def elsewhere(self, pool, carrier, resource_class):
        """Keys of the pool that are allocated on providers, or as a class, that no longer carry it.

        Where nobody knows how many, libvirt's guests may all be among them.
        """
        names = [self.nova_child(t["name"]) for t in pool["technologies"]]
        names.append(child_name(self.nodename, pool["pool"]))
        total = 0
        for name in names:
            if name is None or not self.tree.exists(name):
                continue
            for other in CLASSES:
                if (name, other) == (carrier, resource_class) or other not in self.inventory(name):
                    continue
                used = self.used_of(name, other)
                if used is None:
                    guests = pool.get("guests")
                    return pool["total"] if guests is None else guests
                total += used
        return total

    def fill_ours(self, pool, name, resource_class, elsewhere):
        inventory = self.inventory(name)
        # Another release's class stays, closed, while anything may be allocated of it.
        for other in set(CLASSES) & set(inventory) - {resource_class}:
            record = inventory[other]
            if record["reserved"] >= record["total"] and self.used_of(name, other) == 0:
                del inventory[other]
            else:
                record["reserved"] = record["total"]
        inventory[resource_class] = _record(pool["total"],
                                            min(pool["reserved"] + elsewhere, pool["total"]))
        self.tree.update_inventory(name, inventory)

    def fill_novas(self, pool, name, elsewhere):
        """Nova's total stays: it may be more than there is (hiding), or no limit at all (26)."""
        inventory = self.inventory(name)
        record = inventory[NOVA_CLASS]
        room = max(pool["total"] - pool["reserved"] - elsewhere, 0)
        record["reserved"] = max(record["total"] - room, 0)
        self.tree.update_inventory(name, inventory)

    def set_traits(self, name, technologies, ours):
        """Of our children all traits; of Nova's, which tell their technology, only features."""
        there = self.tree.data(name).traits
        wanted = {feature for t in technologies for feature in t["features"]}
        owned = {trait for trait in there if _FEATURE.fullmatch(trait)}
        if ours:
            for t in technologies:
                # A fallback that a flavor may ask for by now stays.
                if t["fallback"] in there:
                    wanted.add(t["fallback"])
                wanted.add(t["trait"] if t["trait"] in self.traits else t["fallback"])
            standard = {trait for _, _, trait in TECHNOLOGIES.values()}
            owned |= there & (standard | {"CUSTOM_" + trait for trait in standard})
        self.tree.remove_traits(name, *(owned - wanted))
        self.tree.add_traits(name, *(wanted - there))

    def update_pool(self, pool):
        name, resource_class = self.carrier(pool)
        for technology in pool["technologies"]:
            other = self.nova_child(technology["name"])
            if other not in (None, name):
                self.close(other)
                self.set_traits(other, [], False)
        if name is None:
            return None
        ours = name == child_name(self.nodename, pool["pool"])
        if ours and not self.tree.exists(name):
            root = self.tree.data(self.nodename).uuid
            self.tree.new_child(name, self.nodename, uuid=str(uuid.uuid5(uuid.UUID(root), name)))
        elsewhere = self.elsewhere(pool, name, resource_class)
        if ours:
            self.fill_ours(pool, name, resource_class, elsewhere)
        else:
            self.fill_novas(pool, name, elsewhere)
        if name != self.nodename:
            technologies = self.offered(pool) if ours else [
                t for t in pool["technologies"] if self.nova_child(t["name"]) == name]
            self.set_traits(name, technologies, ours)
        return name

    # ---- all of it ----

    def close_unspoken(self, pools):
        """What Nova counts and hostd does not find."""
        spoken = {t["name"] for pool in pools.values() for t in pool["technologies"]}
        for technology in TECHNOLOGIES:
            name = self.nova_child(technology)
            if technology not in spoken and name is not None:
                self.close(name)
                self.set_traits(name, [], False)
        if self.release < NESTED and "sev" not in spoken:
            self.close(self.nodename, [NOVA_CLASS])

    def retire(self, carriers):
        """Our children that carry nothing any more; one whose pool is elsewhere goes when empty."""
        for pool, name in list(self.our_children()):
            if name in carriers:
                continue
            before = self.inventory(name)
            self.close(name)
            closed = self.inventory(name) == before
            self.set_traits(name, [], True)
            # Only what was closed in Placement too: nothing can have come since it was looked at.
            if closed and pool in self.pools and all(
                    self.used_of(name, c) == 0 for c in CLASSES if c in before):
                self.tree.remove(name)

    def run(self):
        change = self.tree.add_traits if self.pools else self.tree.remove_traits
        change(self.nodename, HOST_TRAIT)
        carriers = {self.update_pool(pool) for pool in self.pools.values()}
        self.close_unspoken(self.pools)
        self.retire(carriers)


def update_provider_tree(provider_tree, nodename, answer, release, allocations=None, used=None,
                         traits=None):
    """Puts an Inventory answer into the tree that LibvirtDriver.update_provider_tree() has filled.

    :param provider_tree: nova.compute.provider_tree.ProviderTree
    :param answer: hostd's, of io.cloister.Launch.Inventory. None: our children stay as they are,
        but Nova's reserved is what Nova made it, so that a caller rather repeats the last answer
        while hostd is away for a moment. NOTHING withdraws all.
    :param release: Nova's, 26 to 34
    :param allocations: as Nova gives them when it reshapes
    :param used: what usage_by() returns. Without it nobody knows what is allocated on providers
        that have been superseded, and all guests that run are taken for theirs.
    :param traits: the standard traits that Placement knows; None: those that this Nova needs itself
    :raises ValueError: it is no such answer; nothing has been changed
    """
    if answer is None:
        return
    pools = pools_of(answer)
    if allocations is not None:
        used = _from_allocations(allocations)
    _Update(provider_tree, nodename, pools, release, used,
            needed_traits(release) | set(traits or ())).run()
