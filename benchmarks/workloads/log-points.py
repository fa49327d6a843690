# python log-points.py CLIENT POINTS FOLDER: logs them by a vendor's own client, offline, until its files are closed. Prints the times, ms.
import json, os, sys, time

client, points, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
os.chdir(folder)


def log(call, close):
    start = time.perf_counter()
    for i in range(points):
        call(i, 1 / (i + 1))
    logged = time.perf_counter()
    close()
    closed = time.perf_counter()
    return {"callsMs": (logged - start) * 1000, "ms": (closed - start) * 1000}


if client == "wandb":
    import wandb

    run = wandb.init(mode="offline", project="bench", dir=folder)
    times = log(lambda step, loss: run.log({"loss": loss}, step=step), run.finish)
elif client == "comet":
    import comet_ml

    experiment = comet_ml.OfflineExperiment(
        project_name="bench", workspace="bench", offline_directory=folder,
        log_code=False, log_graph=False, log_git_metadata=False, log_git_patch=False, log_env_details=False,
        auto_param_logging=False, auto_metric_logging=False, display_summary_level=0,
    )
    times = log(lambda step, loss: experiment.log_metric("loss", loss, step=step), experiment.end)
else:
    from neptune_scale import Run

    if __name__ == "__main__":
        run = Run(project="bench/bench", run_id="bench", mode="offline", log_directory=folder, enable_console_log_capture=False)
        times = log(lambda step, loss: run.log_metrics({"loss": loss}, step=step), run.close)

print("\n" + json.dumps(times))
