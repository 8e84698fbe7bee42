"""Values for the operations on stored files and vector stores."""

from mainstay.kernel.interface import Upload
from transports.worlds import COLLECTION, DOC, NOWHERE, Sample, Values, World, plain

_LONG = "x" * 600
_NOTE = Upload("note.txt", "text/plain", "A note about the ferry – ü.".encode())


def _file(world: World, _mark: str = "") -> Values:
    """Store a file that may be used up."""
    return {"file_id": world.call("files.upload_file", file=_NOTE)["file_id"]}


def _kept_file(world: World, _mark: str = "") -> Values:
    """Give a file, the same each time: what is read must stay the same at every door."""
    found = world.call("files.list_files", purpose="vision")["files"]
    kept = found or [world.call("files.upload_file", file=_NOTE, purpose="vision")]
    return {"file_id": kept[0]["file_id"]}


def _begun(world: World, _mark: str = "") -> Values:
    """Begin an upload of a note."""
    begun = world.call("files.start_upload", name="note.txt", size=len(_NOTE.content))
    return {"upload_id": begun["upload_id"]}


def _sent(world: World, mark: str) -> Values:
    """Begin an upload and send all of it."""
    begun = _begun(world, mark)
    part = world.call("files.add_upload_part", **begun, file=_NOTE)
    return {**begun, "part_ids": [part["part_id"]]}


def _of_kept_file(world: World, _mark: str) -> Values:
    _kept_file(world)
    return {"purpose": "vision", "limit": 1}


def _store(world: World, mark: str) -> Values:
    return {"store_id": world.call("knowledge.create_vector_store", name=f"For {mark}")["store_id"]}


def _attached(world: World, mark: str) -> Values:
    """Give a store with a file in it."""
    store, file = _store(world, mark), _file(world)
    batch = world.call("knowledge.attach_files", **store, files=[file])
    world.running.calm()
    return {**store, **file, "batch_id": batch["batch_id"]}


def _kept(world: World, *names: str) -> Values:
    """Give a store with a file in it, the same each time; it is no collection that others search."""
    stores = world.call("knowledge.list_vector_stores", limit=100)["stores"]
    store_id = next((each["store_id"] for each in stores if each["name"] == "Kept"), None)
    if store_id is None:
        store_id = world.call("knowledge.create_vector_store", name="Kept")["store_id"]
        world.call("knowledge.attach_files", store_id=store_id, files=[_kept_file(world)])
        world.running.calm()
    [file] = world.call("knowledge.list_attached_files", store_id=store_id)["files"]
    return {name: file[name] for name in names}


def _only(values: Values, *names: str) -> Values:
    return {name: values[name] for name in names}


def _two_documents(world: World, mark: str) -> Values:
    doc_ids = [f"set {mark} {number}" for number in range(2)]
    documents = [{"doc_id": doc_id, "text": "Words."} for doc_id in doc_ids]
    world.call("knowledge.add_documents", collection="sets", documents=documents, wait=True)
    return {"doc_ids": [*doc_ids, NOWHERE]}


FILES: dict[str, Sample] = {
    "knowledge.get_documents": Sample(plain(doc_ids=[DOC, "other", NOWHERE]), {"doc_ids": []}),
    "knowledge.delete_documents": Sample(_two_documents, {"doc_ids": []}),
    "files.upload_file": Sample(
        plain(file=_NOTE, purpose="user_data", groups=["*"], expires_in_s=3600),
        {"purpose": "mischief", "expires_in_s": 1},
    ),
    "files.list_files": Sample(_of_kept_file, {"limit": 0}),
    "files.get_file": Sample(_kept_file, {"file_id": "no id!"}, {"file_id": NOWHERE}),
    "files.get_file_part": Sample(
        lambda world, _: {**_kept_file(world), "part": 1}, {"part": 0}, {"file_id": NOWHERE}
    ),
    "files.start_upload": Sample(
        plain(name="Überfahrt.txt", size=20, media_type="text/plain", purpose="batch", expires_in_s=3600),
        {"name": "a/b", "size": 0},
    ),
    "files.add_upload_part": Sample(
        lambda world, mark: {**_begun(world, mark), "file": _NOTE},
        {"upload_id": "no id!"},
        {"upload_id": NOWHERE},
    ),
    "files.complete_upload": Sample(_sent, {"part_ids": []}, {"upload_id": NOWHERE}),
    "files.cancel_upload": Sample(_begun, {"upload_id": "no id!"}, {"upload_id": NOWHERE}),
    "files.delete_file": Sample(_file, {"file_id": "no id!"}, {"file_id": NOWHERE}),
    "knowledge.create_vector_store": Sample(
        lambda _, mark: {
            "name": f"Über {mark}",
            "metadata": {"team": "ü"},
            "expires_days": 30,
            "chunk_tokens_max": 100,
        },
        {"name": _LONG, "expires_days": -1},
    ),
    "knowledge.list_vector_stores": Sample(plain(limit=1, order="asc"), {"limit": 101}, {"after": NOWHERE}),
    "knowledge.get_vector_store": Sample(
        plain(store_id=COLLECTION), {"store_id": _LONG}, {"store_id": NOWHERE}
    ),
    "knowledge.update_vector_store": Sample(
        lambda world, mark: {**_store(world, mark), "name": "Änderung", "metadata": {"a": "b"}},
        {"name": _LONG},
        {"store_id": NOWHERE},
    ),
    "knowledge.delete_vector_store": Sample(_store, {"store_id": _LONG}, {"store_id": NOWHERE}),
    "knowledge.attach_files": Sample(
        lambda world, mark: {
            **_store(world, mark),
            "files": [{**_file(world), "attributes": {"year": 2026, "new": True}}],
        },
        {"files": []},
        {"store_id": NOWHERE},
    ),
    "knowledge.list_attached_files": Sample(
        lambda world, _: {**_kept(world, "store_id", "batch_id"), "limit": 5},
        {"limit": 0},
        {"store_id": NOWHERE},
    ),
    "knowledge.get_attached_file": Sample(
        plain(store_id=COLLECTION, file_id=DOC), {"file_id": _LONG}, {"file_id": NOWHERE}
    ),
    "knowledge.update_attached_file": Sample(
        lambda world, mark: {
            **_only(_attached(world, mark), "store_id", "file_id"),
            "attributes": {"year": 2025},
        },
        {"attributes": {"no field!": 1}},
        {"file_id": NOWHERE},
    ),
    "knowledge.detach_file": Sample(
        lambda world, mark: _only(_attached(world, mark), "store_id", "file_id"),
        {"file_id": _LONG},
        {"file_id": NOWHERE},
    ),
    "knowledge.get_file_batch": Sample(
        lambda world, _: _kept(world, "store_id", "batch_id"),
        {"batch_id": "no id!"},
        {"batch_id": NOWHERE},
    ),
    "knowledge.cancel_file_batch": Sample(
        lambda world, mark: _only(_attached(world, mark), "store_id", "batch_id"),
        {"batch_id": "no id!"},
        {"batch_id": NOWHERE},
    ),
    "knowledge.search_vector_stores": Sample(
        plain(store_ids=[COLLECTION], queries=["rotate keys"], top_k=3, filters={"not": {"year": 1999}}),
        {"queries": [], "top_k": 51},
        {"store_ids": [NOWHERE]},
    ),
}
