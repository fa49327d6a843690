import { isMortiseError } from '../errors.ts';
import { pipeline } from '../pipeline/pipeline.ts';
import { step as typedStep } from '../pipeline/step.ts';
import { when as typedWhen } from '../pipeline/when.ts';

/** As a JavaScript file would use them: what the compiler refuses must be refused at run time too. */
export type Loose = { (...args: unknown[]): Loose; [name: string]: Loose };
export const step = typedStep as unknown as Loose;
export const when = typedWhen as unknown as Loose;
export const loosePipeline = pipeline as unknown as (...args: unknown[]) => ReturnType<typeof pipeline> & Loose;

export const load = step('load', () => 1);
export const train = step('train', ({ data }: { data: number }) => data);
export const split = step('split', { outputs: ['train', 'test'] }, () => ({ train: 1, test: 2 }));

/** The code and the line of the error that planning a body ends with. */
export async function refusal(body: (...args: Loose[]) => unknown): Promise<string> {
  return lineOf(() => loosePipeline('wine', body).compile());
}

export async function lineOf(act: () => unknown): Promise<string> {
  try {
    await act();
  } catch (error) {
    if (isMortiseError(error)) return error.line;
    throw error;
  }
  return 'nothing was refused';
}
