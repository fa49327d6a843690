import { expect, test } from '@jest/globals';

import { mlmodelText, modelFileOf } from './model-file.ts';

test.each([
  [{ path: 'model/weights.bin' }, { model: 'model', file: 'weights.bin' }],
  [
    { path: 'model/a/b.bin', type: 'application/octet-stream' },
    { model: 'model', file: 'a/b.bin' },
  ],
  [
    { path: 'champion/weights.bin', type: 'model' },
    { model: 'champion', file: 'weights.bin' },
  ],
  [
    { path: 'weights.bin', type: 'model' },
    { model: 'weights', file: 'weights.bin' },
  ],
  [
    { path: 'v1.2/weights.bin', type: 'model' },
    { model: 'v1_2', file: 'weights.bin' },
  ],
  [
    { path: '.bin', type: 'model' },
    { model: '_bin', file: '.bin' },
  ],
  [{ path: 'weights.bin' }, undefined],
  [{ path: 'models/weights.bin' }, undefined],
])('%j is the file %j', (artifact, file) => {
  expect(modelFileOf(artifact)).toEqual(file);
});

test('the description of a model names it, its run and when it was saved', () => {
  const text = mlmodelText({ modelId: 'm-1', runId: 'r', artifactUri: 'mlflow-artifacts:/1/models/m-1/artifacts', savedAt: 0 });
  expect(JSON.parse(text)).toEqual({
    artifact_path: 'mlflow-artifacts:/1/models/m-1/artifacts',
    flavors: {},
    model_id: 'm-1',
    model_uuid: 'm-1',
    run_id: 'r',
    utc_time_created: '1970-01-01 00:00:00.000000',
  });
});
