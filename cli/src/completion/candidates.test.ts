import { describe, expect, it } from '@jest/globals';
import { program } from '../program.ts';
import { complete, type Names } from './candidates.ts';
import type { Named } from './named-by.ts';

/** What completes a line of words, and what names were looked up for it. */
async function completed(line: string): Promise<{ values: string[] | 'files'; asked: Named[] }> {
  const asked: Named[] = [];
  const names: Names = async (named) => {
    asked.push(named);
    return [{ value: 'from-store', description: '' }];
  };
  const found = await complete(program(), line.split(' ').slice(1), names);
  return { values: found === 'files' ? found : found.map(({ value }) => value), asked };
}

const values = async (line: string) => (await completed(line)).values;
const asked = async (line: string) => (await completed(line)).asked;

describe('a word is completed by', () => {
  it.each([
    ['mortise sta', ['stack', 'status']],
    ['mortise stack des', ['describe']],
    ['mortise artifact-store flavor descr', ['describe']],
    ['mortise --verbose stack des', ['describe']],
    ['mortise runs list --stat', ['--status']],
    ['mortise runs list --status comp', ['completed']],
    ['mortise runs list --status=comp', ['--status=completed']],
    ['mortise stack list --limit 5 --output y', ['yaml']],
    ['mortise stack list --verb', ['--verbose']],
    ['mortise completion ', ['bash', 'zsh', 'fish']],
    ['mortise init ', []],
    ['mortise nothing ', []],
    ['mortise stack register n', []],
  ])('%s', async (line, expected) => {
    expect(await completed(line)).toEqual({ values: expected, asked: [] });
  });

  it('every command that is not hidden, and no other', async () => {
    const shown = program().commands.map((command) => command.name());
    expect(await values('mortise ')).toEqual(shown.filter((name) => !name.startsWith('__')));
  });

  it('files where a file is meant', async () => {
    expect(await values('mortise run tr')).toBe('files');
  });
});

describe('names come from the store', () => {
  it.each<[string, Named]>([
    ['mortise stack describe ', { kind: 'stack' }],
    ['mortise run file.ts --stack ', { kind: 'stack' }],
    ['mortise run file.ts -s ', { kind: 'stack' }],
    ['mortise run file.ts --stack=', { kind: 'stack' }],
    ['mortise runs show ', { kind: 'run' }],
    ['mortise runs delete one ', { kind: 'run' }],
    ['mortise runs list --pipeline ', { kind: 'pipeline' }],
    ['mortise stack register n -a ', { kind: 'component', type: 'artifact-store' }],
    ['mortise stack register n -al ', { kind: 'component', type: 'alerter' }],
    ['mortise alerter describe ', { kind: 'component', type: 'alerter' }],
    ['mortise alerter flavor describe ', { kind: 'flavor', type: 'alerter' }],
    ['mortise alerter register n --flavor=', { kind: 'flavor', type: 'alerter' }],
    ['mortise tracker deliver ', { kind: 'component', type: 'experiment-tracker' }],
    ['mortise alerter register n --flavor=webhook --', { kind: 'config-key', type: 'alerter', flavor: 'webhook', component: 'n' }],
    ['mortise alerter register n --flavor webhook --', { kind: 'config-key', type: 'alerter', flavor: 'webhook', component: 'n' }],
  ])('%s', async (line, named) => {
    expect(await asked(line)).toEqual([named]);
  });

  it('and are offered whole after an equals sign', async () => {
    expect(await values('mortise run file.ts --stack=fr')).toEqual(['--stack=from-store']);
  });
});
