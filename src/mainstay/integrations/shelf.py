"""A collection as a framework sees it: texts under ids of its own, stored, given, deleted, found."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from mainstay.client import Mainstay
from mainstay.kit.clock import SystemClock
from mainstay.kit.errors import NotFound
from mainstay.kit.ids import Ids
from mainstay.kit.random import SystemRandom

Item = TypeVar("Item")

_STORED_AT_ONCE = 500
_LOOKED_UP_AT_ONCE = 50
_PAGE = 500
_IDS = Ids(SystemClock(), SystemRandom())


def new_id() -> str:
    """Give an id that no text has."""
    return _IDS.new("text")


@dataclass(frozen=True)
class Place:
    """The document that a text is stored as: its id, and what replacing the text must not change."""

    doc_id: str
    title: str
    groups: Sequence[str] | None


@dataclass(frozen=True)
class Text:
    """A text with its metadata; what was found has a score from 0 to 1, what was read its place."""

    id: str
    text: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    score: float = 0.0
    place: Place | None = None


class NotStored(ValueError):
    """Some texts could not be stored; the others are."""


class Shelf:
    """One collection of a server.

    A collection is a space of ids of its own to a framework, while ids of documents are the tenant's: so a
    text is the document `<id>@<collection>`. Documents that came another way keep the id that they have, and
    are given, replaced and deleted by it too.
    """

    def __init__(
        self, collection: str, url: str | None, key: str | None, groups: Sequence[str] | None = None
    ) -> None:
        """Take the collection, where the server is, and to whom texts are kept.

        None: new texts are for everybody, and those that are replaced stay with the groups that they have.
        """
        self.collection = collection
        self.server = Mainstay(url, key)
        self._groups = None if groups is None else list(groups)
        self._mark = f"@{collection}"

    def add(self, texts: Sequence[Text]) -> None:
        """Store texts, which are searchable then: in their places, else as new ones; raises NotStored."""
        wrong: list[str] = []
        for portion in _portions(texts, _STORED_AT_ONCE):
            documents = [self._sent(each) for each in portion]
            batch = self.server.knowledge.add_documents(self.collection, documents, wait=True)
            failed = [receipt.problem or {} for receipt in batch.documents if receipt.state == "failed"]
            wrong += [f"{each.get('title')}: {each.get('detail')}" for each in failed]
        if wrong:
            raise NotStored(f"{len(wrong)} texts were not stored. {'; '.join(wrong[:5])}")

    def put(self, texts: Sequence[Text]) -> None:
        """Store texts, each in the place of the one with its id where there is one; raises NotStored."""
        there = self._present([each.id for each in texts])
        self.add([replace(each, place=there[each.id].place) if each.id in there else each for each in texts])

    def get(self, ids: Sequence[str]) -> list[Text]:
        """Give those of some texts that are there, in their order."""
        found = self._present(ids)
        return [found[each] for each in ids if each in found]

    def present(self, ids: Sequence[str]) -> set[str]:
        """Say which of some texts are there."""
        return set(self._present(ids))

    def delete(self, ids: Sequence[str]) -> int:
        """Delete those of some texts that are there, at once and for good; count them."""
        return self.remove(self._standing(ids))

    def remove(self, texts: Iterable[Text]) -> int:
        """Delete texts that were read, at once and for good; count them."""
        doc_ids = [each.place.doc_id for each in texts if each.place is not None]
        return sum(
            len(self.server.knowledge.delete_documents(list(portion)).doc_ids)
            for portion in _portions(doc_ids, _STORED_AT_ONCE)
        )

    def delete_all(self) -> None:
        """Delete the collection, if it is there."""
        try:
            self.server.knowledge.delete_collection(self.collection)
        except NotFound:
            return

    def count(self) -> int:
        """Count the texts that the key may see."""
        try:
            return self.server.knowledge.get_collection(self.collection).documents
        except NotFound:
            return 0

    def all(self) -> Iterator[Text]:
        """Give all texts, by id."""
        after: str | None = None
        while True:
            try:
                page = self.server.knowledge.list_documents(self.collection, after, _PAGE)
            except NotFound:
                return
            yield from self._looked_up([each.doc_id for each in page.documents])
            after = page.next
            if after is None:
                return

    def find(self, query: str, k: int, filters: Mapping[str, Any] | None, *, passages: bool) -> list[Text]:
        """Find the texts nearest to a query, best first; nothing in a collection that is not there yet."""
        if not query.strip():
            return []
        try:
            hits = self.server.knowledge.search(
                query,
                top_k=k,
                collection=self.collection,
                filters=None if not filters else dict(filters),
                group="passage" if passages else "document",
            )
        except NotFound:
            return []
        return [Text(self._theirs(hit.doc_id), hit.snippet, hit.metadata, hit.score) for hit in hits]

    def _sent(self, text: Text) -> dict[str, Any]:
        place = text.place or Place(self._mine(text.id), "", None)
        sent = {"doc_id": place.doc_id, "text": text.text, "metadata": dict(text.metadata)}
        groups = place.groups if self._groups is None else self._groups
        if groups is not None:
            sent["groups"] = list(groups)
        return {**sent, "title": place.title} if place.doc_id == text.id else sent

    def _present(self, ids: Sequence[str]) -> dict[str, Text]:
        return {text.id: text for text in self._standing(ids)}

    def _standing(self, ids: Sequence[str]) -> Iterator[Text]:
        """Read the texts that have these ids; where a document has one too, the text comes after it."""
        return self._looked_up(list(dict.fromkeys([*ids, *map(self._mine, ids)])))

    def _looked_up(self, doc_ids: Sequence[str]) -> Iterator[Text]:
        for portion in _portions(doc_ids, _LOOKED_UP_AT_ONCE):
            for found in self.server.knowledge.get_documents(list(portion)):
                if found.collection == self.collection:
                    place = Place(found.doc_id, found.title, found.groups)
                    yield Text(self._theirs(found.doc_id), found.text, found.metadata, place=place)

    def _mine(self, given: str) -> str:
        return given + self._mark

    def _theirs(self, doc_id: str) -> str:
        return doc_id.removesuffix(self._mark)


def _portions(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
