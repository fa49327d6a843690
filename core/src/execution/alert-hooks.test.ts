import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { flavors } from '@mortise/flavor-local';

import {
  activeRun,
  Client,
  notify,
  pipeline,
  resumeRun,
  runPipeline,
  step,
  type Alert,
  type Alerter,
  type ComponentContext,
} from '../index.ts';
import { keepSecret } from '../secrets/kept-secrets.ts';
import { temporaryProject } from '../testing/temporary-project.ts';

/** What alerters of this file do, by the name of the component. They are the local ones, made otherwise. */
const sends: Record<string, Alerter['send']> = {};
const sent: { alerter: string; alert: Alert; signal: AbortSignal }[] = [];

let project: Awaited<ReturnType<typeof temporaryProject>>;

beforeAll(async () => {
  project = await temporaryProject();
  const console = flavors.find(({ name }) => name === 'console')!;
  jest.spyOn(console, 'load').mockResolvedValue({
    create: async ({ name }: ComponentContext): Promise<Alerter> => {
      let gone = false;
      return {
        async send(alert, signal) {
          if (gone) throw new Error('it was disposed of');
          sent.push({ alerter: name, alert, signal });
          await sends[name]?.(alert, signal);
        },
        [Symbol.asyncDispose]: async () => void (gone = true),
      };
    },
  });
  await using client = new Client();
  for (const name of ['bell', 'horn']) await client.registerComponent({ type: 'alerter', name, flavor: 'console', config: {} });
  const parts = { orchestrator: 'default', 'artifact-store': 'default', 'experiment-tracker': 'default' };
  await client.registerStack('quiet', parts);
  await client.registerStack('one', { ...parts, alerter: 'bell' });
  await client.registerStack('two', { ...parts, alerter: ['bell', 'horn'] });
});
afterAll(() => {
  jest.restoreAllMocks();
  project.remove();
});
beforeEach(() => {
  sent.length = 0;
});
afterEach(() => {
  for (const name of Object.keys(sends)) delete sends[name];
});

const fine = step('fine', { cache: false }, async () => 1);
const failing = (options: Parameters<typeof step>[1] & object) =>
  step('train', { cache: false, ...options }, async () => {
    await activeRun().env();
    throw new TypeError('diverged\nat epoch 3');
  });

describe('notify()', () => {
  it('tells of a step and of its run what happened to them, with the run and where it can be seen', async () => {
    const train = failing({ experimentTracker: true, onFailure: notify() });
    const run = await pipeline('wine', { onEnd: notify() }, () => void train()).run({}, { stack: 'one' });
    expect(sent.map(({ alert }) => alert)).toEqual([
      {
        title: 'Step "train" of pipeline "wine" failed',
        text: expect.stringMatching(new RegExp(`^Run ${run.name}, after [\\d.]+ m?s: diverged$`)),
        severity: 'error',
        runId: run.id,
        url: expect.stringMatching(/^file:.*\.json$/),
      },
      {
        title: 'Pipeline "wine" failed',
        text: expect.stringMatching(new RegExp(`^Run ${run.name}, after [\\d.]+ m?s: diverged$`)),
        severity: 'error',
        runId: run.id,
        url: run.runMetadata['experiment_tracker_url']!.value,
      },
    ]);
    expect(sent[0]!.alert.url).toBe(run.steps['train']!.runMetadata['experiment_tracker_url']!.value);
    expect(run.warnings).toEqual([]);
  });

  it('speaks of the start and of a good end as information, and knows no URL where nothing is tracked', async () => {
    const load = step('load', { cache: false, onStart: notify(), onSuccess: notify() }, async () => 1);
    await pipeline('p', { onSuccess: notify() }, () => void load()).run({}, { stack: 'one' });
    expect(sent.map(({ alert: { title, severity, url } }) => [title, severity, url])).toEqual([
      ['Step "load" of pipeline "p" started', 'info', undefined],
      ['Step "load" of pipeline "p" completed', 'info', undefined],
      ['Pipeline "p" completed', 'info', undefined],
    ]);
  });

  it('says what it is told to say, as a text or as a function of the event', async () => {
    const bad = failing({ onFailure: notify({ title: 'Oh', text: ({ step, error }) => `${step}: ${(error as Error).name}` }) });
    const p = pipeline(
      'p',
      { onEnd: notify({ title: ({ params }) => `params ${JSON.stringify(params)}`, text: '' }), params: { rate: 2 } },
      () => void bad(),
    );
    await p.run({}, { stack: 'one' });
    expect(sent.map(({ alert: { title, text } }) => [title, text])).toEqual([
      ['Oh', 'train: TypeError'],
      ['params {"rate":2}', ''],
    ]);
  });

  it('tells through all alerters of the stack, or the one that it names', async () => {
    const p = pipeline('p', { onStart: notify(), onEnd: notify({ alerter: 'horn' }) }, () => void fine());
    await p.run({}, { stack: 'two' });
    expect(sent.map(({ alerter }) => alerter)).toEqual(['bell', 'horn', 'horn']);
  });

  it('is a warning of the run on a stack without an alerter', async () => {
    const run = await pipeline('p', { onEnd: notify() }, () => void fine()).run({}, { stack: 'quiet' });
    expect(run.status).toBe('completed');
    expect(run.warnings).toEqual(['the alert "Pipeline "p" completed" was not sent: the stack has no alerter']);
  });

  it('refuses before anything runs an alerter that the stack does not have: of a step, of a pipeline, of a class', async () => {
    const ran: string[] = [];
    const late = step('late', { cache: false, onFailure: notify({ alerter: 'hron' }) }, async () => void ran.push('late'));
    const early = step('early', { cache: false }, async () => void ran.push('early'));
    class Wine {
      @step({ onEnd: notify({ alerter: 'siren' }) }) async load() {
        ran.push('load');
      }
      @pipeline() async run() {
        await this.load();
      }
    }
    const attempts = [
      () => pipeline('p', () => void late({}, { after: [early()] })).run({}, { stack: 'two', name: 'refused' }),
      () => pipeline('p', { onEnd: notify({ alerter: 'siren' }) }, () => void early()).run({}, { stack: 'two', name: 'refused' }),
      () => runPipeline(Wine, {}, { stack: 'two', name: 'refused' }),
    ];
    const said = [
      'step "late" names the alerter "hron"',
      'pipeline "p" names the alerter "siren"',
      'step "load" names the alerter "siren"',
    ];
    for (const [i, attempt] of attempts.entries())
      await expect(attempt()).rejects.toMatchObject({
        code: 'ALERTER_NOT_IN_STACK',
        message: `a hook of ${said[i]!}, which stack "two" does not have`,
        advice: 'It has: bell, horn.',
      });
    expect(ran).toEqual([]);
    expect((await new Client().listRuns({ name: 'refused' })).items).toEqual([]);
  });

  it('is refused as a hook itself, where it was not called: it would fail when there is something to tell', () => {
    const line = (of: string) =>
      expect.objectContaining({ line: `BAD_OPTION: option "onFailure" of ${of} must be notify(), with its parentheses` });
    expect(() => step('bare', { onFailure: notify as never }, () => 1)).toThrow(line('step "bare"'));
    expect(() => pipeline('bare', { onFailure: notify as never }, () => undefined)).toThrow(line('pipeline "bare"'));
  });

  it('refuses options that are none', () => {
    expect(() => notify({ titel: 'x' } as never)).toThrow(/notify\(\) has no option "titel"/);
    expect(() => notify({ alerter: 1 as never })).toThrow(/alerter.*must be the name/);
    expect(() => notify({ text: 1 as never })).toThrow(/text.*must be a text/);
  });

  it('whose text cannot be made is a warning, and so is an alert that is none', async () => {
    const onStart = notify({
      text: () => {
        throw new Error('no words');
      },
    });
    const onEnd = async ({ alert }: { alert(given: never): Promise<void> }): Promise<void> => {
      await alert({ title: 1, text: '' } as never);
      await alert({ title: 'a', text: 'b', severity: 'fatal' } as never);
      await alert(undefined as never);
    };
    const run = await pipeline('p', { onStart, onEnd }, () => void fine()).run({}, { stack: 'one' });
    expect(run.warnings).toEqual([
      'hook onStart of pipeline "p" failed: no words',
      'an alert was not sent: its title is no text',
      'an alert was not sent: its severity is none of info, warning, error',
      'an alert was not sent: it is no object',
    ]);
    expect(sent).toEqual([]);
  });
});

describe('the alert() of a hook', () => {
  it('sends what it is given, in class style too, and resolves when it has been sent', async () => {
    const order: string[] = [];
    sends['bell'] = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      order.push('sent');
    };
    class Wine {
      @step({
        onSuccess: async ({ alert, step }) => {
          await alert({ title: `${step} is there`, text: 'all of it', severity: 'warning', url: 'https://example.com/x' });
          order.push('went on');
        },
      })
      async load() {
        return 1;
      }
      @pipeline({ onEnd: ({ alert }) => alert({ title: 'over', text: '' }) }) async run() {
        await this.load();
      }
    }
    const run = await runPipeline(Wine, {}, { stack: 'one', cache: false });
    expect(order).toEqual(['sent', 'went on', 'sent']);
    expect(sent.map(({ alert }) => alert)).toEqual([
      { title: 'load is there', text: 'all of it', severity: 'warning', runId: run.id, url: 'https://example.com/x' },
      { title: 'over', text: '', severity: 'info', runId: run.id },
    ]);
  });

  it('that fails is a warning that names the alerter, keeps no other from sending, and the run as it is', async () => {
    sends['bell'] = async () => {
      throw new Error('503\nfrom the bell');
    };
    sends['horn'] = () => {
      throw new Error('flat');
    };
    let after = false;
    const onEnd = async ({ alert }: { alert: (given: { title: string; text: string }) => Promise<void> }): Promise<void> => {
      await alert({ title: 'done', text: '' });
      after = true;
    };
    const run = await pipeline('p', { onEnd }, () => void fine()).run({}, { stack: 'two' });
    expect([run.status, after, sent.length]).toEqual(['completed', true, 2]);
    expect(run.warnings).toEqual(['the alert "done" was not sent by "bell": 503', 'the alert "done" was not sent by "horn": flat']);
    expect((await new Client().getPipelineRun('latest')).warnings).toEqual(run.warnings);
  });

  it('is the same for every alerter, whatever the one before did to it, and is told by its own title', async () => {
    sends['bell'] = async (alert) => {
      alert.title = 'from the bell';
      delete alert.runId;
      throw new Error('cracked');
    };
    const run = await pipeline('wine', { onEnd: ({ alert }) => alert({ title: 'done', text: 'all of it' }) }, () => void fine()).run(
      {},
      { stack: 'two' },
    );
    expect(sent.find(({ alerter }) => alerter === 'horn')?.alert).toMatchObject({ title: 'done', runId: run.id });
    expect(run.warnings).toEqual(['the alert "done" was not sent by "bell": cracked']);
  });

  it('holds no secret that this process knows', async () => {
    keepSecret('gr4nd-cru');
    const onEnd = notify({ title: 'gr4nd-cru', text: ({ runName }) => `${runName} had gr4nd-cru` });
    await pipeline('p', { onEnd }, () => void fine()).run({}, { stack: 'one', name: 'masked' });
    expect(sent.map(({ alert: { title, text } }) => [title, text])).toEqual([['***', 'masked had ***']]);
  });

  it('through an alerter that the stack does not have is a warning, as it is seen only then', async () => {
    const onEnd = ({ alert }: { alert: (given: { title: string; text: string }, options: { alerter: string }) => Promise<void> }) =>
      alert({ title: 'done', text: '' }, { alerter: 'siren' });
    const run = await pipeline('p', { onEnd }, () => void fine()).run({}, { stack: 'one' });
    expect(run.warnings).toEqual(['the alert "done" was not sent: the stack has no alerter "siren"']);
  });

  it('that the hook did not wait for is waited for', async () => {
    let arrived = false;
    sends['bell'] = async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      arrived = true;
    };
    const run = await pipeline('p', { onEnd: (event) => void event.alert({ title: 'a', text: '' }) }, () => void fine()).run(
      {},
      { stack: 'one' },
    );
    expect([arrived, run.warnings]).toEqual([true, []]);
  });

  it('after its hook has ended is a warning', async () => {
    let late: (() => Promise<void>) | undefined;
    const load = step('load', { cache: false, onStart: ({ alert }) => void (late = () => alert({ title: 'a', text: '' })) }, async () =>
      late!(),
    );
    const run = await pipeline('p', () => void load()).run({}, { stack: 'one' });
    expect([run.status, sent, run.warnings]).toEqual(['completed', [], ['the alert "a" was not sent: the hook had ended']]);
  });

  it('in a killed run has 2 s: then its signal is aborted, and the run ends', async () => {
    const stop = new AbortController();
    sends['bell'] = () => new Promise(() => undefined);
    const long = step('long', { cache: false, onEnd: notify() }, () => new Promise<void>(() => setTimeout(() => stop.abort(), 50)));
    const begun = Date.now();
    const run = await pipeline('p', { onEnd: notify() }, () => void long()).run({}, { stack: 'one', signal: stop.signal });
    expect(run.status).toBe('killed');
    expect(Date.now() - begun).toBeGreaterThan(3_900);
    expect(Date.now() - begun).toBeLessThan(25_000);
    expect(sent.map(({ alert: { title, severity }, signal }) => [title, severity, signal.aborted])).toEqual([
      ['Step "long" of pipeline "p" was killed', 'warning', true],
      ['Pipeline "p" was killed', 'warning', true],
    ]);
    expect(run.warnings).toEqual([
      'the alert "Step "long" of pipeline "p" was killed" was not sent by "bell": it did not answer in time',
      'the alert "Pipeline "p" was killed" was not sent by "bell": it did not answer in time',
    ]);
  });

  it('in a run that was resumed leads to where the run could be seen before', async () => {
    let fails = true;
    const seen = step('seen', { experimentTracker: true, cacheKey: 'resumed' }, async () => 1);
    const flaky = step('flaky', { cache: false, onFailure: notify(), onSuccess: notify() }, async () => {
      if (fails) throw new Error('no');
    });
    const p = pipeline('resumed', { onEnd: notify() }, () => void flaky({}, { after: [seen()] }));
    const first = await p.run({}, { stack: 'one', name: 'again' });
    fails = false;
    const second = await resumeRun('again');
    expect([first.status, second.status, second.id]).toEqual(['failed', 'completed', first.id]);
    const url = second.runMetadata['experiment_tracker_url']!.value;
    expect(sent.map(({ alert }) => [alert.title, alert.runId, alert.url])).toEqual([
      ['Step "flaky" of pipeline "resumed" failed', first.id, url],
      ['Pipeline "resumed" failed', first.id, url],
      ['Step "flaky" of pipeline "resumed" completed', first.id, url],
      ['Pipeline "resumed" completed', first.id, url],
    ]);
  });
});
