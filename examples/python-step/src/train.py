"""Fits a line to the points on stdin, and prints it as JSON. Logs a point per epoch to the MLflow run that the environment names, if it names one."""

import contextlib
import json
import math
import os
import sys


@contextlib.contextmanager
def metric_logger():
    if "MLFLOW_RUN_ID" not in os.environ:
        yield lambda name, value, step: None
        return
    import mlflow

    with mlflow.start_run():
        yield lambda name, value, step: mlflow.log_metric(name, value, step=step)


def fit(points, rate, epochs, log_metric):
    slope, offset, loss = 0.0, 0.0, math.inf
    for epoch in range(epochs):
        loss = 0.0
        for point in points:
            error = slope * point["x"] + offset - point["y"]
            slope -= rate * error * point["x"]
            offset -= rate * error
            loss += error * error / len(points)
        if not math.isfinite(loss):
            raise ValueError(f"the loss is {loss} after epoch {epoch}: choose a smaller rate than {rate}")
        log_metric("loss", loss, epoch)
    return {"slope": slope, "offset": offset, "loss": loss}


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    with metric_logger() as log_metric:
        line = fit(asked["points"], asked["rate"], asked["epochs"], log_metric)
    print(json.dumps(line))
