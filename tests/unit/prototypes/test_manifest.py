"""What a manifest says of the versions that it stands for, and what was written before it said so."""

import dataclasses
import json
from datetime import UTC, datetime

import pytest

from leitmotif_services.prototypes.manifest import (
    EARLIER_SCHEMA_VERSION,
    REQUIRED_FILES,
    SCHEMA_VERSION,
    FileEntry,
    Manifest,
    parse_manifest,
)
from leitmotif_services.runtime.errors import ServiceError

OWN = Manifest(
    kind="leitmotif",
    encoder_id="e",
    encoder_sha256="0" * 64,
    track_count=3,
    prototype_count=2,
    dimension=4,
    edit_gain=1.5,
    metrics={"x": 0.5},
    created=datetime(2025, 1, 31, 12, tzinfo=UTC),
    files={path: FileEntry("1" * 64, 9) for path in REQUIRED_FILES},
)


def test_prototypes_of_its_own_make_profiles_of_its_own_version() -> None:
    assert OWN.profile_version == OWN.model_version
    assert parse_manifest(OWN.rendered()) == OWN


def test_prototypes_taken_over_keep_the_version_of_the_profiles() -> None:
    compacted = dataclasses.replace(OWN, taken_over_from=OWN.profile_version, catalogue_revision=12)
    again = dataclasses.replace(compacted, taken_over_from=compacted.profile_version, catalogue_revision=13)
    assert len({OWN.model_version, compacted.model_version, again.model_version}) == 3
    for manifest, revision in ((compacted, 12), (again, 13)):
        read = parse_manifest(manifest.rendered())
        assert (read.profile_version, read.catalogue_revision) == (OWN.model_version, revision)


def test_a_bundle_of_the_schema_before_is_read_with_its_own_hash() -> None:
    earlier = dataclasses.replace(OWN, schema_version=EARLIER_SCHEMA_VERSION)
    record = json.loads(earlier.rendered())
    assert record["schema_version"] == EARLIER_SCHEMA_VERSION
    assert not {"profile_version", "catalogue_revision"} & record.keys()
    read = parse_manifest(earlier.rendered())
    assert (read, read.profile_version, read.catalogue_revision) == (earlier, earlier.model_version, 0)
    assert read.model_version != OWN.model_version


@pytest.mark.parametrize(
    "changed",
    [
        {"taken_over_from": "../x"},
        {"taken_over_from": ""},
        {"catalogue_revision": -1},
        {"catalogue_revision": 2**63},
        {"catalogue_revision": True},
        {"catalogue_revision": 1.5},
    ],
)
def test_what_they_may_not_be(changed: dict[str, object]) -> None:
    with pytest.raises(ServiceError, match=r"manifest.json: is malformed"):
        parse_manifest(dataclasses.replace(OWN, **changed).rendered())  # type: ignore[arg-type]


def test_each_schema_has_its_own_keys() -> None:
    for manifest, other in (
        (OWN, EARLIER_SCHEMA_VERSION),
        (dataclasses.replace(OWN, schema_version=EARLIER_SCHEMA_VERSION), SCHEMA_VERSION),
    ):
        record = json.loads(manifest.rendered()) | {"schema_version": other}
        del record["manifest_sha256"]
        with pytest.raises(ServiceError, match="keys"):
            parse_manifest(json.dumps(record).encode())
