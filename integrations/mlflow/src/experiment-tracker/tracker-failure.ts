import { Permanent, Transient } from '@mortise/core';
import { isMlflowError, type MlflowError, type MlflowErrorKind } from '@mortise/mlflow-client';

import { withoutAuthorityAdvice } from '../authority-advice.ts';

const MAY_PASS: readonly MlflowErrorKind[] = ['unreachable', 'timeout', 'busy', 'server'];

/** What to do about a failure that does not pass by itself. */
function adviceOn(error: MlflowError): string | undefined {
  const { kind, message } = error;
  switch (kind) {
    case 'unauthorized':
      return 'check trackingUsername and trackingPassword, or trackingToken';
    case 'forbidden':
      return /\bhost header\b/i.test(message)
        ? 'have its address allowed there (mlflow server --allowed-hosts)'
        : 'ask for the permission there';
    case 'untrusted':
      return withoutAuthorityAdvice(error) === message ? undefined : 'give its authority as trackingCaFile';
    case 'protocol':
      return 'check trackingUri';
    default:
      return undefined;
  }
}

/** Calls MLflow. What fails becomes `Transient`, which core tries again, or `Permanent`; an aborted signal stays what it is. */
export async function atMlflow<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw isMlflowError(error) ? trackerFailure(error) : error;
  }
}

export function trackerFailure(error: MlflowError): Transient | Permanent {
  if (MAY_PASS.includes(error.kind))
    return new Transient(error.message, { cause: error, ...(error.retryAfter !== undefined && { retryAfter: error.retryAfter }) });
  const advice = adviceOn(error);
  const message = withoutAuthorityAdvice(error);
  return new Permanent(advice === undefined ? message : `${message.replace(/\.$/, '')}: ${advice}`, { cause: error });
}

/** Was it refused for what was asked, so that it would be refused again? */
export function isRefusal(error: unknown): error is MlflowError {
  return isMlflowError(error) && (error.kind === 'invalid' || error.kind === 'not-found' || error.kind === 'exists');
}
