import { MlflowError } from '../mlflow-error.ts';

/**
 * Refuses a web page, as a login page before the server answers with 200 to all that is asked. MLflow's own answers are no pages; an artifact that is one
 * comes as an attachment.
 */
export function refuseWebPage(server: string, call: string, { status, headers }: Response): void {
  if (!/^text\/html\b/i.test(headers.get('content-type') ?? '') || headers.has('content-disposition')) return;
  throw new MlflowError(
    'protocol',
    `${server} answered ${call} with a web page, such as a login page. Is it an MLflow tracking server? (${status})`,
    { status },
  );
}
