import { MlflowClient } from './index.ts';

declare const client: MlflowClient;

void client.updateRun('run', { status: 'FINISHED', endTime: 1 });
// @ts-expect-error: a status that MLflow does not have, which it would ignore in silence, does not compile
void client.updateRun('run', { status: 'COMPLETED' });

void client.createRun({ experimentId: '1', startTime: 1 });
// @ts-expect-error: a run without its start, which MLflow would date 1970, does not compile
void client.createRun({ experimentId: '1' });

void client.logMetric('run', { key: 'loss', value: NaN, timestamp: 1 });
// @ts-expect-error: a metric without its time does not compile
void client.logMetric('run', { key: 'loss', value: 1 });

void client.logParam('run', 'lr', '0.1');
// @ts-expect-error: a param that is no text does not compile
void client.logParam('run', 'lr', 0.1);

void client.finalizeLoggedModel('model', 'LOGGED_MODEL_READY');
// @ts-expect-error: a final status of a model that MLflow does not have does not compile
void client.finalizeLoggedModel('model', 'READY');

// @ts-expect-error: a client without the address of its server does not compile
void new MlflowClient({ username: 'me', password: 'secret' });
