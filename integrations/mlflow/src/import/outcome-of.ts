import type { Outcome } from '@mortise/core';
import type { Run } from '@mortise/mlflow-client';

/** MLflow has no place for why a run failed: only our own runs say it there. */
const UNKNOWN = 'MLflow keeps no reason';

/** How a run ended; undefined while it goes on. */
export function outcomeOf({ status, tags }: Pick<Run, 'status' | 'tags'>): Outcome | undefined {
  const { 'mortise.error.name': name = 'Error', 'mortise.error.message': message = UNKNOWN, 'mortise.error.stack': stack } = tags;
  switch (status) {
    case 'FINISHED':
      return { status: 'completed' };
    case 'FAILED':
      return { status: 'failed', error: { name, message, ...(stack !== undefined && { stack }) } };
    case 'KILLED':
      return { status: 'killed', reason: message };
    case 'RUNNING':
    case 'SCHEDULED':
      return undefined;
  }
}
