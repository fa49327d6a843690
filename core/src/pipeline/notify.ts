import { checkKnown } from '../check-known.ts';
import { BadOption } from '../errors.ts';
import { reasonOf } from '../execution/outcome.ts';
import { HOOK_MAKER, HOOKS, type AlertOptions, type Hooks, type PipelineHookEvent, type StepHookEvent } from './hooks.ts';

export type HookEvent = StepHookEvent | PipelineHookEvent;

export interface NotifyOptions<Event extends HookEvent = HookEvent> extends AlertOptions {
  /** Default: what happened to what, as `Step "train" of pipeline "wine" failed`. */
  title?: string | ((event: Event) => string);
  /** Default: the run's name, how long it took, and what it failed with. */
  text?: string | ((event: Event) => string);
}

const MARK = Symbol.for('mortise.notify.v1');
const OF = 'notify()';

/**
 * A hook that tells people through the stack's alerters. Its severity is `error` for what failed, `warning` for what was killed, else `info`. On a stack without
 * an alerter it is a warning of the run; one that names an alerter which the stack does not have is an error before the run starts.
 * @example
 * const train = step('train', { onFailure: notify({ alerter: 'on-call' }) }, async () => { ... });
 * const wine = pipeline('wine', { onEnd: notify() }, () => void train());
 * @throws UnknownOption, BadOption
 */
export function notify<Event extends HookEvent = HookEvent>(options: NotifyOptions<Event> = {}): (event: Event) => Promise<void> {
  checkKnown(OF, options, ['alerter', 'title', 'text']);
  const { alerter, title, text } = options;
  if (alerter !== undefined && typeof alerter !== 'string')
    throw new BadOption({ of: OF, option: 'alerter', reason: 'must be the name of an alerter' });
  for (const [option, value] of Object.entries({ title, text })) {
    if (value !== undefined && typeof value !== 'string' && typeof value !== 'function')
      throw new BadOption({ of: OF, option, reason: 'must be a text, or a function that makes one of the event' });
  }
  const hook = (event: Event): Promise<void> =>
    event.alert(
      { title: textOf(title ?? defaultTitle, event), text: textOf(text ?? defaultText, event) },
      alerter === undefined ? {} : { alerter },
    );
  Object.defineProperty(hook, MARK, { value: alerter });
  return hook;
}

Object.defineProperty(notify, HOOK_MAKER, { value: 'notify' });

/** Names of the alerters that the `notify` hooks among these name. */
export function alertersNamed(hooks: Hooks<never>): string[] {
  const named = HOOKS.map((name) => (hooks[name] as { [MARK]?: string } | undefined)?.[MARK]);
  return named.filter((alerter) => alerter !== undefined);
}

function textOf<Event>(text: string | ((event: Event) => string), event: Event): string {
  return typeof text === 'string' ? text : text(event);
}

function defaultTitle(event: HookEvent): string {
  const pipeline = `ipeline "${event.pipeline}"`;
  const subject = 'step' in event ? `Step "${event.step}" of p${pipeline}` : `P${pipeline}`;
  return `${subject} ${event.status === 'killed' ? 'was killed' : event.status === 'running' ? 'started' : event.status}`;
}

function defaultText({ runName, status, error, durationMs }: HookEvent): string {
  const took = status === 'running' ? '' : `, after ${spoken(durationMs)}`;
  return `Run ${runName}${took}${error === undefined ? '' : `: ${reasonOf(error)}`}`;
}

/** `250 ms`, `3.2 s`, `12 min`, `5.0 h`. */
function spoken(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  return ms < 3_600_000 ? `${Math.round(ms / 60_000)} min` : `${(ms / 3_600_000).toFixed(1)} h`;
}
