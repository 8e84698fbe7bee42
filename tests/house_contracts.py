"""A contract for import-linter: across folders a service is entered only by its interface."""

from collections.abc import Iterator

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


def _folder(module: str, packages: list[str]) -> tuple[str, str]:
    """Give the service that a module belongs to and the package of that service; empty when none."""
    for package in packages:
        if module.startswith(package + "."):
            name = module.removeprefix(package + ".").split(".")[0]
            return f"{package}.{name}", package
    return "", ""


class InterfacesOnly(Contract):
    """Refuses imports of a service's inner modules, but by its own folder and by `but`.

    `strangers` are packages whose folders do not know each other at all.
    """

    packages = fields.ListField(subfield=fields.StringField())
    but = fields.ListField(subfield=fields.StringField(), required=False, default=[])
    strangers = fields.ListField(subfield=fields.StringField(), required=False, default=[])

    def _wrong(self, graph: ImportGraph) -> Iterator[str]:
        packages: list[str] = list(self.packages)
        may: list[str] = list(self.but)
        for imported in sorted(graph.modules):
            folder, package = _folder(imported, packages)
            if not folder:
                continue
            for importer in sorted(graph.find_modules_that_directly_import(imported)):
                theirs, _ = _folder(importer, packages)
                if theirs == folder or any(
                    importer == each or importer.startswith(each + ".") for each in may
                ):
                    continue
                strange = package in self.strangers and theirs.startswith(package + ".")
                if strange or imported != f"{folder}.interface":
                    yield f"{importer} -> {imported}"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Find the imports that break the law."""
        output.verbose_print(verbose, "Looking at who enters which service …")
        wrong = list(self._wrong(graph))
        return ContractCheck(kept=not wrong, metadata={"wrong": wrong})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Tell them."""
        for each in check.metadata["wrong"]:
            output.print_error(f"{each}: enter a service by its interface", bold=False)
            output.new_line()
