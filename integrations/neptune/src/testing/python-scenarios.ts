/**
 * What a person would write with `neptune_scale` to log what `scenarios` log here, into the paths that we use. Prints, as JSON, the folder of the file of
 * each run by the name of its scenario. The client tells nothing of a failure by itself: `failure` writes it as its documentation says.
 */
export const PYTHON_SCENARIOS = `
import json, os, sys
from datetime import datetime
from neptune_scale import Run

files = {}
def start(name, capture=False):
    run = Run(run_id=name, project="acme/wine", experiment_name="wine", mode="offline", log_directory=os.environ["LOGS"],
              enable_console_log_capture=capture, runtime_namespace="logs", source_tracking_config=None)
    files.setdefault(name, []).append(str(run._operations_repository_path))
    run.add_tags(["team:red"])
    run.add_tags(["wine-1"], group_tags=True)
    return run

def end(run, status="completed", failed=False):
    run.log_configs({"sys/failed": failed})
    run.log_configs({"status": status})
    run.close()

run = start("success")
run.log_configs({"params/lr": 0.01, "params/n": 3, "params/flag": True, "params/opt": "adam", "params/none": None}, cast_unsupported=True)
run.add_tags(["baseline"])
run.log_configs({"note": "low", "sys/description": "low"})
for step in range(5):
    run.log_metrics({"metrics/loss": 1 / (step + 1), "metrics/val/acc": step / 10}, step=step)
run.log_metrics({"metrics/loss": 0.125}, step=4.5)
run.log_string_series({"logs/stdout": "a line"}, step=0.000001)
run.log_string_series({"logs/stdout": "another"}, step=0.000002)
end(run)

run = start("what it prints", capture=True)
print("a line")
print("oh", file=sys.stderr)
for letter in "by letters\\n\\n":
    sys.stdout.write(letter)
for percent in (0, 50, 100):
    sys.stderr.write("\\r%d%%" % percent)
sys.stdout.write("no end")
end(run)
print()

run = start("failure")
try:
    with run:
        run.log_metrics({"metrics/loss": 1}, step=0)
        raise TypeError("no wine left")
except TypeError as error:
    pass
again = start("failure")
again.log_configs({"error/type": "TypeError", "error/message": "no wine left"})
end(again, "failed", True)

run = start("nested config")
run.log_configs({"params": {"model": {"depth": 3, "opt": {"name": "adam", "betas": "[0.9,0.999]"}}}}, flatten=True)
end(run)

run = start("NaN and infinities")
run.log_metrics({"metrics/nan": float("nan"), "metrics/most": float("inf"), "metrics/least": float("-inf")}, step=0)
end(run)

run = start("unicode")
run.log_configs({"params/größe/x": "ü🍷 損失\\n"})
run.add_tags(["größe:ü🍷"])
run.log_metrics({"metrics/損失": 1e-300}, step=0)
end(run)

run = start("90 kB row")
run.log_configs({"params/long": "π" * 45000})
end(run)

run = start("a file")
run.assign_files({"artifacts/models/weights.bin": os.environ["WEIGHTS"]})
end(run)

run = start("resume")
run.log_metrics({"metrics/loss": 0.5}, step=0)
run.close()
run = start("resume")
run.log_metrics({"metrics/loss": 0.25}, step=1)
end(run)

run = start("an empty run")
end(run)

run = start("10,000 rows")
for step in range(10):
    run.log_metrics({f"metrics/m{i}": step + i / 1000 for i in range(1000)}, step=step)
end(run)

print(json.dumps(files))
`;

/** Decodes with the classes of neptune-api what the file \`FILE\` holds. Prints the messages as JSON, in their order. */
export const PYTHON_DECODES = `
import json, os, sqlite3
from google.protobuf.json_format import MessageToDict
from neptune_api.proto.neptune_pb.ingest.v1.common_pb2 import Run, UpdateRunSnapshot
rows = sqlite3.connect(os.environ["FILE"]).execute("SELECT operation_type, operation, operation_size_bytes FROM run_operations ORDER BY sequence_id")
decoded = []
for kind, blob, size in rows:
    message = (Run if kind == 1 else UpdateRunSnapshot).FromString(blob)
    assert message.ByteSize() == size == len(blob), "unknown bytes"
    assert len(message.SerializeToString(deterministic=True)) == size, "not the same bytes again"
    decoded.append(MessageToDict(message, preserving_proto_field_name=True))
print(json.dumps(decoded))
`;
