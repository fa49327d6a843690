/** Plays scenarios with Comet's own Python client: `SCENARIOS` is the path of their JSON, `OFFLINE` a folder for archives, or empty. */
export const PLAY = `
import json, os
import comet_ml

QUIET = dict(log_code=False, log_graph=False, auto_output_logging=False, auto_log_co2=False, log_git_metadata=False, log_git_patch=False,
             log_env_details=False, parse_args=False, display_summary_level=0)
OFFLINE = os.environ["OFFLINE"]

def begin(key):
    if OFFLINE:
        return comet_ml.OfflineExperiment(experiment_key=key, offline_directory=OFFLINE, **QUIET)
    return comet_ml.Experiment(experiment_key=key, **QUIET)

def log(experiment, rows):
    for row in rows:
        experiment.log_metrics({name: float(value) for name, value in row["values"].items()}, step=row["step"])

for scenario in json.load(open(os.environ["SCENARIOS"])):
    experiment = begin(scenario["key"])
    experiment.set_name(scenario["name"])
    if scenario["labels"]:
        experiment.add_tags(scenario["labels"])
    if scenario["params"]:
        experiment.log_parameters(scenario["params"])
    for name, value in scenario["others"].items():
        experiment.log_other(name, value)
    if "page" in scenario:
        experiment.log_html(scenario["page"], clear=True)
    for asset in scenario["assets"]:
        experiment.log_asset_data(asset["text"].encode(), name=asset["path"], overwrite=True)
    rows = scenario["rows"]
    first = len(rows) - scenario["resumedRows"]
    log(experiment, rows[:first])
    if scenario["resumedRows"] and not OFFLINE:
        experiment.end()
        experiment = comet_ml.ExistingExperiment(previous_experiment=scenario["key"], **QUIET)
    log(experiment, rows[first:])
    if "error" in scenario:
        raise RuntimeError(scenario["error"])
    experiment.end()
`;

/** Prints, as JSON, what Comet's own client samples of this machine; of GPUs the names alone. */
export const SAMPLE_MACHINE = `
import inspect, json, re
from comet_ml.system.cpu.cpu_metrics_data_logger import CPUMetricsDataLogger
from comet_ml.system.disk.disk_metrics_data_logger import DiskMetricsDataLogger
from comet_ml.system.gpu import gpu_logging

sampled = {}
CPUMetricsDataLogger(10, sampled.update, include_cpu_per_core=False, include_compute_metrics=False).log_metric_data()
DiskMetricsDataLogger(10, sampled.update).log_metric_data()
gpu = re.findall('"([a-z_.]+)": ', inspect.getsource(gpu_logging.get_recurrent_gpu_metric))
print(json.dumps({"sampled": sampled, "gpu": gpu}))
`;

/** Logs into the experiment that its environment names. */
export const CHILD = `
import comet_ml
experiment = comet_ml.start(experiment_config=comet_ml.ExperimentConfig(
    log_code=False, auto_output_logging=False, log_git_metadata=False, log_git_patch=False, log_env_details=False, parse_args=False))
experiment.log_parameter("child", "yes")
experiment.log_metric("child_loss", 0.5, step=1)
experiment.end()
print(experiment.get_key())
`;
