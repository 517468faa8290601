"""Plots how the cost of a search grows with the catalogue."""

from pathlib import Path

from leitmotif_services.workshop.bench_retrieval import RetrievalReport


def plot(report: RetrievalReport, file: Path) -> None:
    """Write a picture of milliseconds and bytes over tracks; its format is that of the file's extension. OSError, ValueError."""
    from matplotlib.figure import Figure

    tracks = [size.tracks for size in report.sizes]
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    times, memory = figure.subplots(1, 2)
    lines = {
        "exact, NumPy": [size.exact_p50_ms for size in report.sizes],
        "service, p50": [size.profiles.p50_ms for size in report.sizes],
        "service, p99": [size.profiles.p99_ms for size in report.sizes],
        "bare FAISS, p50": [size.profiles.bare_p50_ms for size in report.sizes],
        "service, edited, p50": [size.edited.p50_ms for size in report.sizes],
    }
    for name, values in lines.items():
        times.plot(tracks, values, marker="o", label=name)
    times.set(xscale="log", yscale="log", xlabel="tracks", ylabel="milliseconds", title="Best 100 tracks, one thread")
    times.legend()
    memory.plot(tracks, [size.bytes_per_track for size in report.sizes], marker="o", label="rows and index")
    memory.plot(tracks, [size.index_bytes_per_track for size in report.sizes], marker="o", label="index")
    memory.set(xscale="log", yscale="log", xlabel="tracks", ylabel="bytes per track", title="Memory")
    memory.legend()
    for axes in (times, memory):
        axes.grid(visible=True, alpha=0.3)
    figure.savefig(file, dpi=150)
