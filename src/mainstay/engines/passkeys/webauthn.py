"""WebAuthn by py_webauthn: the person has to be verified, and nothing is asked about the device's maker."""

from collections.abc import Sequence
from typing import Any

import webauthn
from webauthn.helpers import base64url_to_bytes, options_to_json_dict, parse_client_data_json
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from mainstay.ports.passkeys import Holder, Json, Passkey, PasskeyInvalid, PasskeyRefused, Site

_ALGORITHMS = [
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
_VERIFIED = UserVerificationRequirement.REQUIRED
_ANSWER_CHARACTERS_MAX = 32_768
_ID_BYTES_MAX = 1023


class WebauthnPasskeys:
    """Checks what browsers send."""

    def options_to_add(
        self, site: Site, holder: Holder, challenge: bytes, present: Sequence[bytes] = ()
    ) -> dict[str, Any]:
        """Give what a page passes to `navigator.credentials.create`."""
        options = webauthn.generate_registration_options(
            rp_id=site.host,
            rp_name=site.name,
            user_id=holder.handle,
            user_name=holder.name,
            user_display_name=holder.display_name,
            challenge=challenge,
            attestation=AttestationConveyancePreference.NONE,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_VERIFIED
            ),
            exclude_credentials=_descriptors(present),
            supported_pub_key_algs=_ALGORITHMS,
        )
        return options_to_json_dict(options)

    def added(self, site: Site, challenge: bytes, answer: Json) -> Passkey:
        """Give the passkey of a browser's answer; raises PasskeyInvalid."""
        try:
            _refuse_foreign(answer)
            found = webauthn.verify_registration_response(
                credential=dict(answer),
                expected_challenge=challenge,
                expected_rp_id=site.host,
                expected_origin=site.origin,
                require_user_verification=True,
                supported_pub_key_algs=_ALGORITHMS,
            )
        except Exception as wrong:  # the library meets a stranger's bytes with errors of any kind
            raise PasskeyInvalid("The passkey cannot be added: begin anew on this site's page.") from wrong
        if len(found.credential_id) > _ID_BYTES_MAX:
            raise PasskeyInvalid(
                f"The passkey's id is longer than {_ID_BYTES_MAX} bytes: use another device."
            )
        synced = found.credential_device_type is CredentialDeviceType.MULTI_DEVICE
        return Passkey(found.credential_id, found.credential_public_key, found.sign_count, synced)

    def options_to_show(self, site: Site, challenge: bytes, known: Sequence[bytes] = ()) -> dict[str, Any]:
        """Give what a page passes to `navigator.credentials.get`."""
        options = webauthn.generate_authentication_options(
            rp_id=site.host,
            challenge=challenge,
            allow_credentials=_descriptors(known),
            user_verification=_VERIFIED,
        )
        return options_to_json_dict(options)

    def credential_id(self, answer: Json) -> bytes:
        """Give the id under which an answer says its passkey is kept; raises PasskeyRefused."""
        try:
            return base64url_to_bytes(str(answer["rawId"])[:_ANSWER_CHARACTERS_MAX])
        except (KeyError, ValueError) as wrong:
            raise PasskeyRefused("The passkey is not known here: sign in in another way.") from wrong

    def shown(self, site: Site, challenge: bytes, passkey: Passkey, answer: Json) -> Passkey:
        """Give the passkey as it is to be kept from now on; raises PasskeyRefused."""
        try:
            _refuse_foreign(answer)
            found = webauthn.verify_authentication_response(
                credential=dict(answer),
                expected_challenge=challenge,
                expected_rp_id=site.host,
                expected_origin=site.origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            )
        except Exception as wrong:  # as above
            raise PasskeyRefused("The passkey is refused: try again on this site's page.") from wrong
        if found.credential_id != passkey.credential_id:
            raise PasskeyRefused("The passkey is another one: begin anew.")
        return Passkey(passkey.credential_id, passkey.public_key, found.new_sign_count, passkey.synced)


def _descriptors(ids: Sequence[bytes]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=each) for each in ids]


def _refuse_foreign(answer: Json) -> None:
    """Refuse what the library lets pass: huge answers, and those made in a frame of another site."""
    response = answer["response"]
    if sum(len(text) for text in response.values() if isinstance(text, str)) > _ANSWER_CHARACTERS_MAX:
        raise ValueError("the answer is too large")
    if parse_client_data_json(base64url_to_bytes(response["clientDataJSON"])).cross_origin:
        raise ValueError("the answer was made in a frame of another site")
