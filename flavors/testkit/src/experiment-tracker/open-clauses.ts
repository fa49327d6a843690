import assert from 'node:assert/strict';

import { events, never, newIdentity, newStart, stored, type Clause } from './tracker-place.ts';
import type { ExperimentTrackerSuite } from './experiment-tracker-suite.ts';

/** Finding and creating runs. */
export function openClauses(it: Clause, { capabilities, secrets = [] }: ExperimentTrackerSuite): void {
  it('a run is there, and running, from the moment it is opened', async (place) => {
    const test = await place.begin('train');
    const state = await place.read(test);
    assert.equal(state.status, 'running');
    if (state.name !== undefined) assert.equal(state.name, 'train');
    assert.equal(state.tags['team'], 'red', 'the tags of its start are missing');
    if (test.run.ref.url !== undefined) assert.ok(URL.canParse(test.run.ref.url), `${test.run.ref.url} is no URL`);
  });

  it('opened twice with one key it is one run', async (place) => {
    const first = await place.begin();
    await place.log(first, events([{ kind: 'params', values: { lr: 0.1 } }]));
    const again = await place.tracker.open(first.identity, first.start, undefined, never());
    const elsewhere = await place.again(first, 'nothing');
    assert.equal(again.ref.id, first.run.ref.id);
    assert.equal(elsewhere.run.ref.id, first.run.ref.id);
    assert.equal(text((await place.read(elsewhere)).params['lr']), '0.1');
  });

  it('another process goes on with a run that it knows', async (place) => {
    const first = await place.begin();
    await place.log(first, events([{ kind: 'params', values: { lr: 0.1 } }]));
    const second = await place.again(first);
    assert.equal(second.run.ref.id, first.run.ref.id);
    await place.log(second, events([{ kind: 'params', values: { depth: 3 } }], { from: 2 }));
    await place.close(second);
    const { params, status } = await place.read(first);
    assert.deepEqual({ lr: text(params['lr']), depth: text(params['depth']), status }, { lr: '0.1', depth: '3', status: 'completed' });
  });

  it('runs with different keys are different runs', async (place) => {
    const [one, two] = [await place.begin('same name'), await place.begin('same name')];
    assert.notEqual(one.run.ref.id, two.run.ref.id);
  });

  it('a ref is JSON, and stays so as the run goes on', async (place) => {
    const test = await place.begin();
    const receipt = await test.run.deliver(events([{ kind: 'note', markdown: 'good' }]), never());
    for (const ref of [test.run.ref, receipt.ref, await place.close(test)]) {
      assertJson(ref, 'ref');
      assert.ok(ref.id !== undefined && ref.id !== '', 'it has no id');
      assert.equal(ref.id, test.run.ref.id, 'the id changed');
    }
  });

  if (secrets.length > 0) {
    it('a ref holds no secrets', async (place) => {
      const test = await place.begin();
      const receipt = await test.run.deliver(events([{ kind: 'note', markdown: 'good' }]), never());
      for (const ref of [test.run.ref, receipt.ref, await place.close(test)])
        for (const secret of secrets) assert.ok(!JSON.stringify(ref).includes(secret), 'the ref holds a secret');
    });
  }

  it(
    capabilities.ids === 'client'
      ? 'the key is the id of the run, which all openers at once agree on'
      : 'the server chooses the id of the run',
    async (place) => {
      if (capabilities.ids === 'server') {
        const { run, identity } = await place.begin();
        return assert.notEqual(run.ref.id, identity.key, 'the id is our key, so the client chose it');
      }
      const identity = newIdentity();
      const trackers = [place.tracker, await place.another(), await place.another()];
      const runs = await Promise.all(
        trackers.map((tracker) => tracker.open(identity, newStart('train', identity.runId), undefined, never())),
      );
      for (const { ref } of runs) assert.ok([ref.id, ...Object.values(ref.ids)].includes(identity.key), 'no id in the ref is the key');
      assert.equal(new Set(runs.map(({ ref }) => ref.id)).size, 1);
    },
  );

  it('runs of one pipeline run belong together, and not to those of another', async (place) => {
    const parent = await place.begin('pipeline', { identity: { attempt: 0 } });
    const [runId, group] = [parent.identity.runId, parent.start.group];
    const child = await place.begin('step', {
      identity: { runId, parentKey: parent.identity.key },
      start: { group, parent: stored(parent.run.ref) },
    });
    const alone = await place.begin('alone');
    const [mine, other] = [await place.read(child), await place.read(alone)];
    if (capabilities.nesting === 'parent') {
      assert.equal(mine.parent, parent.run.ref.id);
      assert.equal(other.parent ?? undefined, undefined, 'a run without a parent has one');
    }
    if (capabilities.nesting === 'group') {
      assert.equal(mine.group, group);
      assert.equal((await place.read(parent)).group, group);
      assert.notEqual(other.group, group);
    }
    if (capabilities.nesting === 'tags') {
      const tags = (state: typeof mine): string[] => Object.values(state.tags);
      assert.ok(tags(mine).includes(parent.identity.key) || tags(mine).includes(group), 'no tag leads to the pipeline run');
      assert.ok(!tags(other).includes(group), 'a tag leads to another pipeline run');
    }
  });

  it('a run opens whose parent could not be opened', async (place) => {
    const test = await place.begin('step', { identity: { parentKey: newIdentity().key } });
    assert.equal((await place.read(test)).status, 'running');
  });

  it('the environment for spawned processes is texts, the same each time', async (place) => {
    const { run } = await place.begin();
    const env = place.tracker.childEnv?.(stored(run.ref)) ?? {};
    for (const [name, value] of Object.entries(env)) {
      assert.match(name, /^[A-Za-z_][A-Za-z0-9_]*$/);
      assert.equal(typeof value, 'string', `${name} is no text`);
    }
    const other = await place.another();
    assert.deepEqual({ ...other.childEnv?.(stored(run.ref)) }, { ...env });
  });

  it('a tracker that can be reached passes its check', async (place) => {
    await place.tracker.check?.(never());
  });
}

/** A value as a person reads it: trackers may keep all of them as text. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'missing');
}

/** Fails unless a value is all that its JSON says. */
function assertJson(value: unknown, path: string): void {
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  assert.ok(['Null', 'Boolean', 'Number', 'String', 'Array', 'Object'].includes(kind), `${path} is ${kind}, which is lost in JSON`);
  if (kind === 'Number') assert.ok(Number.isFinite(value), `${path} is ${String(value)}, which is lost in JSON`);
  if (kind === 'Array' || kind === 'Object') for (const [key, part] of Object.entries(value as object)) assertJson(part, `${path}.${key}`);
}
