"""A report is one page that refers to nothing else, holds no script whatever the texts are, and is always the same."""

import base64
import hashlib
import re
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from leitmotif_services.evaluation.adaptation.adaptation import AdaptationResult
from leitmotif_services.evaluation.comparison.domain_terms import WeightedTerm
from leitmotif_services.evaluation.distance.distances import Distance, DistanceSettings
from leitmotif_services.evaluation.distance.domain_distance import DomainDistance
from leitmotif_services.evaluation.reports.report import pictures_of, report_html, report_of
from tests.unit.evaluation.reports.sample_results import DISTANCES, SHA, analysed, compared, perplexity

HOSTILE = [
    "<script>alert(1)</script>",
    "</style></svg></title><img src=x onerror=alert(1)>",
    "\"' onload=alert(1) x='",
    "&lt;b&gt;&amp;",
    "\x00\x08\x1b[2J",
    "\u202eevil\u202c",
    "\u2066\u200b\ufeff",
    "$\\frac{x$ \\undefined",
    "]]><!-- -->",
    "\ud800\udfff"[:1],
    "e" + "\u0301" * 60,
    "w" * 5000,
    "مرحبا",
    "中文🎻",
    "",
]
TRAINED = AdaptationResult(SHA, SHA, 120, 98_304, 3.9, 3.2, 41.2, 33.3, 812.5, 256)
RESULTS = {
    "perplexity": perplexity(),
    "comparison": compared(),
    "token_analysis": analysed(),
    "distance": DISTANCES,
    "adaptation": TRAINED,
}
LOADING = {"script", "link", "img", "iframe", "object", "embed", "base", "form", "image", "foreignobject", "a", "audio", "video"}
VOID = {"meta", "br", "img", "link", "input", "hr"}


class Page(HTMLParser):
    """Reads a page, and holds that every element that opens closes again, in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        assert len(dict(attributes)) == len(attributes)
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.words += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def words_of(page: str) -> str:
    return re.sub(r"\s+", " ", Page(page).words)


@pytest.fixture(scope="module", params=RESULTS, ids=str)
def page(request):
    return report_html("base against adapted", RESULTS[request.param], [("seed", "0")])


@pytest.fixture(scope="module")
def hostile_page():
    terms = tuple(WeightedTerm(each, 1.0, 2) for each in HOSTILE if each)
    result = replace(
        compared(texts=HOSTILE), tokens=replace(analysed(texts=HOSTILE), domain_terms=analysed(terms=terms).domain_terms)
    )
    return report_html(HOSTILE[0] + HOSTILE[1], result, [(each, each) for each in HOSTILE])


def check_alone(page: str) -> None:
    """No script, nothing from elsewhere, no style but the page's own, under a policy that allows no more."""
    read = Page(page)
    names = {name for name, _ in read.elements}
    assert not names & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "base",
        "form",
        "image",
        "foreignobject",
        "a",
        "audio",
    }
    for _, attributes in read.elements:
        assert not [name for name in attributes if name.startswith("on") or name in ("style", "src", "srcset", "action")]
        for name, value in attributes.items():
            if name.endswith("href"):
                assert value.startswith("#")
            if "url(" in (value or ""):
                assert re.fullmatch(r"url\(#[\w-]+\)", value)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    assert not re.search(r"url\(|@import|@font-face", style)
    policy = next(each["content"] for each in read.all("meta") if each.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'" in policy


def check_pictures(page: str) -> None:
    """Each is named by what it shows, is XML by itself, and its parts are found in it and nowhere else."""
    read = Page(page)
    for each in read.all("svg"):
        assert each["role"] == "img"
        assert len(each["aria-label"]) > 20
    identities = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(identities) == len(set(identities))
    for drawn in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ElementTree.fromstring(drawn)
        used = set(re.findall(r'href="#([\w-]+)"', drawn)) | set(re.findall(r"url\(#([\w-]+)\)", drawn))
        assert used <= set(re.findall(r' id="([\w-]+)"', drawn))
        assert not re.search(r"#0000[01][0-9a-f]\b", drawn)


def test_a_page_stands_alone(page):
    check_alone(page)
    check_pictures(page)


def test_a_page_is_built_for_all_who_read_it(page):
    read = Page(page)
    assert read.all("html") == [{"lang": "en"}]
    assert [name for name, _ in read.elements].count("h1") == 1
    assert len(read.all("main")) == 1
    assert all(each["scope"] in ("col", "row") for each in read.all("th"))
    assert len(read.all("caption")) == len(read.all("table")) > 0
    assert "@media print" in page
    assert "prefers-color-scheme:dark" in page


def test_the_same_result_gives_the_same_page():
    for result in RESULTS.values():
        assert report_html("title", result) == report_html("title", result)


def test_hostile_texts_do_nothing(hostile_page):
    check_alone(hostile_page)
    check_pictures(hostile_page)
    words = words_of(hostile_page)
    assert "<script>alert(1)</script>" in words
    assert "U+202Eevil" in words
    assert "U+0000U+0008U+001B[2J" in words
    assert "w" * 81 not in hostile_page
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]", hostile_page)
    hostile_page.encode()


def test_what_was_found_comes_first():
    assert "Adapting helped on this text: perplexity is" in words_of(report_html("", compared(shift=-0.3)))
    assert "Adapting made it worse on this text" in words_of(report_html("", compared(shift=0.3)))
    paired = replace(compared().paired, ratio=1.01, ratio_ci95=(0.98, 1.04), p_value=0.4)
    assert "Whether adapting helped cannot be told" in words_of(report_html("", replace(compared(), paired=paired)))


def test_a_doubt_is_told():
    paired = replace(compared().paired, ratio=0.9, ratio_ci95=(0.85, 0.95), p_value=0.2)
    assert "Interval and p-value do not agree" in words_of(report_html("", replace(compared(), paired=paired)))
    one = replace(compared().paired, ratio=0.9, ratio_ci95=(0.0, float("inf")), units="blocks", unit_count=1, p_value=1.0)
    words = words_of(report_html("", replace(compared(), paired=one)))
    assert "There is no interval: too little spread to draw from in 1 block." in words
    assert "blocks of 256 tokens were drawn instead" in words


@pytest.mark.parametrize(
    ("z", "found"),
    [
        ((5.0, 9.0), "far from the reference, and all 2 measures say so"),
        ((0.2, -1.0), "cannot be told from the reference"),
        ((0.2, 40.0), "1 of 2 measures tell"),
        ((float("inf"), float("-inf")), "1 of 2 measures tell"),
    ],
)
def test_distances_are_judged_beside_their_nulls(z, found):
    page = report_html("", [Distance("l2", 1.0, 0.5, 0.1, z[0]), Distance("jsd", 0.2, 0.1, 0.01, z[1])])
    assert found in words_of(page)
    check_pictures(page)


def test_distances_tell_what_they_are_of():
    by_words = DomainDistance(DISTANCES[3:], 1480, 289)
    words = words_of(report_html("", by_words))
    assert "passages of the domain1 480" in words
    assert "embedded by" not in words
    assert f"embedded by, SHA-256{SHA}" in words_of(report_html("", replace(by_words, dimension=768, model_sha256=SHA)))
    assert pictures_of(by_words) == pictures_of(DISTANCES[3:])


def test_an_adaptation_without_held_out_text_claims_nothing():
    assert "Nothing was held out" in words_of(report_html("", replace(TRAINED, base_perplexity=0.0, adapted_perplexity=0.0)))
    assert "fell: 41.20 before, 33.30 after" in words_of(report_html("", TRAINED))


def test_figures_beyond_all_bounds_are_shown():
    broken = perplexity(nll_sum=1e9)
    assert "∞" in words_of(report_html("", broken))
    tokens = analysed()
    endless = tuple(replace(each, base_perplexity=float("inf"), adapted_perplexity=float("inf")) for each in tokens.without_worst)
    page = report_html(
        "", replace(tokens, mean_change=2000.0, without_worst=endless, change_edges=(), change_counts=(), top_tokens=())
    )
    assert "cannot be told" in words_of(page)


def test_pictures_are_of_what_there_is():
    assert pictures_of(perplexity()) == []
    assert len(pictures_of(DISTANCES)) == 1
    assert len(pictures_of(compared())) == len(pictures_of(analysed())) == 5
    assert len(pictures_of(replace(analysed(), domain_terms=()))) == 4


@dataclass(frozen=True)
class Spec:
    model: str
    settings: DistanceSettings
    encoder: str | None = None


def test_the_settings_of_a_job_are_named():
    words = words_of(report_of(Spec("models/<b>", DistanceSettings(seed=7)), DISTANCES, title="law"))
    for each in ("modelmodels/<b>", "passage words100", "seed7", "law"):
        assert each in words
    assert "encoder" not in words


def test_no_report_of_what_is_no_result():
    with pytest.raises(TypeError):
        report_html("", object())
    with pytest.raises(TypeError):
        report_of(object(), perplexity())
