from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from leitmotif_services.prototypes.bundle_writing import write_bundle
from leitmotif_services.prototypes.safetensors_bundle import load_bundle
from tests.unit.prototypes.sample_models import by_hand


def test_writers_of_the_same_model_end_with_one_bundle(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        folders = list(threads.map(lambda _: write_bundle(by_hand(), tmp_path, encoder_artifact=None), range(24)))
    assert len(set(folders)) == 1
    load_bundle(folders[0])
    assert [path.name for path in tmp_path.iterdir()] == [folders[0].name]
