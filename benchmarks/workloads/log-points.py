# python log-points.py CLIENT CALLS FOLDER [VALUES=1]: logs so often by a vendor's own client, offline, until its files are closed. Prints the times, ms.
import json, os, sys, time

client, calls, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
is_one = len(sys.argv) < 5 or int(sys.argv[4]) == 1
os.chdir(folder)


def one(i):
    return {"loss": 1 / (i + 1)}


def five(i):
    return {"loss": 1 / (i + 1), "accuracy": i / calls, "rate": 0.1, "norm": i * 0.37, "seconds": i * 0.01}


def log(call, close):
    values = one if is_one else five
    start = time.perf_counter()
    for i in range(calls):
        call(i, values(i))
    logged = time.perf_counter()
    close()
    closed = time.perf_counter()
    return {"callsMs": (logged - start) * 1000, "ms": (closed - start) * 1000}


if client == "wandb":
    import wandb

    run = wandb.init(mode="offline", project="bench", dir=folder)
    times = log(lambda step, values: run.log(values, step=step), run.finish)
elif client == "comet":
    import comet_ml

    experiment = comet_ml.OfflineExperiment(
        project_name="bench", workspace="bench", offline_directory=folder,
        log_code=False, log_graph=False, log_git_metadata=False, log_git_patch=False, log_env_details=False,
        auto_param_logging=False, auto_metric_logging=False, display_summary_level=0,
    )
    comet_one = lambda step, values: experiment.log_metric("loss", values["loss"], step=step)
    comet_five = lambda step, values: experiment.log_metrics(values, step=step)
    times = log(comet_one if is_one else comet_five, experiment.end)
else:
    from neptune_scale import Run

    if __name__ == "__main__":
        run = Run(project="bench/bench", run_id="bench", mode="offline", log_directory=folder, enable_console_log_capture=False)
        times = log(lambda step, values: run.log_metrics(values, step=step), run.close)

print("\n" + json.dumps(times))
