import type { Json, LoggedEvent, Outcome } from '@mortise/core';

/** What a person logs in one run, told so that Comet's Python client and ours can both do it. */
export interface Scenario {
  name: string;
  /** Of the experiment. */
  key: string;
  labels: string[];
  params: Record<string, Json>;
  others: Record<string, string>;
  /** Of the HTML tab. */
  html?: string;
  /** Rows; what JSON does not have is text: 'NaN'. */
  rows: { values: Record<string, number | string>; step: number }[];
  assets: { path: string; text: string }[];
  error?: string;
  /** Of these rows, how many are logged by a second process that goes on with the experiment. */
  resumedRows: number;
}

const PLAIN = { labels: [], params: {}, others: {}, rows: [], assets: [], resumedRows: 0 };
const keyOf = (at: number): string => at.toString(16).padStart(32, '5ce9a410');
const steps = (count: number, name: string): Scenario['rows'] =>
  Array.from({ length: count }, (_, step) => ({ values: { [name]: 1 / (step + 1) }, step }));

const LIST: Omit<Scenario, 'key'>[] = [
  {
    ...PLAIN,
    name: 'success',
    labels: ['wine-7', 'wine', 'nightly'],
    params: { lr: 0.01, epochs: 5, optimizer: 'adam', shuffle: true, layers: [64, 32], seed: null },
    others: { team: 'red', dataset: 'wine-v2' },
    html: 'good & <b>fast</b>',
    rows: steps(5, 'loss').map(({ values, step }) => ({ values: { ...values, accuracy: step / 5 }, step })),
  },
  { ...PLAIN, name: 'nested config', params: { lr: 0.1, model: { width: 8, head: { kind: 'mlp', drop: 0.5 }, empty: {} } } },
  {
    ...PLAIN,
    name: 'odd numbers',
    rows: ['NaN', 'Infinity', '-Infinity', 1e-300, 0.1 + 0.2, 2 ** 53, -0.000123456789012345].map((odd, step) => ({
      values: { odd },
      step,
    })),
  },
  {
    ...PLAIN,
    name: 'unicode \u640d\u5931 \u{1f377}',
    labels: ['\u00e9t\u00e9'],
    params: { '\u7387': 'pr\u00e9cision "\u640d\u5931" \\ \n\ttab', emoji: '\u{1f377}' },
    others: { '\u8272': '\u8d64 \u{1f377}' },
    rows: [{ values: { '\u640d\u5931': 0.5, 'val/pr\u00e9cision': 1 }, step: 1 }],
  },
  {
    ...PLAIN,
    name: 'a row of 90 kB',
    rows: [{ values: Object.fromEntries(Array.from({ length: 2_500 }, (_, at) => [`layer_${at}/gradient`, Math.sin(at + 1)])), step: 3 }],
  },
  { ...PLAIN, name: 'an asset', assets: [{ path: 'models/weights.bin', text: 'the \u{1f377} weights' }] },
  { ...PLAIN, name: 'goes on with an experiment', rows: steps(6, 'loss'), resumedRows: 3 },
  { ...PLAIN, name: 'nothing' },
  { ...PLAIN, name: '10,000 rows', rows: steps(10_000, 'loss') },
  // Last: it ends its process.
  { ...PLAIN, name: 'failure', rows: steps(2, 'loss'), error: 'no wine left: pr\u00e9cision "x"' },
];

export const SCENARIOS: readonly Scenario[] = LIST.map((scenario, at) => ({ ...scenario, key: keyOf(at) }));

/** As our own calls log it, without assets. */
export function eventsOf({ params, others, html, rows }: Scenario): LoggedEvent[] {
  return [
    ...(Object.keys(params).length > 0 ? [{ kind: 'params' as const, values: params }] : []),
    ...(Object.keys(others).length > 0 ? [{ kind: 'tags' as const, set: others }] : []),
    ...(html === undefined ? [] : [{ kind: 'note' as const, markdown: html }]),
    ...rows.map(({ values, step }) => ({
      ...{ kind: 'metrics' as const, step },
      values: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)])),
    })),
  ];
}

export function outcomeOf({ error }: Scenario): Outcome {
  return error === undefined ? { status: 'completed' } : { status: 'failed', error: { name: 'RuntimeError', message: error } };
}
