import { executes, reads, ScheduledOrchestrator, seen, sees, type OrchestratorMutant } from './orchestrator-mutant.ts';

const STOPPED = 'of a run that is stopped nothing more begins; what runs is waited for, and that is no error';
const STOP = 'stop-on-failure: after a step that failed nothing begins, and what runs comes to its end';
const FAST = 'fail-fast: what runs is aborted, and nothing begins';
const CONTINUE = 'continue-on-failure: all runs that is not downstream of the failure, and nothing else';
const NO_FAILURE = 'a step that fails is no failure of the orchestrator, in any mode';
const DISPOSED = 'an orchestrator lets go when it is disposed of, and of nothing that others use';
const DOWN = 'an orchestrator that cannot be reached says so, to a run and to a check, and works again afterwards';

/** Orchestrators that do the wrong thing about failures and stops. */
export const stopMutants: OrchestratorMutant[] = [
  { does: 'goes on after a failure', caughtBy: STOP, make: sees(() => ({ executionMode: 'continue-on-failure' })) },
  { does: 'aborts what runs at any failure', caughtBy: STOP, make: sees(() => ({ executionMode: 'fail-fast' })) },
  {
    does: 'does not wait for what still runs after a failure',
    caughtBy: STOP,
    make: executes(async (plan, run, whole) => {
      const { promise: failed, resolve } = Promise.withResolvers<void>();
      const runStep: typeof run.runStep = async (...step) => {
        const status = await run.runStep(...step);
        if (status === 'failed') resolve();
        return status;
      };
      await Promise.race([whole.execute(plan, seen(run, { runStep })), failed]);
    }),
  },
  {
    does: 'goes on below what was killed',
    caughtBy: 'stop-on-failure: after a step that was killed nothing begins, and what runs comes to its end',
    make: sees((run) => ({
      runStep: async (...step) => {
        const status = await run.runStep(...step);
        return status === 'killed' ? 'completed' : status;
      },
    })),
  },
  { does: 'aborts nothing', caughtBy: FAST, make: sees(() => ({ abortRunning: () => undefined })) },
  {
    does: 'stops at the first failure in any mode',
    caughtBy: CONTINUE,
    make: sees(() => ({ executionMode: 'stop-on-failure' })),
  },
  {
    does: 'runs what is downstream of a failure',
    caughtBy: CONTINUE,
    make: sees((run) => ({
      runStep: async (...step) => {
        await run.runStep(...step);
        return 'completed';
      },
    })),
  },
  {
    does: 'keeps only those below a failure from running that take a wire from it',
    caughtBy: CONTINUE,
    make: reads((step) => ({ ...step, after: [], when: [] })),
  },
  {
    does: 'rejects when a step failed',
    caughtBy: NO_FAILURE,
    make: sees((run) => ({
      runStep: async (...step) => {
        const status = await run.runStep(...step);
        if (status === 'failed') throw new Error('a step failed');
        return status;
      },
    })),
  },
  {
    does: 'takes what breaks in Mortise for a step that failed',
    caughtBy: 'what breaks in Mortise itself while it runs a step is thrown',
    make: sees((run) => ({ runStep: (...step) => run.runStep(...step).catch(() => 'failed' as const) })),
  },
  {
    does: 'waits for ever when something breaks in Mortise',
    caughtBy: 'what breaks in Mortise itself while it runs a step is thrown',
    make: sees((run) => ({ runStep: (...step) => run.runStep(...step).catch(() => new Promise(() => undefined)) })),
  },
  {
    does: 'does not look whether the run has stopped before it begins',
    caughtBy: 'of a run that was stopped before it begins, nothing runs',
    make: executes(async (plan, run, whole) => {
      if (run.signal.aborted && plan.steps.length > 0) await run.runStep(plan.steps[0]!.id);
      await whole.execute(plan, run);
    }),
  },
  { does: 'does not see that the run was stopped', caughtBy: STOPPED, make: sees(() => ({ signal: new AbortController().signal })) },
  {
    does: 'rejects when the run was stopped',
    caughtBy: STOPPED,
    make: executes(async (plan, run, whole) => {
      await whole.execute(plan, run);
      run.signal.throwIfAborted();
    }),
  },
  {
    does: 'lets go of what runs when the run is stopped',
    caughtBy: STOPPED,
    make: executes(async (plan, run, whole) => {
      const stopped = new Promise<void>((resolve) => run.signal.addEventListener('abort', () => resolve()));
      await Promise.race([whole.execute(plan, run), stopped]);
    }),
  },
  {
    does: 'never ends once the run is stopped',
    caughtBy: 'a run that is stopped ends when its steps do',
    make: executes(async (plan, run, whole) => {
      await whole.execute(plan, run);
      if (run.signal.aborted) await new Promise(() => undefined);
    }),
  },
  {
    does: 'fails its check though all is well',
    caughtBy: 'an orchestrator that can be reached passes its check',
    make: (world) => Object.assign(new ScheduledOrchestrator(world), { check: () => Promise.reject(new Error('no route')) }),
  },
  {
    does: 'checks for ever, whatever the signal says',
    caughtBy: 'a check ends with its signal',
    make: (world) =>
      Object.assign(new ScheduledOrchestrator(world), { execute: undefined, check: () => new Promise<void>(() => undefined) }),
  },
  {
    does: 'never finishes when it is disposed of',
    caughtBy: DISPOSED,
    make: (world) => Object.assign(new ScheduledOrchestrator(world), { [Symbol.asyncDispose]: () => new Promise<void>(() => undefined) }),
  },
  {
    does: 'closes what others use when it is disposed of',
    caughtBy: DISPOSED,
    make: (world) => {
      const whole = new ScheduledOrchestrator(world);
      return Object.assign(whole, { [Symbol.asyncDispose]: async () => void (world.down = true) });
    },
  },
  {
    does: 'takes a plan that it cannot send for one that is done',
    caughtBy: DOWN,
    make: executes((plan, run, whole) => whole.execute(plan, run).catch(() => undefined)),
  },
  {
    does: 'passes its check when it cannot be reached',
    caughtBy: DOWN,
    make: (world) => {
      const whole = new ScheduledOrchestrator(world);
      return { execute: (plan, run) => whole.execute(plan, run), check: async () => undefined };
    },
  },
  {
    does: 'stays down after it could not be reached once',
    caughtBy: DOWN,
    make: (world) => {
      const whole = new ScheduledOrchestrator(world);
      let broken = false;
      return {
        execute: async (plan, run) => {
          broken ||= world.down;
          if (broken) throw new Error('it cannot be reached');
          await whole.execute(plan, run);
        },
        check: () => whole.check(),
      };
    },
  },
];
