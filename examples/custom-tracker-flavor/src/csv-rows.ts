import type { Json, Outcome, TrackerEvent, TrackerRunIdentity, TrackerRunStart } from '@mortise/core';

export const HEADER = 'time,kind,name,step,context,value\n';

interface Row {
  at: number;
  kind: string;
  name?: string;
  step?: number;
  context?: string | undefined;
  value: Json | object;
}

/** The row that a run begins with. It holds no line break beside the one at its end. */
export const startRow = ({ key, parentKey }: TrackerRunIdentity, { settings: _, parent, ...start }: TrackerRunStart): string =>
  line({ at: start.startedAt, kind: 'start', name: key, value: { ...start, parent: parent?.id ?? parentKey } });

/** The row that says how a run ended. `supersededBy`: key of the run that replaces it. */
export const endRow = (outcome: Outcome, at: number, supersededBy?: string): string =>
  line({ at, kind: 'end', name: outcome.status, value: { ...outcome, supersededBy } });

/** A row for each metric, param and tag, and one for whatever else was logged. */
export function eventRows({ writer: _writer, seq: _seq, at, ...event }: TrackerEvent): string {
  const rows = (values: Record<string, Json>, more: object = {}): string =>
    Object.entries(values)
      .map(([name, value]) => line({ at, kind: event.kind, name, value, ...more }))
      .join('');
  switch (event.kind) {
    case 'metrics':
      return rows(event.values, { step: event.step, context: event.context });
    case 'params':
      return rows(event.values);
    case 'tags':
      return rows({ ...event.set, ...Object.fromEntries((event.remove ?? []).map((name) => [name, null])) });
    default:
      return line({ at, kind: event.kind, value: event });
  }
}

function line({ at, kind, name = '', step, context = '', value }: Row): string {
  return `${[new Date(at).toISOString(), kind, quoted(name), step ?? '', quoted(context), cell(value)].join(',')}\n`;
}

/** Numbers as they are, also NaN and the infinities, which JSON has not; anything else as JSON. */
const cell = (value: unknown): string => (typeof value === 'number' ? String(value) : quoted(JSON.stringify(value)));

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
