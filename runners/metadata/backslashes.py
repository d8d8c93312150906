"""Has ML Metadata keep backslashes on PostgreSQL, where it cannot write any.

It takes the quotes from what PQescapeLiteral returns and puts its own around it. Of a text with a
backslash that is more than quotes: the statement is no SQL, and the node fails. JSON within JSON
has backslashes, names beyond ASCII have them in JSON, and messages may have any. So they are stored
as another sign, one that Unicode leaves to private use.
"""

from collections.abc import Iterable
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from ml_metadata import MetadataStore

_BACKSLASH, _STAND_IN = "\\", "\ue05c"


def keep_backslashes() -> None:
    """Changes, in this process, what stores send and receive; of a second call nothing changes."""
    if getattr(MetadataStore._call, "keeps_backslashes", False):  # noqa: SLF001 - nothing else sees all
        return
    send = MetadataStore._call  # noqa: SLF001

    def call(
        store: MetadataStore, method_name: str, request: Message, response: Message, *options: Any
    ) -> None:
        sent = type(request)()
        sent.CopyFrom(request)
        _replace(sent, _BACKSLASH, _STAND_IN)
        send(store, method_name, sent, response, *options)
        _replace(response, _STAND_IN, _BACKSLASH)

    call.keeps_backslashes = True  # type: ignore[attr-defined]
    MetadataStore._call = call  # noqa: SLF001


def _replace(message: Message, sign: str, by: str) -> None:
    """Replaces a sign in all texts of a message, if there is one at all."""
    if sign.encode() in message.SerializeToString():
        _replace_in(message, sign, by)


def _replace_in(message: Message, sign: str, by: str) -> None:
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            for nested in _list_messages(field, value):
                _replace_in(nested, sign, by)
        elif field.type == field.TYPE_STRING and field.is_repeated:
            value[:] = [text.replace(sign, by) for text in value]
        elif field.type == field.TYPE_STRING:
            setattr(message, field.name, value.replace(sign, by))


def _list_messages(field: FieldDescriptor, value: Any) -> Iterable[Message]:
    if field.message_type.GetOptions().map_entry:
        return [each for each in value.values() if isinstance(each, Message)]
    return value if field.is_repeated else [value]
