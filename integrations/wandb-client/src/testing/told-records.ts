import { fromValueJson } from '../value-json.ts';

/** A record as W&B's own descriptors read it. */
export type Decoded = Record<string, unknown>;
export interface Item {
  key?: string;
  nested_key?: string[];
  value_json: string;
}

/** Rows and summaries by name, whatever kind of key a client writes. */
export const valuesOf = (items: readonly Item[]): Record<string, unknown> =>
  Object.fromEntries(items.map(({ key, nested_key: path, value_json: json }) => [(path ?? [key]).join(' > '), fromValueJson(json)]));

/**
 * What is told of a run, record by record. Left out are, and no more than that:
 * - times, runtimes, the header's client version, telemetry, environment, system metrics (stats), `requirements.txt`, mailbox slots and stream ids;
 * - `_wandb` of the config, which is the client's own; 128-character random ids, `local_path` and `skip_cache` of artifacts; `policy` of a file;
 * - the order of aliases, which differs from time to time;
 * - how often the summary is written (what it says in the end is compared), and into how many pieces the console's output is cut.
 */
export function toldBy(records: readonly Decoded[]): {
  records: unknown[];
  summary: Record<string, unknown>;
  console: Record<string, string>;
} {
  const told: unknown[] = [];
  const summary: Record<string, unknown> = {};
  const console: Record<string, string> = { out: '', err: '' };
  for (const { num: _, control: __, _info: ___, ...record } of records) {
    const [kind] = Object.keys(record);
    const body = record[kind!] as Record<string, unknown>;
    if (kind === 'summary') Object.assign(summary, valuesOf(body['update'] as Item[]));
    else if (kind === 'output_raw') console[body['output_type'] === 'STDOUT' ? 'out' : 'err'] += (body['line'] as string | undefined) ?? '';
    else if (!['header', 'telemetry', 'environment', 'stats'].includes(kind!)) told.push({ kind, ...comparable(kind!, body) });
  }
  for (const name of ['_timestamp', '_runtime', '_wandb > runtime']) delete summary[name];
  return { records: told.filter((one) => JSON.stringify(one) !== '{"kind":"files","files":["requirements.txt"]}'), summary, console };
}

function comparable(kind: string, body: Record<string, unknown>): Record<string, unknown> {
  switch (kind) {
    case 'history': {
      const { _timestamp: _, _runtime: __, ...row } = valuesOf(body['item'] as Item[]);
      return { row, step: body['step'] };
    }
    case 'run': {
      const { start_time: _, telemetry: __, config, ...run } = body as { config: { update: Item[] } } & Record<string, unknown>;
      const { _wandb, ...values } = valuesOf(config.update);
      return { ...run, config: values };
    }
    case 'config':
      return valuesOf(body['update'] as Item[]);
    case 'files':
      return { files: (body['files'] as { path: string }[]).map(({ path }) => path) };
    case 'artifact': {
      const { client_id: _, sequence_client_id: __, manifest, ...artifact } = body;
      const { contents, ...rest } = manifest as { contents: Record<string, unknown>[] };
      const entries = contents.map(({ local_path: ___, skip_cache: ____, ...entry }) => entry);
      const aliases = (artifact['aliases'] as string[]).sort();
      return {
        ...artifact,
        aliases,
        manifest: { ...rest, contents: entries.sort((a, b) => (String(a['path']) < String(b['path']) ? -1 : 1)) },
      };
    }
    case 'exit':
      return { exit_code: body['exit_code'] };
    default:
      return body;
  }
}
