"""Fits a drawing into a page whose policy allows no styles but its own: colours become classes, which go from light to dark."""

import hashlib
import re
from xml.etree import ElementTree

from leitmotif_services.evaluation.reports.palette import LIGHT, Palette
from leitmotif_services.evaluation.reports.visible_text import harmless

STAND_INS: Palette = {name: f"#0000{place:02x}" for place, name in enumerate(LIGHT, 1)}
"""Colours that nothing else has: what a drawing is drawn in before its colours become classes."""
_NAME_OF = {colour: name for name, colour in STAND_INS.items()}
_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"


def svg_for_a_page(drawn: bytes, finding: str) -> str:
    """A drawing in the stand-ins as an element: colours as classes, other styles as attributes, ids of its own."""
    root = ElementTree.fromstring(drawn)  # noqa: S314 - of this program's own drawing
    for parent in list(root.iter()):
        for child in list(parent):
            if not isinstance(child.tag, str) or child.tag.removeprefix(_SVG) in ("metadata", "style", "title"):
                parent.remove(child)
    used = {each for element in root.iter() for value in element.attrib.values() for each in re.findall(r"#([\w-]+)", value)}
    prefix = f"c{hashlib.sha256(ElementTree.tostring(root)).hexdigest()[:10]}-"
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
        _restyle(element)
        identity = element.attrib.pop("id", None)
        if identity is not None and identity in used:
            element.set("id", prefix + identity)
        for name, value in list(element.attrib.items()):
            if name == _LINK:
                del element.attrib[name]
                element.set("href", f"#{prefix}{value.removeprefix('#')}")
            elif "url(#" in value:
                element.set(name, value.replace("url(#", f"url(#{prefix}"))
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.set("role", "img")
    root.set("aria-label", harmless(finding))
    return ElementTree.tostring(root, encoding="unicode")


def _restyle(element: ElementTree.Element) -> None:
    declared = [each.partition(":") for each in element.attrib.pop("style", "").split(";") if each.strip()]
    classes = []
    for name, _, value in ((name.strip(), colon, value.strip()) for name, colon, value in declared):
        if name in ("fill", "stroke") and value in _NAME_OF:
            classes.append(f"{name}-{_NAME_OF[value]}")
        elif name == "font":
            size = re.search(r"([\d.]+)px", value)
            element.set("font-size", size[1] if size else "10")
        elif name != "font-family":
            element.set(name, value)
    coloured = [name for name in ("fill", "stroke") if element.get(name) in _NAME_OF]
    classes += [f"{name}-{_NAME_OF[element.attrib.pop(name)]}" for name in coloured]
    if classes:
        element.set("class", " ".join(classes))
