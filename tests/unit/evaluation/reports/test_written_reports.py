"""`--report` and `--plot` of the commands on local folders."""

import pytest
from typer.testing import CliRunner

from leitmotif_services.evaluation.commands import lm

TEXT = "the fugue of a slow key is heard before it comes back in another voice and then it ends"
WORDS = tuple(TEXT.split())


@pytest.fixture
def texts(tmp_path):
    """Arguments of a distance by words alone."""
    for name, step in (("domain.txt", 3), ("reference.txt", 5)):
        (tmp_path / name).write_text(" ".join(WORDS[(place * place * step) % len(WORDS)] for place in range(400)))
    domain, reference = (str(tmp_path / name) for name in ("domain.txt", "reference.txt"))
    return ["distance", "--domain", domain, "--reference", reference, "--passage-words", "16", "--null-samples", "20"]


def run(*arguments):
    return CliRunner().invoke(lm, [str(each) for each in arguments])


def test_a_page_and_a_picture_are_written(texts, tmp_path):
    page, picture = tmp_path / "distance.html", tmp_path / "distance.png"
    page.write_text("what stood here")
    done = run(*texts, "--report", page, "--plot", picture, "--json")
    assert done.exit_code == 0, done.output
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert "domain.txt from reference.txt" in page.read_text()
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert page.stat().st_mode & 0o444 == 0o444
    assert {each.name for each in tmp_path.iterdir()} == {"domain.txt", "reference.txt", "distance.html", "distance.png"}


def test_the_same_command_writes_the_same_bytes(texts, tmp_path):
    page = tmp_path / "distance.html"
    written = []
    for _ in range(2):
        assert run(*texts, "--report", page).exit_code == 0
        written.append(page.read_bytes())
    assert written[0] == written[1]


@pytest.mark.parametrize("option", ["--report", "--plot"])
def test_a_missing_folder_is_told_before_any_work(texts, tmp_path, option):
    texts[2] = str(tmp_path / "no-such-text")  # would be the failure if it were looked for first
    refused = run(*texts, option, tmp_path / "nowhere" / "file")
    assert refused.exit_code == 2
    assert "there is no folder" in " ".join(refused.output.replace("│", " ").split())


def test_a_folder_is_no_file(texts, tmp_path):
    refused = run(*texts, "--report", tmp_path)
    assert refused.exit_code == 2
    assert "is a folder" in " ".join(refused.output.replace("│", " ").split())


def test_page_and_picture_need_a_file_each(texts, tmp_path):
    assert run(*texts, "--report", tmp_path / "one", "--plot", tmp_path / "one").exit_code == 2
