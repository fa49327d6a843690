import type { MlflowError } from '@mortise/mlflow-client';

/** How the client ends a message about a certificate that an authority would make trusted. */
const ADVICE = /\. Give the certificate of its authority \("ca"\)$/;

/** The message without the client's own advice about its option `ca`, for who says in other words what to do; the same if it has none. */
export function withoutAuthorityAdvice({ message }: Pick<MlflowError, 'message'>): string {
  return message.replace(ADVICE, '');
}
