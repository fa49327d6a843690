import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';

import * as local from '@mortise/flavor-local';
import { Client, defineFlavor, pipeline, step, type Flavor } from '../index.ts';
import { isMortiseError } from '../errors.ts';
import { recordingFlavor, RecordingTracker } from '../testing/recording-tracker.ts';
import { temporaryProject } from '../testing/temporary-project.ts';

const tracker = new RecordingTracker();
/** What the flavor `picky` says, and what it was asked. */
let says: Flavor['checkStack'];
const asked: unknown[] = [];
let imported = 0;
const quiet = recordingFlavor(tracker, 'quiet');
const flavors = [
  ...local.flavors,
  defineFlavor({
    ...recordingFlavor(tracker, 'picky'),
    checkStack(component, stack) {
      asked.push({ component, stack });
      return says?.(component, stack);
    },
  }),
  defineFlavor({ apiVersion: 1, type: 'experiment-tracker', name: 'quiet', load: () => (imported++, quiet.load()) }),
];
jest.unstable_mockModule('@mortise/flavor-local', () => ({ flavors }));

let place: Awaited<ReturnType<typeof temporaryProject>>;
let client: Client;
const parts = { orchestrator: 'default', 'artifact-store': 'default' };

beforeEach(async () => {
  says = undefined;
  asked.length = imported = 0;
  place = await temporaryProject();
  client = await Client.open();
  for (const flavor of ['picky', 'quiet']) await client.registerComponent({ type: 'experiment-tracker', name: flavor, flavor, config: {} });
});
afterEach(async () => {
  await client.close();
  place.remove();
});

const lineOf = async (work: Promise<unknown>): Promise<string> => {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return isMortiseError(error) ? error.line : `not refused: ${String(error)}`;
};
const vetoed =
  'STACK_VETOED: the experiment tracker "picky" cannot be part of stack "team": it needs an artifact store that other hosts reach.';

test('a component that has something against a stack keeps it from being registered, changed and copied: nothing is stored', async () => {
  says = ({ name }, { components }) =>
    name === 'picky' && components.some(({ type, flavor }) => type === 'artifact-store' && flavor === 'local')
      ? 'needs an artifact store that other hosts reach'
      : undefined;
  expect(await lineOf(client.registerStack('team', { ...parts, 'experiment-tracker': 'picky' }))).toContain(vetoed);
  await client.registerStack('team', parts);
  const before = await client.getStack('team');
  expect(await lineOf(client.updateStack('team', { parts: { 'experiment-tracker': ['quiet', 'picky'] } }))).toContain(vetoed);
  expect(await client.getStack('team')).toEqual(before);
});

test('it is told its own name and config, and the whole stack as it would be', async () => {
  await client.registerStack('team', { ...parts, 'experiment-tracker': ['quiet', 'picky'] });
  const outline = { type: 'experiment-tracker', name: 'picky', flavor: 'picky', config: {} };
  expect(asked).toEqual([
    {
      component: outline,
      stack: {
        name: 'team',
        components: [
          { type: 'orchestrator', name: 'default', flavor: 'local', config: {} },
          { type: 'artifact-store', name: 'default', flavor: 'local', config: {} },
          { ...outline, name: 'quiet', flavor: 'quiet' },
          outline,
        ],
      },
    },
  ]);
});

test('no other flavor is loaded to ask', async () => {
  await client.registerStack('team', { ...parts, 'experiment-tracker': ['quiet', 'picky'] });
  expect(imported).toBe(0);
});

test('it is asked again before each run: what it refuses stops the run before any step, and stack validate says so', async () => {
  await client.registerStack('team', { ...parts, 'experiment-tracker': 'picky' });
  says = () => 'needs an artifact store that other hosts reach';
  let ran = false;
  const wine = pipeline('wine', () => void step('train', () => (ran = true))());
  expect(await lineOf(wine.run({}, { stack: 'team' }))).toContain(vetoed);
  expect([ran, (await client.listRuns()).items]).toEqual([false, []]);
  const { ok, components } = await client.validateStack('team');
  expect([ok, components.filter((component) => !component.ok)]).toMatchObject([
    false,
    [{ name: 'picky', problem: expect.stringContaining(vetoed) }],
  ]);
});

test('what it throws makes it a broken flavor, not a crash', async () => {
  says = () => {
    throw new Error('no idea');
  };
  expect(await lineOf(client.registerStack('team', { ...parts, 'experiment-tracker': 'picky' }))).toMatch(
    /^FLAVOR_BROKEN: .*its checkStack\(\) threw: no idea/,
  );
});

test.each<[what: string, gives: unknown]>([
  ['undefined', undefined],
  ['null', null],
  ['an empty text', ''],
])('%s is no veto', async (_, gives) => {
  says = () => gives as string;
  await client.registerStack('team', { ...parts, 'experiment-tracker': 'picky' });
});

test('what is neither a text nor nothing makes it a broken flavor', async () => {
  says = () => true as unknown as string;
  expect(await lineOf(client.registerStack('team', { ...parts, 'experiment-tracker': 'picky' }))).toMatch(
    /^FLAVOR_BROKEN: .*its checkStack\(\) gave a boolean, and not a text or nothing/,
  );
});
