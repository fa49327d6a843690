import { DatabaseSync } from 'node:sqlite';

import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';

import { pipeline, step } from '../index.ts';
import { temporaryProject } from '../testing/temporary-project.ts';

let project: Awaited<ReturnType<typeof temporaryProject>>;
beforeEach(async () => {
  project = await temporaryProject();
});
afterEach(() => {
  jest.restoreAllMocks();
  project.remove();
});

const one = step('one', { cache: false }, () => 1);
const named = pipeline('named', () => one());

/** Gives half of the names that runs may get in one second to others. */
function takeHalfOfTheNames(second: string): void {
  const db = new DatabaseSync(new URL(project.project.storeUrl).pathname);
  db.exec(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 2 FROM n WHERE i < 65534)
    INSERT INTO runs (id, kind, experiment_id, pipeline, name, status, started_at)
    SELECT printf('%032x', n.i), 'pipeline', e.id, 'named', printf('named-${second}-%04x', n.i), 'completed', 0 FROM n, experiments e`);
  db.close();
}

it('a run that is given no name gets one that no other run has, however many begin in the same second', async () => {
  await named.run();
  jest.spyOn(Date, 'now').mockReturnValue(Date.UTC(2030, 0, 2, 3, 4, 5));
  takeHalfOfTheNames('20300102-030405');
  for (let i = 0; i < 12; i++) expect((await named.run()).name).toMatch(/^named-20300102-030405-[0-9a-f]{3}[13579bdf]$/);
});

it('a name that is given is refused when another run has it', async () => {
  await named.run({}, { name: 'mine' });
  await expect(named.run({}, { name: 'mine' })).rejects.toMatchObject({ code: 'RUN_NAME_TAKEN' });
});
