/** SQLAlchemy's account of a statement, from where it begins to the end of the message. */
const STATEMENT = /\s*\[SQL:.*$|\s*\[parameters:.*$|\s*\(Background on this error.*$/s;
const RAISED_BY = /\(raised as a result of [^)]*\)\s*|\((?:[a-z_]\w*\.)+[A-Z]\w*\)\s*/g;
const ADVICE_IN_PYTHON = /\s*The cause of this error is typically due to.*$/s;

/** What MLflow says, without SQL and without advice for Python code. */
export function withoutStatements(message: string): string {
  return message.replace(STATEMENT, '').replace(ADVICE_IN_PYTHON, '').replace(RAISED_BY, '');
}
