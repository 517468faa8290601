"""The colours of reports, in light and in dark. None says anything alone: signs, shapes, hatches and labels say it too."""

from collections.abc import Mapping

Palette = Mapping[str, str]
"""Colours as #rrggbb by what they are for."""

LIGHT: Palette = {
    "page": "#fbfaf7",
    "card": "#ffffff",
    "ink": "#1c1e21",
    "quiet": "#575c63",
    "line": "#dcd9d2",
    "axis": "#8b8f95",
    "better": "#146c5f",
    "worse": "#a8441c",
    "base": "#575c63",
    "adapted": "#24549c",
    "band": "#d9d6ce",
    "mark": "#efece4",
}
DARK: Palette = {
    "page": "#15171a",
    "card": "#1d2024",
    "ink": "#eceae5",
    "quiet": "#a9adb3",
    "line": "#34383e",
    "axis": "#747980",
    "better": "#5cc9b5",
    "worse": "#f0976b",
    "base": "#a9adb3",
    "adapted": "#8db8f5",
    "band": "#3c4148",
    "mark": "#2b2f35",
}

TEXT_COLOURS = ("ink", "quiet", "better", "worse", "base", "adapted")
"""What text is written in, at 4.5 : 1 or more on "page", "card" and "mark" (WCAG 2.2, success criterion 1.4.3)."""


def contrast(first: str, second: str) -> float:
    """Ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """Relative luminance of sRGB, 0 to 1 (WCAG 2.2, "relative luminance")."""
    channels = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
