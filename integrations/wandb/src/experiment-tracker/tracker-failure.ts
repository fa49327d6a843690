import { Permanent, Transient } from '@mortise/core';
import { isWandbError, type WandbError } from '@mortise/wandb-client';

/** What to do about a failure that does not pass by itself. */
function adviceOn({ kind }: WandbError): string | undefined {
  switch (kind) {
    case 'unauthorized':
      return 'check apiKey, or WANDB_API_KEY';
    case 'forbidden':
      return 'check entity and project, and what the key may do there';
    case 'not-found':
      return 'it may have been deleted there; "mortise tracker drop" gives it up';
    case 'protocol':
      return 'check baseUrl, or WANDB_BASE_URL';
    default:
      return undefined;
  }
}

/** Calls Weights & Biases. What fails becomes `Transient`, which core tries again, or `Permanent`; an aborted signal stays what it is. */
export async function atWandb<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw isWandbError(error) ? trackerFailure(error) : error;
  }
}

export function trackerFailure(error: WandbError): Transient | Permanent {
  const { message, retryAfter } = error;
  if (error.mayPass) return new Transient(message, { cause: error, ...(retryAfter !== undefined && { retryAfter }) });
  const advice = adviceOn(error);
  return new Permanent(advice === undefined ? message : `${message}: ${advice}`, { cause: error });
}

/** Was it refused for what was asked, so that it would be refused again? */
export function isRefusal(error: unknown): error is WandbError {
  return isWandbError(error) && error.kind === 'invalid';
}
