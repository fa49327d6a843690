/**
 * Writes what neptune-exporter would have of a run, in its columns (the table "Parquet schema" of its README): two parts in \`DATA\`, a file in \`FILES\`.
 * Needs pyarrow.
 */
export const PYTHON_EXPORTS = `
import os
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
import pyarrow as pa
import pyarrow.parquet as pq

schema = pa.schema([
    ("project_id", pa.string()), ("run_id", pa.string()), ("attribute_path", pa.string()), ("attribute_type", pa.string()),
    ("step", pa.decimal128(18, 6)), ("timestamp", pa.timestamp("ms", tz="UTC")),
    ("int_value", pa.int64()), ("float_value", pa.float64()), ("string_value", pa.string()), ("bool_value", pa.bool_()),
    ("datetime_value", pa.timestamp("ms", tz="UTC")), ("string_set_value", pa.list_(pa.string())),
    ("file_value", pa.struct([("path", pa.string())])),
    ("histogram_value", pa.struct([("type", pa.string()), ("edges", pa.list_(pa.float64())), ("values", pa.list_(pa.float64()))])),
])
begun = datetime(2026, 2, 1, 12, 0, 0, 250000, tzinfo=timezone.utc)

def row(path, kind, value=None, step=None, time=None):
    column = {"string_series": "string", "float_series": "float", "file_series": "file", "histogram_series": "histogram"}.get(kind, kind)
    return {"project_id": "acme/wine", "run_id": "run-7", "attribute_path": path, "attribute_type": kind,
            "step": None if step is None else Decimal(step).quantize(Decimal("1.000000")), "timestamp": time, column + "_value": value}

def at(seconds):
    return datetime.fromtimestamp(begun.timestamp() + seconds, tz=timezone.utc)

fields = [
    row("sys/name", "string", "exp-a"), row("sys/creation_time", "datetime", begun), row("sys/tags", "string_set", ["t1", "a:b"]),
    row("sys/group_tags", "string_set", ["g1"]), row("sys/failed", "bool", True), row("sys/owner", "string", "ann"),
    row("sys/experiment/name", "string", "exp-a"), row("sys/description", "string", "a note"),
    row("params/lr", "float", 0.01), row("params/n", "int", 3), row("params/big", "int", 2**40), row("params/on", "bool", False),
    row("params/when", "datetime", begun), row("params/set", "string_set", ["x", "y"]), row("params/opt", "string", "adam"), row("gone", "string", None),
    row("files/model", "file", {"path": "run-7/model.bin"}), row("files/lost", "file", {"path": "run-7/lost.bin"}),
]
series = [row("metrics/loss", "float_series", 1 / (i + 1), Decimal(i) / 2, at(i)) for i in range(int(os.environ["POINTS"]))]
series += [row("metrics/nan", "float_series", float("nan"), 1, at(1)), row("monitoring/1a/stdout", "string_series", "a line", 0, at(1)),
           row("monitoring/1a/traceback", "string_series", "Traceback (most recent call last):", 0, at(2)),
           row("monitoring/1a/traceback", "string_series", "ValueError: no wine left", 1, at(2)),
           row("weights", "histogram_series", {"type": "COUNTING", "edges": [0.0, 1.0, 2.0], "values": [3.0, 4.0]}, 1, at(3))]

folder = Path(os.environ["DATA"]) / "acme_wine_1a2b"
folder.mkdir(parents=True)
for part, rows in enumerate([fields, series]):
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), folder / f"run-7_part_{part}.parquet", compression="snappy", row_group_size=40)
files = Path(os.environ["FILES"]) / "acme_wine_1a2b" / "run-7"
files.mkdir(parents=True)
(files / "model.bin").write_bytes(b"the weights")
`;
