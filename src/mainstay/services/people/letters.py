"""What stands in the mails: plain and short; others have written only names, of tenant and inviter."""

from mainstay.ports.mailers import Mail

_IGNORE = "If you did not expect this, ignore it: nothing happens without the link."
_SIGNED = "Mainstay"
_FACTORS = {
    "added": "An authenticator app was set up: from now on signing in needs a code of it.",
    "removed": "The authenticator app was removed: signing in needs no code of it any more.",
    "passkey added": "A passkey was added: it signs you in, alone or beside the password.",
    "passkey removed": "A passkey was removed: it does not sign you in any more.",
    "taken away": "An administrator has removed all second factors: signing in needs the password alone.",
    "recovery codes": "New recovery codes were made; those before do not work any more.",
}


def _mail(to: str, subject: str, *paragraphs: str) -> Mail:
    return Mail(to, subject, "\n\n".join([*paragraphs, _SIGNED]) + "\n")


def invitation(to: str, tenant: str, inviter: str, link: str, days: int) -> Mail:
    """Invite a person into a tenant."""
    return _mail(
        to,
        f"Invitation to {tenant}",
        f"{inviter or 'An administrator'} has invited you, {to}, to join “{tenant}” on Mainstay.",
        f"Accept within {days} days:\n{link}",
        _IGNORE,
    )


def reset(to: str, link: str, minutes: int) -> Mail:
    """Let a person choose a new password."""
    return _mail(
        to,
        "Choose a new password",
        "Somebody, probably you, has asked for a new password for this address.",
        f"Choose it within {minutes} minutes:\n{link}",
        _IGNORE,
    )


def new_address(to: str, link: str, hours: int) -> Mail:
    """Let a person prove that an address is hers."""
    return _mail(
        to,
        "Confirm your new e-mail address",
        "This address was named as the new one of an account.",
        f"Confirm it within {hours} hours:\n{link}",
        _IGNORE,
    )


def address_changed(to: str) -> Mail:
    """Tell the address that was."""
    return _mail(
        to,
        "Your e-mail address was changed",
        "The account of this address has another e-mail address now.",
        "If this was not you, tell an administrator at once.",
    )


def password_changed(to: str, link: str) -> Mail:
    """Tell a person that there is another password."""
    return _mail(
        to,
        "Your password was changed",
        "The password of this account was changed, and its other sessions have ended.",
        f"If this was not you, choose a new one at once, and tell an administrator:\n{link}",
    )


def new_place(to: str, when: str, address: str, agent: str, link: str) -> Mail:
    """Tell a person that somebody signed in as her from a new place."""
    return _mail(
        to,
        "A sign-in from a new place",
        "Somebody, probably you, has signed in to this account from a place that is new.",
        f"When: {when}\nFrom: {address or 'an unknown address'}\nWith: {agent or 'an unknown program'}",
        f"If this was not you, choose a new password at once, and tell an administrator:\n{link}",
    )


def factor_changed(to: str, what: str, link: str) -> Mail:
    """Tell a person that her second factor was changed."""
    return _mail(
        to,
        "Your second factor was changed",
        _FACTORS[what],
        f"If you did not expect this, choose a new password at once, and tell an administrator:\n{link}",
    )
