import { filledList, listed, type StubPoint, type StubRun, type StubStore } from './stub-store.ts';

/** A run as answers have it; what is empty is left out. */
export function runDescription(store: StubStore, run: StubRun): object {
  return { info: runInfo(store, run), data: data(run), inputs: inputs(run), outputs: outputs(run) };
}

export function runInfo(store: StubStore, run: StubRun): object {
  return {
    run_uuid: run.id,
    experiment_id: run.experimentId,
    run_name: run.name,
    user_id: run.userId,
    status: run.status,
    start_time: run.startTime,
    end_time: run.endTime,
    artifact_uri: store.artifactUri(run),
    lifecycle_stage: run.isDeleted ? 'deleted' : 'active',
    run_id: run.id,
  };
}

export function pointDescription({ key, value, timestamp, step, modelId, datasetName, datasetDigest }: StubPoint): object {
  return {
    key,
    value: Number.isNaN(value) ? 'NaN' : value,
    timestamp,
    step,
    model_id: modelId || undefined,
    dataset_name: datasetName || undefined,
    dataset_digest: datasetDigest || undefined,
  };
}

/** A run's own metrics do not say which model they are of. */
export function plainPoint({ key, value, timestamp, step }: StubPoint): object {
  return pointDescription({ key, value, timestamp, step, modelId: '', datasetName: '', datasetDigest: '' });
}

function data({ latest, params, tags }: StubRun): object {
  return { metrics: filledList([...latest.values()].map(plainPoint)), params: listed(params), tags: listed(tags) };
}

function inputs({ datasets }: StubRun): object {
  return { dataset_inputs: filledList(datasets.map(({ dataset, tags }) => ({ tags: listed(tags), dataset }))) };
}

function outputs(run: StubRun): object {
  return { model_outputs: filledList([...run.outputs].map(([modelId, step]) => ({ model_id: modelId, step }))) };
}
