import { isMortiseError, OrchestratorBroken, OrchestratorFailed } from '../errors.ts';
import { dependenciesOf } from '../pipeline/dependencies.ts';
import type { PipelineSpec, StepSpec, StepStatus } from '../pipeline/pipeline-spec.ts';
import type { OrchestratedRun, Orchestrator } from '../stack/orchestrator.ts';
import { reasonOf } from './outcome.ts';

/**
 * A run as an orchestrator is given it, which is held to what an orchestrator is to do: one that leaves out a step, or begins it too early or twice, would
 * else make a run of it that has completed. Its methods need no `this`: an author hands them on one by one.
 */
export class CheckedPlan implements OrchestratedRun {
  readonly executionMode;
  readonly concurrency;
  readonly signal;
  readonly #run: OrchestratedRun;
  readonly #flavor: string;
  readonly #steps: ReadonlyMap<string, StepSpec>;
  readonly #begun = new Set<string>();
  /** How many runs of a step have not ended, by its id: of a mapped one, of its items. */
  readonly #left = new Map<string, number>();
  readonly #asked = new Map<string, Promise<number | undefined>>();
  /** Of mapped steps, once they are known. */
  readonly #lengths = new Map<string, number | undefined>();
  /** Steps of which is known that all they wait for has ended. */
  readonly #ready = new Set<string>();
  /** What this package itself threw at the orchestrator. */
  readonly #ours = new Set<unknown>();
  readonly #underWay = new Set<Promise<unknown>>();
  #over = false;
  #broken: Error | undefined;

  constructor(run: OrchestratedRun, plan: PipelineSpec, flavor: string) {
    this.#run = run;
    this.#flavor = flavor;
    this.#steps = new Map(plan.steps.map((step) => [step.id, step]));
    this.executionMode = run.executionMode;
    this.concurrency = run.concurrency;
    this.signal = run.signal;
  }

  /**
   * Has an orchestrator carry out the plan.
   * @throws OrchestratorBroken, OrchestratorFailed, and what a step's run threw at it
   */
  async carriedOutBy(orchestrator: Orchestrator, plan: PipelineSpec): Promise<void> {
    try {
      await orchestrator.execute(plan, this);
    } catch (error) {
      if (isMortiseError(error) || this.#ours.has(error)) throw error;
      throw new OrchestratorFailed({ flavor: this.#flavor, reason: reasonOf(error) }, { cause: error });
    } finally {
      this.#over = true;
    }
  }

  /**
   * Waits for what runs still, and looks whether the plan has been carried out.
   * @param failed whether a step has by now, so that others may not have begun
   * @throws OrchestratorBroken
   */
  async requireWhole(failed: () => boolean): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
    if (this.#broken !== undefined) throw this.#broken;
    if (failed() || this.signal.aborted) return;
    for (const { id } of this.#steps.values()) {
      const left = this.#left.get(id);
      if (left === undefined) throw this.#refusal(`its execute() ended, and step "${id}" was not run`);
      if (left > 0) throw this.#refusal(`its execute() ended, and ${left} ${left === 1 ? 'item' : 'items'} of step "${id}" were not run`);
    }
  }

  readonly abortRunning = (reason: string): void => this.#run.abortRunning(reason);

  readonly settings = (stepId: string): Promise<unknown> => this.#handled(async () => this.#run.settings(this.#step(stepId).id));

  readonly mapLength = (stepId: string): Promise<number | undefined> =>
    this.#handled(async () => {
      const { id } = this.#step(stepId);
      this.#requireReady(id, 'asked for the length of');
      const asked = this.#asked.get(id) ?? this.#askLength(id);
      this.#asked.set(id, asked);
      return asked;
    });

  readonly runStep = (stepId: string, mapIndex?: number): Promise<StepStatus> =>
    this.#handled(async () => {
      if (this.#over) {
        // Nobody may be there any more who would catch it.
        this.#refusal(`it ran step "${stepId}" after its execute() had ended`);
        return 'killed';
      }
      this.#begin(this.#step(stepId), mapIndex);
      const status = await this.#run.runStep(stepId, mapIndex);
      this.#left.set(stepId, (this.#left.get(stepId) ?? 1) - 1);
      return status;
    });

  async #askLength(id: string): Promise<number | undefined> {
    const length = await this.#run.mapLength(id);
    this.#lengths.set(id, length);
    if (length !== undefined && length > 0) this.#left.set(id, length);
    return length;
  }

  #begin({ id, map }: StepSpec, mapIndex: number | undefined): void {
    this.#requireReady(id, 'ran');
    const label = mapIndex === undefined ? id : `${id}[${mapIndex}]`;
    if (this.#begun.has(label)) throw this.#refusal(`it ran step "${label}" twice`);
    this.#begun.add(label);
    if (this.signal.aborted) return;
    if (map !== undefined && !this.#lengths.has(id)) throw this.#refusal(`it ran the mapped step "${label}" without asking for its length`);
    const length = this.#lengths.get(id) ?? 0;
    const isItem = Number.isInteger(mapIndex) && mapIndex! >= 0 && mapIndex! < length;
    if (mapIndex === undefined ? length > 0 : !isItem)
      throw this.#refusal(`it ran step "${label}", which has ${length === 0 ? 'no items' : `${length} items to be run one by one`}`);
  }

  #step(id: string): StepSpec {
    const step = this.#steps.get(id);
    if (step === undefined) throw this.#refusal(`it names step "${id}", which the plan does not have`);
    return step;
  }

  /** In a run that is stopped nothing begins: what is asked of it then does no harm. */
  #requireReady(id: string, did: string): void {
    if (this.#ready.has(id) || this.signal.aborted) return;
    for (const source of dependenciesOf(this.#steps.get(id)!)) {
      if (this.#steps.has(source) && this.#left.get(source) !== 0)
        throw this.#refusal(`it ${did} step "${id}" before step "${source}" had ended`);
    }
    this.#ready.add(id);
  }

  /** The first one counts: what follows may come of it. It is kept, as the orchestrator may catch it. */
  #refusal(reason: string): Error {
    const error = new OrchestratorBroken({ flavor: this.#flavor, reason });
    this.#broken ??= error;
    return error;
  }

  /** An orchestrator that does not wait for what it begins is no reason to end the process: what went wrong is told at the end. */
  #handled<T>(work: () => Promise<T>): Promise<T> {
    const answer = work();
    this.#underWay.add(answer);
    answer.catch((error: unknown) => this.#ours.add(error)).finally(() => this.#underWay.delete(answer));
    return answer;
  }
}
