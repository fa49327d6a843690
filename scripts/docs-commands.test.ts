import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { beforeAll, describe, expect, it } from '@jest/globals';

import { buildCommand, cliProject } from '../cli/src/testing/cli-project.ts';
import { GUIDES_WITH_SERVERS, guideCommands, guideSession } from './testing/guide-session.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));
/** The reference of the commands has a test of its own; where a server is needed, `docs-commands.real.test.ts` runs them. */
const guides = globSync('docs/*.md', { cwd: repository })
  .filter((file) => file !== 'docs/cli.md' && !GUIDES_WITH_SERVERS.includes(file) && guideCommands(file).length > 0)
  .sort();

beforeAll(() => buildCommand());

// In each guide the commands are one session, in a project that has the guide's programs. What npm would install is there.
describe.each(guides)('the commands of %s', (document) => {
  it('end as it says, one after the other', async () => {
    const project = cliProject();
    try {
      for await (const { text, exitCode, code, stderr } of guideSession(document, project))
        expect({ command: text, code, stderr: exitCode === 0 ? '' : stderr }).toEqual({ command: text, code: exitCode, stderr });
    } finally {
      project.remove();
    }
  });
});
