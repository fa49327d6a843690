/** What MLflow keeps as deleted, until `mlflow gc` takes it: it is not imported. */
export class DeletedThings {
  runs = 0;
  experiments = 0;

  /** In one line, with how to bring it along; undefined if there is none. */
  get told(): string | undefined {
    const kinds = [
      { n: this.runs, kind: 'run', restore: '"mlflow runs restore --run-id ID"' },
      { n: this.experiments, kind: 'experiment', restore: '"mlflow experiments restore --experiment-id ID"' },
    ].filter(({ n }) => n > 0);
    if (kinds.length === 0) return undefined;
    const what = kinds.map(({ n, kind }) => `${n.toLocaleString('en')} ${kind}${n === 1 ? '' : 's'}`).join(' and ');
    const how = kinds.map(({ restore }) => restore).join(' and ');
    const isOne = this.runs + this.experiments === 1;
    const [are, bring] = isOne
      ? ['that was deleted is', 'brings it']
      : ['that were deleted are', kinds.length === 1 ? 'brings them' : 'bring them'];
    return `${what} ${are} not imported: ${how} ${bring} back, as long as "mlflow gc" has not taken ${isOne ? 'it' : 'them'}`;
  }
}
