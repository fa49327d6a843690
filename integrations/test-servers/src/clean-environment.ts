/** This process's environment without what a developer has set for trackers, AWS, Azure and fake-gcs-server, and with `added`: a test means the same on every machine. */
export function cleanEnvironment(added: Record<string, string>): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !/^_?(MLFLOW|WANDB|COMET|NEPTUNE|AWS|AZURE|AZURITE|FAKE_GCS)_/.test(entry[0]),
  );
  const local = '127.0.0.1,localhost';
  return {
    ...Object.fromEntries(kept),
    NO_PROXY: local,
    no_proxy: local,
    DO_NOT_TRACK: 'true',
    MLFLOW_DISABLE_TELEMETRY: 'true',
    WANDB_ERROR_REPORTING: 'false',
    ...added,
  };
}
