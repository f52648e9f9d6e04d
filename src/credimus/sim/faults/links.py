"""Trouble between computers: cuts of many shapes, links that flap, links that lose."""

from typing import Annotated

from msgspec import Meta

from credimus.kernel.instant import MILLISECOND
from credimus.sim.faults.fault import Fault, Scene, Span
from credimus.sim.network import Link, links_between


class _Cut(Fault, frozen=True):
    """Cuts some links for a while."""

    lasts_ms: Span = (300, 4_000)
    """How long the cut lasts, in ms."""

    def links(self, scene: Scene) -> list[Link]:
        """Those that it cuts this time."""
        raise NotImplementedError

    def strike(self, scene: Scene) -> None:
        """Cut, and mend later."""
        links, network = self.links(scene), scene.fleet.network
        scene.note(self.kind)
        network.cut(links)
        scene.later(scene.drawn_ns(self.lasts_ms), network.mend, links)

    def group(self, scene: Scene) -> list[int]:
        """The computers named, or up to half of all."""
        if self.places:
            return [host.place for host in self.hosts(scene)]
        places = list(scene.fleet.places)
        return scene.stream.sample(places, scene.stream.between(1, max(1, len(places) // 2)))


class Partition(_Cut, frozen=True, tag="partition"):
    """Splits the fleet in two: `places`, or some, and the others hear nothing of each other."""

    def links(self, scene: Scene) -> list[Link]:
        """Both directions of all links between the halves."""
        return links_between(self.group(scene), scene.fleet.places)


class OneWay(_Cut, frozen=True, tag="one-way"):
    """A group hears nobody, or nobody hears it; the other direction works."""

    def links(self, scene: Scene) -> list[Link]:
        """One direction of all links between the halves."""
        group = frozenset(self.group(scene))
        deaf = scene.stream.happens(500_000)
        return [
            link for link in links_between(group, scene.fleet.places) if (link[1] in group) is deaf
        ]


class Bridge(_Cut, frozen=True, tag="bridge"):
    """Two groups hear nothing of each other, while one computer hears both and is heard by both."""

    def links(self, scene: Scene) -> list[Link]:
        """Both directions of all links between the groups, but for the bridge's."""
        group = self.group(scene)
        outside = [place for place in scene.fleet.places if place not in group]
        bridge = scene.stream.choose(outside) if outside else -1
        return [link for link in links_between(group, scene.fleet.places) if bridge not in link]


class Ragged(_Cut, frozen=True, tag="ragged"):
    """Cuts links one by one, each in one direction, up to half of all."""

    def links(self, scene: Scene) -> list[Link]:
        """Any links, of any of `places`."""
        links = _links_of(self, scene)
        return scene.stream.sample(links, scene.stream.between(1, max(1, len(links) // 2)))


class Flapping(Fault, frozen=True, tag="flapping"):
    """One link goes down and up again, over and over, for a while."""

    lasts_ms: Span = (500, 3_000)
    """How long it flaps, in ms."""
    down_ms: Span = (10, 200)
    """How long it is down at a time, in ms."""
    up_ms: Span = (10, 200)
    """How long it is up at a time, in ms."""

    def strike(self, scene: Scene) -> None:
        """Choose a link and let it flap."""
        links = _links_of(self, scene)
        if links:
            scene.note(self.kind)
            until_ns = scene.fleet.agenda.now_ns + scene.drawn_ns(self.lasts_ms)
            self._down(scene, scene.stream.choose(links), until_ns)

    def _down(self, scene: Scene, link: Link, until_ns: int) -> None:
        if scene.fleet.agenda.now_ns < until_ns:
            both = [link, link[::-1]]
            scene.fleet.network.cut(both)
            scene.later(scene.drawn_ns(self.down_ms), self._up, scene, link, until_ns)

    def _up(self, scene: Scene, link: Link, until_ns: int) -> None:
        scene.fleet.network.mend([link, link[::-1]])
        pause_ns = max(scene.drawn_ns(self.up_ms), MILLISECOND)
        scene.later(pause_ns, self._down, scene, link, until_ns)


class BadLink(Fault, frozen=True, tag="bad-link"):
    """One direction of one link loses most messages for a while."""

    lasts_ms: Span = (500, 4_000)
    """How long it does, in ms."""
    loss_ppm: Annotated[int, Meta(ge=1, le=1_000_000)] = 700_000
    """How many messages it loses, in ppm."""

    def strike(self, scene: Scene) -> None:
        """Wear a link, and repair it later."""
        links = _links_of(self, scene)
        if links:
            scene.note(self.kind)
            link, network = scene.stream.choose(links), scene.fleet.network
            network.wear(link, self.loss_ppm)
            scene.later(scene.drawn_ns(self.lasts_ms), network.wear, link, 0)


def _links_of(fault: Fault, scene: Scene) -> list[Link]:
    """Every directed link that begins at a computer which the fault may strike."""
    return [
        (host.place, other)
        for host in fault.hosts(scene)
        for other in scene.fleet.places
        if other != host.place
    ]
