import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';

import { container, LOG } from './container.ts';
import { activeRun, pipeline, step } from './index.ts';
import { keepSecret } from './secrets/kept-secrets.ts';
import { processLog } from './stack/logger.ts';
import { temporaryProject } from './testing/temporary-project.ts';

let project: Awaited<ReturnType<typeof temporaryProject>>;
let told: unknown[][];

beforeAll(async () => {
  project = await temporaryProject();
  keepSecret('hunter-22');
});
beforeEach(() => {
  told = [];
  const tell =
    (level: string) =>
    (...what: unknown[]) =>
      void told.push([level, ...what]);
  container.rebind(LOG).toConstantValue({ debug: tell('debug'), info: tell('info'), warn: tell('warn') });
});
afterAll(() => project.remove());

test('what a run has to say goes to the logger that the program has bound, and not to stderr', async () => {
  const stderr = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  let late = (): void => undefined;
  const first = step('first', () => {
    const run = activeRun();
    late = () => run.logParam('late', 1);
    return 1;
  });
  const second = step('second', ({ n }: { n: number }) => {
    late();
    return n;
  });
  await pipeline('told', () => second({ n: first() })).run();
  expect(told).toEqual([['warn', 'step "first" logged something after it had ended: that is not recorded']]);
  expect(stderr).not.toHaveBeenCalled();
  stderr.mockRestore();
});

test('values of secrets are masked before a logger gets them, and an error among the facts is its text', () => {
  const facts = { reason: new Error('no hunter-22'), at: ['hunter-22', 3] };
  processLog().info('with hunter-22', facts);
  expect(told).toEqual([['info', 'with ***', { reason: 'Error: no ***', at: ['***', 3] }]]);
});

test('a logger that is bound anew gets what is said from then on', () => {
  const log = processLog();
  log.warn('one');
  const later: string[] = [];
  const tell = (message: string) => void later.push(message);
  container.rebind(LOG).toConstantValue({ debug: tell, info: tell, warn: tell });
  log.warn('two');
  expect([told, later]).toEqual([[['warn', 'one']], ['two']]);
});
