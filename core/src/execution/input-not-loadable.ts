import { ArtifactCorrupt, ArtifactNotFound, ArtifactStoreFailed, InputNotLoadable, isError } from '../errors.ts';
import { reasonOf } from './outcome.ts';

/** The error of a step whose input is not to be had: it says what to do when that was stored and is gone or damaged. */
export function inputNotLoadable(step: string, input: string, cause: unknown): Error {
  const lost = isError(cause, ArtifactNotFound) || isError(cause, ArtifactCorrupt);
  const mend = isError(cause, ArtifactStoreFailed) ? cause.advice : undefined;
  return new InputNotLoadable({ step, input, reason: reasonOf(cause), lost, ...(mend !== undefined && { mend }) }, { cause });
}
