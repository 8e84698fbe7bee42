"""One suite for whoever signs tokens; the attacks of RFC 8725 one by one."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jws

from mainstay.engines.ciphers.aesgcm import AesGcmCipher
from mainstay.engines.tokens.jose import JoseTokens
from mainstay.kit.random import SystemRandom
from mainstay.ports.tokens import Algorithm, KeyPair, PublicKey, TokenInvalid, Tokens

KIND = "at+jwt"
CLAIMS = {"sub": "key_1", "exp": 1_790_000_600, "scope": "documents:read ü"}
ALGORITHMS: tuple[Algorithm, ...] = ("ES256", "Ed25519", "RS256")


def engine() -> JoseTokens:
    return JoseTokens(AesGcmCipher(b"k" * 32, SystemRandom()))


TOKENS = engine()
CHECKED: Tokens = engine()
KEYS: dict[Algorithm, KeyPair] = {each: TOKENS.make_key(f"sig_{each}", each) for each in ALGORITHMS}
KEY = KEYS["ES256"]


def encoded(value: Any) -> str:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decoded(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=="))


def with_header(change: Callable[[dict[str, Any]], Any]) -> str:
    """Give a token whose header was changed after it was signed."""
    head, claims, signature = TOKENS.sign(KEY, KIND, CLAIMS).split(".")
    return f"{encoded(change(decoded(head)))}.{claims}.{signature}"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_was_signed_is_read(algorithm: Algorithm) -> None:
    key = KEYS[algorithm]
    token = TOKENS.sign(key, KIND, CLAIMS)
    assert TOKENS.key_id(token, KIND) == f"sig_{algorithm}"
    assert TOKENS.verify(token, KIND, key.public) == CLAIMS
    assert decoded(token.split(".")[0]) == {"alg": algorithm, "typ": KIND, "kid": f"sig_{algorithm}"}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_bit_counts(algorithm: Algorithm) -> None:
    key = KEYS[algorithm]
    head, claims, signature = TOKENS.sign(key, KIND, CLAIMS).split(".")
    content = base64.urlsafe_b64decode(signature + "==")
    for place in range(0, len(content), 7):
        other = bytearray(content)
        other[place] ^= 1
        with pytest.raises(TokenInvalid):
            TOKENS.verify(f"{head}.{claims}.{encoded(bytes(other))}", KIND, key.public)
    for changed in (encoded({**CLAIMS, "sub": "key_2"}), claims + "A"):
        with pytest.raises(TokenInvalid):
            TOKENS.verify(f"{head}.{changed}.{signature}", KIND, key.public)


def test_the_private_half_is_sealed_and_opens_after_a_restart() -> None:
    assert b'"d"' not in KEY.sealed
    assert "d" not in KEY.public.members
    token = engine().sign(KEY, KIND, CLAIMS)
    assert CHECKED.verify(token, KIND, KEY.public) == CLAIMS


def test_another_key_of_the_same_id_does_not_check() -> None:
    other = TOKENS.make_key(KEY.public.key_id, "ES256")
    with pytest.raises(TokenInvalid, match="signature"):
        TOKENS.verify(TOKENS.sign(other, KIND, CLAIMS), KIND, KEY.public)


ATTACKS: dict[str, Callable[[], str]] = {
    "no algorithm": lambda: with_header(lambda head: {**head, "alg": "none"}),
    "no algorithm, no signature": lambda: with_header(lambda head: {**head, "alg": "none"})[:-86],
    "an algorithm spelt otherwise": lambda: with_header(lambda head: {**head, "alg": "es256"}),
    "another algorithm": lambda: with_header(lambda head: {**head, "alg": "Ed25519"}),
    "no type": lambda: with_header(lambda head: {n: v for n, v in head.items() if n != "typ"}),
    "another type": lambda: TOKENS.sign(KEY, "JWT", CLAIMS),
    "a nested token": lambda: with_header(lambda head: {**head, "cty": "JWT"}),
    "no kid": lambda: with_header(lambda head: {n: v for n, v in head.items() if n != "kid"}),
    "a kid that is a path": lambda: with_header(lambda head: {**head, "kid": "../../dev/null"}),
    "a kid that is SQL": lambda: with_header(lambda head: {**head, "kid": "x' OR '1'='1"}),
    "a kid that is a list": lambda: with_header(lambda head: {**head, "kid": [head["kid"]]}),
    "a key in the header": lambda: with_header(lambda head: {**head, "jwk": dict(KEY.public.members)}),
    "an address of keys": lambda: with_header(lambda head: {**head, "jku": "https://example.com/keys"}),
    "an address of a certificate": lambda: with_header(lambda head: {**head, "x5u": "https://example.com"}),
    "a certificate": lambda: with_header(lambda head: {**head, "x5c": ["MIIB"]}),
    "what must be understood": lambda: with_header(lambda head: {**head, "crit": ["b64"], "b64": False}),
    "compression": lambda: with_header(lambda head: {**head, "zip": "DEF"}),
    "a header that is a list": lambda: with_header(lambda head: [head]),
    "an encrypted token": lambda: "eyJhbGciOiJkaXIifQ..aaaa.aaaa.aaaa",
    "four parts": lambda: TOKENS.sign(KEY, KIND, CLAIMS) + ".aaaa",
    "an empty signature": lambda: TOKENS.sign(KEY, KIND, CLAIMS).rpartition(".")[0] + ".",
    "padding": lambda: TOKENS.sign(KEY, KIND, CLAIMS) + "=",
    "a line's end": lambda: TOKENS.sign(KEY, KIND, CLAIMS) + "\n",
    "a letter beyond ASCII": lambda: TOKENS.sign(KEY, KIND, CLAIMS) + "ü",
    "a lone surrogate": lambda: TOKENS.sign(KEY, KIND, CLAIMS) + "\ud800",
    "bits after the end": lambda: TOKENS.sign(KEY, KIND, CLAIMS)[:-1] + "B",
    "much too long": lambda: TOKENS.sign(KEY, KIND, {**CLAIMS, "x": "x" * 5000}),
    "nothing": lambda: "",
    "JSON serialization": lambda: json.dumps({"payload": "e30", "signatures": []}),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_are_refused(name: str) -> None:
    token = ATTACKS[name]()
    with pytest.raises(TokenInvalid):
        TOKENS.verify(token, KIND, KEY.public)


def test_a_public_key_is_no_shared_secret() -> None:
    public = KEYS["RS256"].public
    head, claims = encoded({"alg": "HS256", "typ": KIND, "kid": public.key_id}), encoded(CLAIMS)
    for secret in (json.dumps(dict(public.members)), public.members["n"]):
        seal = hmac.new(secret.encode(), f"{head}.{claims}".encode(), hashlib.sha256).digest()
        with pytest.raises(TokenInvalid):
            TOKENS.verify(f"{head}.{claims}.{encoded(seal)}", KIND, public)


@pytest.mark.parametrize(
    "content", [b"[]", b'"x"', b'{"a":1,"a":2}', b'{"a":NaN}', b"{", b"\xff", b"[" * 1500]
)
def test_claims_are_one_object(content: bytes) -> None:
    private = TOKENS._private(KEY)  # what the engine itself would never sign
    header = {"alg": "ES256", "typ": KIND, "kid": KEY.public.key_id}
    with pytest.raises(TokenInvalid):
        TOKENS.verify(jws.serialize_compact(header, content, private, ["ES256"]), KIND, KEY.public)


def test_an_algorithm_belongs_to_its_key() -> None:
    token = TOKENS.sign(KEY, KIND, CLAIMS)
    with pytest.raises(TokenInvalid, match="algorithm"):
        TOKENS.verify(token, KIND, PublicKey(KEY.public.key_id, "RS256", KEYS["RS256"].public.members))
