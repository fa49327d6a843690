import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { buildCommand, cliProject, type CliProject, type CommandResult } from './testing/cli-project.ts';
import { httpTracker, tellingPipelines } from './testing/secret-pipeline.ts';

const TOKEN = 'tok/9f"8+ q7e6dQ5c4bXw3a2Zk9 \\ü1=z';
const OTHER_TOKEN = 'other-0b1c2d3e4f';
const SIGNING_KEY = 'signing-5a6b7c8d9e';

/** An HTTP server that keeps what it is told. */
class Heard {
  readonly requests: string[] = [];
  down = false;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    this.requests.push([request.url, ...request.rawHeaders, Buffer.concat(chunks).toString()].join('\n'));
    response.writeHead(this.down ? 503 : 200).end('{}');
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get text(): string {
    return this.requests.join('\n\n');
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** The forms in which somebody would find a value again. */
function formsOf(value: string): Map<string, string> {
  const base64 = [0, 1, 2].map((before): [string, string] => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(value)]);
    return [`in base64 after ${before} bytes`, bytes.toString('base64').slice(before + 1, Math.floor((bytes.length * 8) / 6))];
  });
  return new Map([
    ['itself', value],
    ['in JSON', JSON.stringify(value).slice(1, -1)],
    ['in JSON in JSON', JSON.stringify(JSON.stringify(value)).slice(3, -3)],
    ['in a URL', encodeURIComponent(value)],
    // Whatever else an encoding makes of it, letters and digits stay.
    ['its letters', /[a-zA-Z0-9]{8,}/.exec(value)![0]],
    ...base64,
  ]);
}

/** Where a secret stands in a text, in words; empty when it is not there. */
function found(secret: string, text: string): string[] {
  return [...formsOf(secret)].filter(([, form]) => text.includes(form)).map(([how]) => how);
}

/** Files of a folder in which a secret stands. */
function filesWith(secret: string, folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() || entry.isDirectory())
    .flatMap((entry) => {
      const path = join(entry.parentPath, entry.name);
      const hits = [...found(secret, entry.name), ...(entry.isFile() ? found(secret, readFileSync(path, 'utf8')) : [])];
      return hits.map((how) => `${relative(folder, path)}: ${how}`);
    });
}

const vendor = new Heard();
const other = new Heard();
const hook = new Heard();
let project: CliProject;
let keys: string;
const said: { command: string; output: string }[] = [];

/** Runs a command, and keeps what it prints. */
async function mortise(args: readonly string[], env: Record<string, string> = {}): Promise<CommandResult> {
  const result = await project.mortise(args, { env: { XDG_CONFIG_HOME: keys, OTHER_TOKEN, ...env } });
  said.push({ command: args.join(' ').replaceAll(TOKEN, '<token>'), output: result.stdout + result.stderr });
  return result;
}

async function mustSucceed(args: readonly string[], env?: Record<string, string>): Promise<string> {
  const { code, stdout, stderr } = await mortise(args, env);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
  return stdout;
}

beforeAll(async () => {
  buildCommand();
  keys = mkdtempSync(join(tmpdir(), 'mortise-keys-'));
  for (const server of [vendor, other, hook]) await server.listen();
  project = cliProject();
  project.write('http-tracker.mjs', httpTracker);
  project.write('telling.mjs', tellingPipelines);
  await mustSucceed(['init']);
  await mustSucceed(['secret', 'create', 'vendor', '--from-env', 'token=TOKEN'], { TOKEN });
  await mustSucceed(['secret', 'create', 'hook', '--from-env', 'key=KEY'], { KEY: SIGNING_KEY });
  await mustSucceed(['experiment-tracker', 'flavor', 'register', './http-tracker.mjs']);
  await mustSucceed([
    'experiment-tracker',
    'register',
    'vendor',
    '--flavor=http',
    `--url=${vendor.url}`,
    '--token={{secret.vendor.token}}',
  ]);
  await mustSucceed(['experiment-tracker', 'register', 'other', '--flavor=http', `--url=${other.url}`, '--token={{env.OTHER_TOKEN}}']);
  await mustSucceed([
    'alerter',
    'register',
    'hook',
    '--flavor=webhook',
    `--url=${hook.url}`,
    '--secret={{secret.hook.key}}',
    '--retries=0',
  ]);
  const parts = ['-o', 'default', '-a', 'default', '-e', 'vendor', '-e', 'other', '-al', 'hook'];
  await mustSucceed(['stack', 'register', 'told', ...parts, '--set']);
});

afterAll(async () => {
  for (const server of [vendor, other, hook]) await server.close();
  project.remove();
  rmSync(keys, { recursive: true, force: true });
});

describe.each(['inline', 'process'])('a run whose steps tell a token wherever they can, with isolation "%s"', (isolation) => {
  const name = `told-${isolation}`;

  beforeAll(async () => {
    other.down = true;
    const args = ['run', 'telling.mjs', '--name', name, '--isolation', isolation, '--no-cache', '--param', `given=${TOKEN}`, '--verbose'];
    const { code } = await mortise(args, { LEAKED: TOKEN });
    expect(code).toBe(1);
    expect((await mortise(['tracker', 'deliver', '--patience', '1', '--verbose'])).code).toBe(1);
    other.down = false;
    await mustSucceed(['tracker', 'deliver', '--verbose']);
    for (const format of ['table', 'json', 'yaml']) {
      const read = (...words: string[]): Promise<string> => mustSucceed([...words, '--output', format, '--verbose']);
      for (const words of [['runs', 'list'], ['runs', 'show', name], ['status'], ['tracker', 'status'], ['gc', '--dry-run']])
        await read(...words);
      for (const type of ['stack', 'experiment-tracker', 'alerter', 'secret']) await read(type, 'list');
      for (const words of [
        ['stack', 'describe'],
        ['stack', 'get'],
        ['experiment-tracker', 'describe', 'vendor'],
        ['alerter', 'describe', 'hook'],
      ])
        await read(...words);
      for (const words of [
        ['secret', 'get', 'vendor'],
        ['experiment-tracker', 'flavor', 'describe', 'http'],
      ])
        await read(...words);
    }
    for (const step of ['tell', 'report', 'take', 'fail']) await mustSucceed(['runs', 'logs', name, '--step', step, '--verbose']);
    for (const words of [
      ['run', 'telling.mjs', '--stack', 'told'],
      ['stack', 'validate', 'told'],
    ])
      expect((await mortise([...words, '--verbose'], { BROKEN: '1' })).code).toBe(1);
    const resumed = await mortise(['runs', 'resume', name, '--verbose'], { LEAKED: TOKEN });
    expect(resumed).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error PARAM_WAS_SECRET: .*"given"/) });
  });

  it('its vendor is called with it, so it was there to be told', () => {
    expect(vendor.text).toContain(`Bearer ${TOKEN}`.slice(0, 12));
    expect(hook.text).toContain('x-mortise-signature');
    expect(other.text).toContain(`Bearer ${OTHER_TOKEN}`);
  });

  it('what was told is kept, with *** in place of the token', async () => {
    const logs = said.filter(({ command }) => command.startsWith(`runs logs ${name}`)).map(({ output }) => output);
    expect(logs.join('\n')).toContain('printed ***');
    expect(logs.join('\n')).toContain('split *** joined');
    const shown = JSON.parse(await mustSucceed(['runs', 'show', name, '--output', 'json'])) as {
      status: string;
      params: object;
      steps: Record<string, { error: { message: string } | null; tracker: { params: object; tags: object; note: string } }>;
    };
    expect(shown.status).toBe('failed');
    expect(shown.params).toEqual({ given: '***' });
    expect(shown.steps['fail']!.error).toMatchObject({ message: '401 for ***' });
    expect(shown.steps['tell']!.tracker).toMatchObject({
      params: { token: '***', list: [{ deep: 'x ***' }] },
      tags: { token: '***', 'tag-***': 'x' },
      note: 'a note with ***',
    });
  });

  it('is nowhere in the project, but for the artifact of the step that returned it', () => {
    const all = filesWith(TOKEN, project.folder);
    const returned = all.filter((file) => file.startsWith(join('.mortise', 'artifacts', 'telling', 'report.answer')));
    expect(all.filter((file) => !returned.includes(file))).toEqual([]);
    expect(returned.length).toBeGreaterThan(0);
    for (const secret of [OTHER_TOKEN, SIGNING_KEY]) expect(filesWith(secret, project.folder)).toEqual([]);
  });

  it('is in no output of the command', () => {
    for (const secret of [TOKEN, OTHER_TOKEN, SIGNING_KEY])
      expect(said.filter(({ output }) => found(secret, output).length > 0).map(({ command, output }) => ({ command, output }))).toEqual([]);
  });

  it('is in nothing that anybody but its vendor is sent, and in no event that its vendor is sent', () => {
    expect(found(TOKEN, other.text)).toEqual([]);
    expect(found(TOKEN, hook.text)).toEqual([]);
    expect([...found(OTHER_TOKEN, vendor.text), ...found(OTHER_TOKEN, hook.text)]).toEqual([]);
    expect([...found(SIGNING_KEY, vendor.text), ...found(SIGNING_KEY, other.text), ...found(SIGNING_KEY, hook.text)]).toEqual([]);
    const bodies = vendor.requests.filter((request) => !request.startsWith('/open')).map((request) => request.split('\n').at(-1)!);
    expect(found(TOKEN, bodies.join('\n'))).toEqual([]);
    expect(other.text).toContain('401 for ***');
    expect(hook.text).toContain('401 for ***');
  });
});
