"""Rows of Parquet files, as those of CSV files come: texts by column."""

from collections.abc import Iterator
from pathlib import Path

from leitmotif_services.workshop.listening.table_rows import TableError

_ROWS_AT_ONCE = 65_536


def parquet_rows(path: Path, *, required: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Row number (the first is row 2, as below a header) and values by column, as text; a null is empty.

    TableError for a file that cannot be read, is not Parquet, lacks a required column or names one twice, or has nested
    columns. A batch of rows is in memory at a time.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            names = [field.name for field in file.schema_arrow]
            missing = [name for name in required if name not in names]
            if missing:
                raise TableError(f"{path.name}: must have the columns {', '.join(required)}; {missing[0]} is missing")
            if len(set(names)) != len(names):
                raise TableError(f"{path.name}: two columns have the same name")
            nested = [field.name for field in file.schema_arrow if pa.types.is_nested(field.type)]
            if nested:
                raise TableError(f"{path.name}: the column {nested[0]} holds no plain values")
            row = 2
            for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE):
                columns = [column.to_pylist() for column in batch.columns]
                for values in zip(*columns, strict=True):
                    yield row, {name: _text(value) for name, value in zip(names, values, strict=True)}
                    row += 1
    except pa.ArrowException as error:
        raise TableError(f"{path.name}: is not Parquet: {error}") from error
    except OSError as error:
        raise TableError(f"{path.name}: cannot be read: {error.strerror or error}") from error


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()
