"""Which generators hold conversations, as the settings name them."""

from collections.abc import Callable
from typing import Any, cast

from pydantic import SecretStr

from mainstay.app.generators import GeneratorSettings, unknown_fallbacks
from mainstay.app.placement import SettingsContradict
from mainstay.app.settings import Settings
from mainstay.ports.chat import CacheRule, ChatModel, Chats

_TAKEN = "mainstay/"


def chats_of(settings: Settings, pick: Callable[[str, str], Any]) -> Chats:
    """Make them with the engines that are picked; raises SettingsContradict.

    The one of `MAINSTAY_GENERATOR` stands first, by its model's name, unless another has that name.
    """
    named = dict(settings.generators)
    if settings.generator.startswith(("http://", "https://")):
        model = settings.generator_model or "default"
        key = settings.generator_key or SecretStr("")
        named = {model: GeneratorSettings(url=settings.generator, model=model, key=key), **named}
    if not named:
        return cast("Chats", pick("chat.none", "NoChats")())
    if taken := [name for name in named if name.startswith(_TAKEN)]:
        raise SettingsContradict(
            f"MAINSTAY_GENERATORS names {', '.join(taken)}: names that begin with {_TAKEN} are taken."
        )
    if unknown := unknown_fallbacks(named):
        raise SettingsContradict(
            f"MAINSTAY_GENERATORS names {', '.join(unknown)} as a fallback, which is no generator there."
        )
    upstream, limits = pick("chat.openai", "Upstream"), pick("model_server", "Limits")
    upstreams = [
        upstream(
            ChatModel(
                name,
                each.model,
                each.input_price,
                each.output_price,
                each.fallback,
                each.hide_personal_data,
                None if each.cache is None else CacheRule(**each.cache.model_dump()),
            ),
            each.url,
            each.key.get_secret_value(),
            limits(
                first_byte_s=each.first_piece_s,
                between_s=each.between_pieces_s,
                total_s=each.total_s,
                tries_max=each.tries,
                concurrency_max=each.at_once,
            ),
        )
        for name, each in named.items()
    ]
    return cast("Chats", pick("chat.openai", "OpenAIChats")(upstreams))
