// Gives the model version that the latest run registered the alias "champion": `models:/iris@champion` is that version from then on.
import { Client } from '@mortise/core';
import { MlflowClient } from '@mortise/mlflow-client';

await using client = new Client();
const run = await client.getPipelineRun('latest');
const runId = run.steps['evaluate']?.runMetadata['mlflow_run_id']?.value;
const { components } = await client.activeStack();
const { trackingUri } = components.find(({ flavor, type }) => type === 'experiment-tracker' && flavor === 'mlflow')?.config ?? {};
if (typeof runId !== 'string' || typeof trackingUri !== 'string')
  throw new Error(`run "${run.name}" is not at the MLflow server of the active stack`);

const mlflow = new MlflowClient({ trackingUri });
const { versions } = await mlflow.searchModelVersions({ filter: `name = 'iris' and run_id = '${runId}'` });
const version = versions[0]?.version;
if (version === undefined) throw new Error(`run "${run.name}" has registered no model`);
await mlflow.setRegisteredModelAlias('iris', 'champion', version);
console.log(`iris version ${version} is the champion`);
