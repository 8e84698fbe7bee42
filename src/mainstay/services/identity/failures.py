"""How requests about tenants, roles and keys may fail."""

from mainstay.kit.errors import Conflict, Forbidden, Invalid, NotFound


class KeyMissing(NotFound):
    """There is no such key in this tenant."""

    title = "There is no such API key"


class AdminKeyInvalid(Invalid):
    """The administrator's key of the settings cannot be one."""

    title = "The first administrator's key is not valid"


class KeyInUse(Invalid):
    """A key cannot revoke itself."""

    title = "A key cannot revoke itself"


class KeyRightsUnclear(Invalid):
    """A key has either a role or scopes."""

    title = "A key has a role or scopes, not both"


class ExpiryInvalid(Invalid):
    """A key expires in the future, within ten years."""

    title = "This is not a moment at which a key can expire"


class KeyExpired(Conflict):
    """An expired key cannot be rotated before it is given a later end."""

    title = "This API key has expired"


class KeyChanged(Conflict):
    """Somebody else rotated or revoked this key at the same moment."""

    title = "This API key was changed at the same moment"


class KeyIsLocal(Conflict):
    """The key by which commands on the server's machine speak is made anew at each start."""

    title = "This machine's own key cannot be changed"


class KeyMayTooMuch(Forbidden):
    """A key, or a role, may at most do what its maker may, in the groups and within the limits he has."""

    title = "Nobody can give more than he has"


class PermissionUnknown(Invalid):
    """There is no such permission."""

    title = "There is no such permission"


class RoleMissing(NotFound):
    """There is no such role in this tenant."""

    title = "There is no such role"


class RoleNameTaken(Conflict):
    """Another role has this name, or somebody has a deleted role of this name."""

    title = "This role's name is taken"


class RoleBuiltIn(Conflict):
    """The roles that come with the server cannot be changed."""

    title = "This role is built in"


class RoleInUse(Conflict):
    """There are keys, users, clients, or rules with this role."""

    title = "This role is in use"


class RolesTooMany(Conflict):
    """A tenant has at most 200 roles of its own."""

    title = "This tenant has too many roles"


class TenantMissing(NotFound):
    """There is no such tenant."""

    title = "There is no such tenant"


class TenantNameTaken(Conflict):
    """Another tenant has this name."""

    title = "This tenant's name is taken"


class TenantIsOperator(Conflict):
    """The tenant that runs this installation cannot be suspended."""

    title = "The operator's tenant cannot be suspended"


class TenantNameDiffers(Invalid):
    """The name that should confirm an erasure is not the tenant's."""

    title = "This is not the tenant's name"


class TenantBeingErased(Conflict):
    """The tenant is erased, or will be when its time to call it off is over."""

    title = "This tenant is being erased"


class TenantErasureBegun(Conflict):
    """The erasure has begun, or ended, and cannot be called off."""

    title = "This erasure cannot be called off"


class TenantErasureMissing(NotFound):
    """Nobody has asked to erase such a tenant."""

    title = "There is no such erasure"
