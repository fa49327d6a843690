import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ComponentView, Listing, StackView } from '@mortise/core/client';
import { buildCommand, cliProject, type CliProject } from './testing/cli-project.ts';

let project: CliProject;
beforeAll(async () => {
  buildCommand();
  project = cliProject();
  expect(await project.mortise(['init'])).toMatchObject({ code: 0, stderr: '' });
});
afterAll(() => project.remove());

/** What a command that must succeed prints. */
async function says(line: string, env: Record<string, string> = {}): Promise<string> {
  const { code, stdout, stderr } = await project.mortise(line.split(' '), { env });
  expect({ line, code, stderr }).toEqual({ line, code: 0, stderr: '' });
  return stdout.trimEnd();
}

const component = (type: string, name: string) => project.json<ComponentView>(type, 'describe', name);
const parts = async (stack: string) =>
  (await project.json<StackView>('stack', 'describe', stack)).components.map(({ type, name }) => `${type} ${name}`);
const names = async (...list: string[]) => (await project.json<Listing<{ name: string }>>(...list)).items.map(({ name }) => name);

describe('components', () => {
  it('are updated key by key, with labels', async () => {
    await says('orchestrator register four --flavor=local --concurrency=4 --label team=ml --label=tier=a=b');
    expect(await component('orchestrator', 'four')).toMatchObject({ labels: { team: 'ml', tier: 'a=b' }, updatedAt: null });
    expect(await says('orchestrator update four --concurrency=8 --label team=data --remove-label tier')).toBe(
      'updated orchestrator "four"',
    );
    expect(await component('orchestrator', 'four')).toMatchObject({
      config: { concurrency: 8 },
      labels: { team: 'data' },
      updatedAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(await says('orchestrator update four --concurrency 2')).toBe('updated orchestrator "four"');
    expect((await component('orchestrator', 'four')).config).toEqual({ concurrency: 2 });
    expect(await says('orchestrator describe four')).toMatch(/^labels +team=data$/m);
  });

  it('are copied, renamed, and lose attributes', async () => {
    expect(await says('orchestrator copy four five')).toBe('copied orchestrator "four" to "five"');
    expect(await says('orchestrator rename five six')).toBe('renamed orchestrator "five" to "six"');
    expect(await says('orchestrator remove-attribute six concurrency')).toBe('removed concurrency from orchestrator "six"');
    expect(await component('orchestrator', 'six')).toMatchObject({ config: {}, labels: { team: 'data' } });
    expect((await component('orchestrator', 'four')).config).toEqual({ concurrency: 2 });
  });

  it('are listed by flavor, part of the name and labels; "get" has those of the active stack', async () => {
    await says('alerter register bell --flavor=console --label team=ml');
    expect(await names('orchestrator', 'list', '--name', 'ou')).toEqual(['four']);
    expect(await names('orchestrator', 'list', '--label', 'team=data')).toEqual(['four', 'six']);
    expect(await names('orchestrator', 'list', '--label', 'team=data', '--label', 'x=y')).toEqual([]);
    expect(await names('alerter', 'list', '--flavor', 'console')).toEqual(['bell']);
    expect(await names('alerter', 'list', '--flavor', 'other')).toEqual([]);
    expect(await names('alerter', 'get')).toEqual([]);
    expect(await says('orchestrator get')).toMatch(/^NAME +FLAVOR +REGISTERED +LABELS\ndefault +local +\S+$/);
  });

  it('warn of steps that name a tracker which takes another name or goes', async () => {
    await says('experiment-tracker register files --flavor=local');
    await says('stack register tracked -o default -a default -e files');
    project.write(
      'wine.js',
      `import { pipeline, step } from '@mortise/core';
       const train = step('train', { experimentTracker: 'files' }, async () => 1);
       export const wine = pipeline('wine', () => train());`,
    );
    await says('run wine.js --stack tracked');
    expect(await says('experiment-tracker rename files disk')).toBe(
      'renamed experiment-tracker "files" to "disk"\nwarning: what names "files" in your code must name "disk" from now on: pipeline "wine" step "train"',
    );
    expect(await parts('tracked')).toEqual(['orchestrator default', 'artifact-store default', 'experiment-tracker disk']);
    const run = await project.json<{ stack: { components: { name: string }[] } }>('runs', 'show', 'latest');
    expect(run.stack.components.map(({ name }) => name)).toEqual(['default', 'default', 'files']);
    expect((await project.mortise(['run', 'wine.js', '--stack', 'tracked', '--no-cache'])).stderr).toMatch(
      'names the experiment tracker "files", which stack "tracked" does not have',
    );
    await says('experiment-tracker rename disk files');
    await says('stack delete tracked');
    expect(await says('experiment-tracker delete files')).toMatch(/warning: .* "files" any more: pipeline "wine" step "train"$/);
  });
});

describe('stacks', () => {
  it('are updated type by type, and lose components', async () => {
    await says('experiment-tracker register second --flavor=local');
    await says('stack register team -o four -a default -e default --label team=ml');
    expect(await says('stack update team -e second -e default -al bell --label tier=1')).toBe(
      'updated stack "team": orchestrator four, artifact-store default, experiment-tracker second, experiment-tracker default, alerter bell',
    );
    expect(await says('stack remove-component team -al bell -e default')).toBe(
      'updated stack "team": orchestrator four, artifact-store default, experiment-tracker second',
    );
    await says('stack update team -o default --remove-label team');
    expect(await project.json<StackView>('stack', 'describe', 'team')).toMatchObject({
      labels: { tier: '1' },
      updatedAt: expect.any(String),
    });
    expect(await parts('team')).toEqual(['orchestrator default', 'artifact-store default', 'experiment-tracker second']);
    expect(await says('stack describe team')).toMatch(/^stack team\nlabels: tier=1\n/);
  });

  it('are copied and renamed, the active one too', async () => {
    expect(await says('stack copy team crew')).toBe('copied stack "team" to "crew"');
    expect(await parts('crew')).toEqual(await parts('team'));
    await says('stack set crew');
    expect(await says('stack rename crew staff')).toBe('renamed stack "crew" to "staff", which is the active one');
    expect(await project.json<StackView>('stack', 'get')).toMatchObject({ name: 'staff', active: true, labels: { tier: '1' } });
    expect(await names('experiment-tracker', 'get')).toEqual(['second']);
    expect(await says('stack rename staff crew', { MORTISE_ACTIVE_STACK: 'staff' })).toMatch(/MORTISE_ACTIVE_STACK still says "staff"/);
  });

  it('are listed by part of the name, component and labels', async () => {
    expect(await names('stack', 'list', '--component', 'second')).toEqual(['crew', 'team']);
    expect(await names('stack', 'list', '--name', 'ea', '--label', 'tier=1')).toEqual(['team']);
    expect(await names('stack', 'list', '--label', 'tier=2', '--sort', '-name')).toEqual([]);
    expect(await names('stack', 'list', '--label', 'tier=1', '--sort', '-name')).toEqual(['team', 'crew']);
  });
});

describe('a mistake is one line, exit code 1, and changes nothing', () => {
  const stored = () => Promise.all(['stack', 'orchestrator', 'experiment-tracker', 'alerter'].map((group) => project.json(group, 'list')));
  let before: unknown;
  beforeAll(async () => {
    before = await stored();
  });
  afterAll(async () => expect(await stored()).toEqual(before));

  it.each<[string, string | RegExp]>([
    ['stack update team', 'BAD_USAGE: stack update team: nothing to change. Add -o, -a, -e, -al, --label or --remove-label.'],
    ['stack update none -o default', /UNKNOWN_STACK/],
    ['stack update team -o defalt', 'UNKNOWN_COMPONENT: no orchestrator named "defalt". Did you mean "default"?'],
    ['stack update team -o default -o four', /STACK_TOO_MANY/],
    ['stack update team --label tier', 'BAD_USAGE: --label takes name=value, not "tier"'],
    ['stack update team --remove-label none', 'UNKNOWN_LABEL: stack "team" has no label "none". Known: tier.'],
    ['stack update', /BAD_USAGE: missing required argument 'name'/],
    ['stack remove-component team', 'BAD_USAGE: stack remove-component team: name what to remove. Add -e NAME or -al NAME.'],
    ['stack remove-component team -e default', /COMPONENT_NOT_IN_STACK: .*"default"/],
    ['stack remove-component team -a default', /STACK_NEEDS_COMPONENT: stack "team" cannot do without the artifact store "default"/],
    ['stack copy team', /BAD_USAGE: missing required argument 'new-name'/],
    ['stack copy team default', /NAME_TAKEN: a stack named "default"/],
    ['stack copy none other', /UNKNOWN_STACK/],
    ['stack rename team default', /NAME_TAKEN/],
    ['stack rename team a/b', /BAD_NAME/],
    ['stack list --label x', /BAD_USAGE: --label takes name=value/],
    ['stack list --label "=x', /BAD_LABEL/],
    ['stack register x -o default -a default --label a!=b', /BAD_LABEL: "a!=b" is no label: "a!" cannot be its name/],
    ['orchestrator update four', 'BAD_USAGE: orchestrator update four: nothing to change. Add --key=value, --label or --remove-label.'],
    ['orchestrator update none --concurrency=1', /UNKNOWN_COMPONENT/],
    ['orchestrator update four --concurency=1', /CONFIG_UNKNOWN_KEY: .* Did you mean "concurrency"\?/],
    ['orchestrator update four --concurrency=many', /CONFIG_WRONG_TYPE: config key "concurrency"/],
    ['orchestrator update four --flavor=other', /BAD_USAGE: unknown option '--flavor/],
    ['orchestrator update four --remove-label none', /UNKNOWN_LABEL: orchestrator "four" has no label "none"/],
    ['orchestrator remove-attribute four', /BAD_USAGE: missing required argument 'key'/],
    ['orchestrator remove-attribute four max', /UNKNOWN_ATTRIBUTE: the config of the orchestrator "four" has no "max" to remove/],
    ['orchestrator copy four six', /NAME_TAKEN: an orchestrator named "six"/],
    ['orchestrator rename four', /BAD_USAGE: missing required argument 'new-name'/],
    ['orchestrator rename fuor seven', 'UNKNOWN_COMPONENT: no orchestrator named "fuor". Did you mean "four"?'],
    ['orchestrator list --label x', /BAD_USAGE: --label takes name=value/],
    ['orchestrator get extra', "BAD_USAGE: too many arguments for 'get'. Expected 0 arguments but got 1."],
    [
      'experiment-tracker register w --flavor local apiKey=sesame',
      "BAD_USAGE: too many arguments for 'register'. Expected 1 argument but got 2. Write --key=value for what something is configured with.",
    ],
    ['orchestrator delete default', /COMPONENT_IN_USE/],
  ])('mortise %s', async (line, expected) => {
    const { code, stdout, stderr } = await project.mortise(line.split(' '));
    expect(stderr).toMatch(/^error [A-Z_]+: [^\n]+\n$/);
    if (typeof expected === 'string') expect(stderr).toBe(`error ${expected}\n`);
    else expect(stderr).toMatch(expected);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  });
});
