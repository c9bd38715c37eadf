"""A plan, as JSON, and what tests ask of it."""

from typing import Any

import msgspec

from tests.infra.terraform import Json


class Grant(msgspec.Struct, frozen=True, order=True):
    """One member's role on one thing; `on` is empty for the whole project."""

    member: str
    role: str
    on: str = ""


class Plan:
    """What would be made."""

    def __init__(self, content: Json) -> None:
        self._made: dict[str, Json] = {
            change["address"]: change["change"]["after"]
            for change in content["resource_changes"]
            if change["mode"] == "managed"
        }
        self._outputs: Json = {name: change.get("after") for name, change in content["output_changes"].items()}

    def all(self) -> dict[str, Json]:
        """Every resource by its address."""
        return dict(self._made)

    def of(self, kind: str) -> dict[str, Json]:
        """The resources of a type, or of a type and a name, by address."""
        return {address: made for address, made in self._made.items() if address.startswith((f"{kind}.", f"{kind}["))}

    def at(self, address: str) -> Json:
        """The resource at an address."""
        return self._made[address]

    def output(self, name: str) -> Any:
        """An output's value, as far as it is known before anything is made."""
        return self._outputs[name]

    def grants(self) -> list[Grant]:
        """Every grant to a member, on whatever."""
        return sorted(
            Grant(made["member"], made["role"], _on(made))
            for address, made in self._made.items()
            if "_iam_member." in address
        )


def _on(made: Json) -> str:
    places = ("bucket", "topic", "subscription", "service", "repository", "crypto_key_id", "service_account_id")
    return next((str(made[place]) for place in places if made.get(place) is not None), "")
