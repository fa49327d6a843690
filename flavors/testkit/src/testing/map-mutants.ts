import { executes, reads, seen, sees, type OrchestratorMutant } from './orchestrator-mutant.ts';

const ONCE = 'a mapped step runs once per item, and what takes from it after the last';
const ASKED = 'the number of items is asked for when the inputs are there, and before the first runs';

/** Orchestrators that map wrongly. */
export const mapMutants: OrchestratorMutant[] = [
  { does: 'knows no mapped steps', caughtBy: ONCE, make: reads(({ map: _, ...step }) => step) },
  {
    does: 'leaves the first item out',
    caughtBy: ONCE,
    make: sees((run) => ({ runStep: async (id, index) => (index === 0 ? 'completed' : run.runStep(id, index)) })),
  },
  {
    does: 'goes on after the first item',
    caughtBy: ONCE,
    make: sees((run) => ({
      runStep: async (id, index) => {
        const end = run.runStep(id, index);
        return index === 0 ? 'completed' : end;
      },
    })),
  },
  {
    does: 'counts items from one',
    caughtBy: ONCE,
    make: sees((run) => ({ runStep: (id, index) => run.runStep(id, index === undefined ? undefined : index + 1) })),
  },
  {
    does: 'asks for all lengths at the beginning',
    caughtBy: ASKED,
    make: executes(async (plan, run, whole) => {
      const lengths = new Map<string, number | undefined>();
      for (const { id, map } of plan.steps) if (map !== undefined) lengths.set(id, await run.mapLength(id));
      await whole.execute(plan, seen(run, { mapLength: async (id) => lengths.get(id) }));
    }),
  },
  {
    does: 'does not ask how many items there are',
    caughtBy: ASKED,
    make: sees(() => ({ mapLength: async () => 3 })),
  },
  {
    does: 'leaves a step out that has no items',
    caughtBy: 'a mapped step that has no items runs once, without an item',
    make: executes(async (plan, run, whole) => {
      const none = new Set<string>();
      const mapLength = async (id: string): Promise<number | undefined> => {
        const length = await run.mapLength(id);
        if (length === 0) none.add(id);
        return length;
      };
      await whole.execute(
        plan,
        seen(run, { mapLength, runStep: async (id, index) => (none.has(id) ? 'completed' : run.runStep(id, index)) }),
      );
    }),
  },
  {
    does: 'runs the item 0 of a step whose items are not known',
    caughtBy: 'a mapped step whose items are not known, as one that will be skipped, runs once, without an item',
    make: sees((run) => ({ mapLength: async (id) => (await run.mapLength(id)) ?? 1 })),
  },
  {
    does: 'goes on below a step when only one item failed',
    caughtBy: 'an item that fails keeps the others of its step from beginning, or not, as the run says',
    make: sees((run) => ({
      runStep: async (id, index) => {
        const status = await run.runStep(id, index);
        return index === undefined ? status : 'completed';
      },
    })),
  },
];
