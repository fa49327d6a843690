import type { TrackerCapabilities, TrackerEvent } from './experiment-tracker.ts';

export interface Refusal {
  writer: string;
  seq: number;
  why: string;
}

/** What a tracker is sent of a batch, and what it could never take. */
export interface AdaptedEvents {
  events: TrackerEvent[];
  refused: Refusal[];
}

/** Fits events to what a tracker can hold. What does not fit is set aside with a reason: nothing is rounded or cut in silence. */
export function adaptEvents(events: readonly TrackerEvent[], capabilities: TrackerCapabilities): AdaptedEvents {
  const adapted: AdaptedEvents = { events: [], refused: [] };
  for (const event of events) {
    const { sent, why } = adaptEvent(event, capabilities);
    if (sent !== undefined) adapted.events.push(sent);
    if (why !== undefined) adapted.refused.push({ writer: event.writer, seq: event.seq, why });
  }
  return adapted;
}

interface Adapted {
  sent?: TrackerEvent;
  why?: string;
}

function adaptEvent(event: TrackerEvent, capabilities: TrackerCapabilities): Adapted {
  const { keyLength = Infinity, paramLength = Infinity } = capabilities.limits ?? {};
  switch (event.kind) {
    case 'metrics': {
      if (capabilities.step === 'integer' && !Number.isInteger(event.step)) return { why: `step ${event.step} is not an integer` };
      const fitting = prefixed(event, capabilities);
      const { kept, why } = keepFitting(fitting.values, (name) => tooLong(name, keyLength));
      return { ...(kept && { sent: kept === fitting.values ? fitting : { ...fitting, values: kept } }), ...(why && { why }) };
    }
    case 'params': {
      const { kept, why } = keepFitting(event.values, (name, value) => tooLong(name, keyLength) ?? valueTooLong(name, value, paramLength));
      return { ...(kept && { sent: kept === event.values ? event : { ...event, values: kept } }), ...(why && { why }) };
    }
    case 'artifact':
      return capabilities.artifacts === 'none' ? { why: 'it takes no artifacts' } : { sent: event };
    case 'log':
      // Where nobody looks for it, it is not missed.
      return capabilities.output === true ? { sent: event } : {};
    default:
      return { sent: event };
  }
}

function prefixed(event: TrackerEvent & { kind: 'metrics' }, capabilities: TrackerCapabilities): TrackerEvent & { kind: 'metrics' } {
  if (capabilities.metricContext === 'native' || event.context === undefined) return event;
  const { context, values, ...rest } = event;
  return { ...rest, values: Object.fromEntries(Object.entries(values).map(([name, value]) => [`${context}/${name}`, value])) };
}

/** The entries without an objection: the record itself when all are kept, undefined when none is. */
function keepFitting<T>(
  values: Record<string, T>,
  objection: (name: string, value: T) => string | undefined,
): { kept?: Record<string, T>; why?: string } {
  const names = Object.keys(values);
  const objections = names.map((name) => objection(name, values[name]!));
  const whys = objections.filter((why) => why !== undefined);
  if (whys.length === 0) return { kept: values };
  const kept = Object.fromEntries(names.filter((_, index) => objections[index] === undefined).map((name) => [name, values[name]!]));
  return { why: whys.join('; '), ...(whys.length < names.length && { kept }) };
}

function tooLong(name: string, limit: number): string | undefined {
  return name.length <= limit ? undefined : `the name "${name.slice(0, 60)}..." has ${name.length} characters, it takes ${limit}`;
}

function valueTooLong(name: string, value: unknown, limit: number): string | undefined {
  if (limit === Infinity) return undefined;
  const length = typeof value === 'string' ? value.length : JSON.stringify(value).length;
  return length <= limit ? undefined : `the value of "${name}" has ${length} characters, it takes ${limit}`;
}
