/** A thin typed client of Weights & Biases, online on `fetch` and offline by its transaction log, without dependencies. */
export { WandbClient, type Viewer } from './wandb-client.ts';
export { DEFAULT_BASE_URL, type WandbClientOptions } from './wandb-client-options.ts';
export { isWandbError, WandbError, type WandbErrorDetails, type WandbErrorKind } from './wandb-error.ts';
export { netrcKey, wandbEnvironment, type WandbEnvironment, type WandbMode } from './wandb-environment.ts';
export { appUrlOf, runUrl, type RunPlace } from './wandb-urls.ts';
export { OfflineRun, type OfflineRunOptions } from './offline/offline-run.ts';
export type { LogRecord, LoggedRun, ArtifactRecord, ManifestEntry, ValueAt } from './transaction-log/log-record.ts';
export { readTransactionLog, type ReadTransactionLogOptions } from './transaction-log/read-transaction-log.ts';
export { TransactionLogDamaged } from './transaction-log/transaction-log-damaged.ts';
export { logTable, type LoggedTable } from './log-table.ts';
export { OnlineRun } from './online/online-run.ts';
export type { ResumeStatus } from './online/resume-status.ts';
export type * from './run-records.ts';
