import { redact } from '../secrets/redaction.ts';
import type { AlertOptions, HookAlert } from '../pipeline/hooks.ts';
import { SEVERITIES, type Alert } from '../stack/alerter.ts';
import type { AssembledStack } from '../stack/assembled-stack.ts';
import { reasonOf } from './outcome.ts';

/** What alerts of a run are sent through, and what they say of it. */
export interface AlertSource {
  stack: Pick<AssembledStack, 'alerters'>;
  runId: string;
  /** Where what the hook is about can be seen, as far as is known by now. */
  url(): string | undefined;
  warn(what: string): void;
}

/** The alerts that one call of a hook sends. */
export class HookAlerts {
  readonly #source: AlertSource;
  readonly #status: string;
  readonly #over = new AbortController();
  /** What is under way, and how to speak of it. */
  readonly #sending = new Map<Promise<void>, string>();

  /** `status`: of the hook's event. */
  constructor(source: AlertSource, status: string) {
    this.#source = source;
    this.#status = status;
  }

  /** Never rejects. */
  async send(given: HookAlert, { alerter: wanted }: AlertOptions = {}): Promise<void> {
    const { stack, warn } = this.#source;
    const flaw = flawOf(given);
    if (flaw !== undefined) return warn(`an alert was not sent: ${flaw}`);
    const alert = this.#alertOf(given);
    const failed = (why: string): void => warn(`the alert "${alert.title}" was not sent: ${why}`);
    if (this.#over.signal.aborted) return failed('the hook had ended');
    const chosen = stack.alerters.filter(({ name }) => wanted === undefined || name === wanted);
    if (chosen.length === 0) return failed(wanted === undefined ? 'the stack has no alerter' : `the stack has no alerter "${wanted}"`);
    await Promise.all(chosen.map(({ name, alerter }) => this.#hand(alert, name, (signal) => alerter.send({ ...alert }, signal))));
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    while (this.#sending.size > 0) await Promise.all(this.#sending.keys());
  }

  /** Nobody waits any more for what is under way. Gives how many alerts that were. */
  giveUp(): number {
    const { size } = this.#sending;
    for (const what of this.#sending.values()) this.#source.warn(`${what}: it did not answer in time`);
    this.#sending.clear();
    this.#over.abort(new Error('nobody waits for this alert any more'));
    return size;
  }

  #hand(alert: Alert, alerter: string, send: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const what = `the alert "${alert.title}" was not sent by "${alerter}"`;
    const work: Promise<void> = (async () => send(this.#over.signal))().then(
      () => void this.#sending.delete(work),
      (error: unknown) => {
        if (this.#sending.delete(work)) this.#source.warn(`${what}: ${reasonOf(error)}`);
      },
    );
    this.#sending.set(work, what);
    return work;
  }

  #alertOf({ title, text, severity = severityOf(this.#status), url = this.#source.url() }: HookAlert): Alert {
    return {
      title: redact(title),
      text: redact(text),
      severity,
      runId: this.#source.runId,
      ...(url !== undefined && { url: redact(url) }),
    };
  }
}

function severityOf(status: string): Alert['severity'] {
  return status === 'failed' ? 'error' : status === 'killed' ? 'warning' : 'info';
}

/** What is wrong with an alert, in words; undefined if nothing is. */
function flawOf(given: { [key in keyof HookAlert]?: unknown } | undefined): string | undefined {
  if (typeof given !== 'object' || given === null) return 'it is no object';
  for (const key of ['title', 'text'] as const) if (typeof given[key] !== 'string') return `its ${key} is no text`;
  const { severity, url } = given;
  if (url !== undefined && typeof url !== 'string') return 'its url is no text';
  return severity === undefined || SEVERITIES.some((known) => known === severity)
    ? undefined
    : `its severity is none of ${SEVERITIES.join(', ')}`;
}
