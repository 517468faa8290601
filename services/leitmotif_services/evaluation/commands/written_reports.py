"""Writing what was found as a page or a picture, once what takes minutes is done; where it cannot be written is told before."""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leitmotif.cli.console import fail, needs_extra, stderr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leitmotif_services.evaluation.reports.report import Reported

ReportOption = Annotated[Path | None, typer.Option(help="Write one HTML page here, its pictures inside.")]
PlotOption = Annotated[Path | None, typer.Option(help="Write the pictures as one PNG here.")]

_NOT_SETTINGS = ("report", "plot", "json")


class Outputs:
    """The files to write; ends the command at once where a folder is missing or cannot be written to."""

    def __init__(self, *, report: Path | None = None, plot: Path | None = None) -> None:
        self._report = report
        self._plot = plot
        for path, option in ((report, "--report"), (plot, "--plot")):
            if path is not None:
                _check(path, option)
        if report is not None and report == plot:
            raise typer.BadParameter("must be another file than that of --report", param_hint="--plot")
        if report or plot:
            with needs_extra("evaluation"):
                import leitmotif_services.evaluation.reports.matplotlib_charts  # noqa: F401 - rather now than after minutes

    def write(self, title: str, result: "Reported", settings: "Mapping[str, object]") -> None:
        """Write what was asked for; `settings` are the command's arguments by name."""
        if not (self._report or self._plot):
            return
        from leitmotif_services.evaluation.reports.matplotlib_charts import png
        from leitmotif_services.evaluation.reports.report import pictures_of, report_html

        shown = [
            (name.replace("_", " "), str(value))
            for name, value in settings.items()
            if name not in _NOT_SETTINGS and value is not None
        ]
        if self._report is not None:
            _write(self._report, report_html(title, result, shown).encode("utf-8", "backslashreplace"))
        if self._plot is not None:
            _write(self._plot, png(pictures_of(result)))


def _check(path: Path, option: str) -> None:
    if path.is_dir():
        raise typer.BadParameter(f"{str(path)!r} is a folder, a file is needed", param_hint=option)
    if not path.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {str(path.parent)!r}", param_hint=option)
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise typer.BadParameter(f"the folder {str(path.parent)!r} cannot be written to", param_hint=option)


def _write(path: Path, content: bytes) -> None:
    """All of it or nothing: what stood there stays until the new is whole."""
    try:
        if path.exists() and not path.is_file():  # such as /dev/stdout: it cannot be replaced
            path.write_bytes(content)
            return
        target = path.resolve()
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o666 & ~umask)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        fail(f"cannot write {str(path)!r}: {error.strerror}")
    stderr.print(f"written: {path}", markup=False, soft_wrap=True)
