import { tracked } from '../tracking/tracked-output.ts';
import { pipeline, step } from './authoring.ts';
import { runPipeline } from './class-pipeline.ts';

/** What compiles in class style, and what must not. Never run. */

interface Wine {
  rows: number[][];
}
interface Model {
  weights: number[];
}
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function is<T extends true>(_claim?: T): void {}

declare const wineData: Wine;

// ---- what compiles -------------------------------------------------------------------------------------------------------------

class Steps {
  @step()
  async load(): Promise<Wine> {
    return wineData;
  }
  @step({ experimentTracker: true, retry: { retries: 2 }, timeoutMs: 1000, systemMetrics: true })
  async train({ data, lr = 1 }: { data: Wine; lr?: number }): Promise<Model> {
    return { weights: data.rows.map(() => lr) };
  }
  @step({ outputs: ['train', 'test'] })
  async split({ data }: { data: Wine }): Promise<{ train: Wine; test: Wine; rest: number }> {
    return { train: data, test: data, rest: 1 };
  }
  @step({ outputs: { metrics: tracked.metrics(), plain: {} } })
  async evaluate({ model }: { model: Model }): Promise<{ metrics: { accuracy: number }; plain: string }> {
    return { metrics: { accuracy: model.weights.length }, plain: 'x' };
  }
  @step()
  async optional({ size = 1 }: { size?: number } = {}): Promise<number> {
    return size;
  }
  @step()
  async identity<T>({ value }: { value: T }): Promise<T> {
    return value;
  }
}

class WinePipeline extends Steps {
  readonly scale = 2;

  @step()
  override async train({ data, lr = 1 }: { data: Wine; lr?: number }): Promise<Model> {
    const { weights } = await super.train({ data, lr });
    return { weights: weights.map((weight) => weight * this.scale) };
  }

  @pipeline({ params: { lr: 0.1, kind: 'red' as 'red' | 'white' } })
  async run({ lr, kind }: { lr: number; kind: 'red' | 'white' }): Promise<number> {
    const data = await this.load();
    const { train, test } = await this.split({ data });
    const models = await Promise.all([train, test].map((part) => this.train({ data: part, lr })));
    const { metrics } = await this.evaluate({ model: models[0]! });
    is<Equal<typeof metrics, { accuracy: number }>>();
    const same = await this.identity({ value: kind });
    is<Equal<typeof same, 'red' | 'white'>>();
    return metrics.accuracy > 0.5 ? this.optional() : this.optional({ size: 2 });
  }
}

class Bare extends Steps {
  @pipeline()
  async run(): Promise<void> {
    await this.load();
  }
}

class Renamed extends Bare {
  @pipeline({ name: 'renamed', params: { lr: 1 } })
  override async run({ lr = 2 }: { lr?: number } = {}): Promise<void> {
    await this.train({ data: await this.load(), lr });
  }
}

class Required extends Steps {
  @pipeline({ params: { file: undefined as string | undefined, size: 1 } })
  async run({ size }: { file: string; size: number }): Promise<number> {
    return this.optional({ size });
  }
}

interface Rates {
  lr: number;
  kind: 'red' | 'white';
}
declare const rates: Rates;
class Rated extends Steps {
  @pipeline({ params: rates })
  async run({ lr }: Rates): Promise<number> {
    return this.optional({ size: lr });
  }
}

/** `any`, as the project itself never has it. */
type Untyped = ReturnType<typeof JSON.parse>;
class Loose extends Steps {
  @pipeline({ params: { size: 1 } })
  async run(_params: Untyped): Promise<number> {
    return this.optional();
  }
}

async function runs(): Promise<void> {
  await runPipeline(Loose, { size: 2 });
  const run = await runPipeline(WinePipeline, { lr: 0.2 }, { stack: 'team', cache: false });
  is<Equal<typeof run.result, number | undefined>>();
  await runPipeline(WinePipeline);
  await runPipeline(Bare, {}, { concurrency: 2 });
  await runPipeline(Renamed, { lr: 3 });
  await runPipeline(Required, { file: 'wine.csv' });
  await runPipeline(Rated, { kind: 'white' });
  // @ts-expect-error: an unknown param
  await runPipeline(WinePipeline, { learningRate: 1 });
  // @ts-expect-error: a param of the wrong type
  await runPipeline(WinePipeline, { lr: 'fast' });
  // @ts-expect-error: a param that is none of the declared words
  await runPipeline(WinePipeline, { kind: 'rose' });
  // @ts-expect-error: a param for a pipeline without any
  await runPipeline(Bare, { lr: 1 });
  // @ts-expect-error: an unknown param of a run whose params are optional
  await runPipeline(Renamed, { rate: 1 });
  // @ts-expect-error: an unknown run option
  await runPipeline(WinePipeline, {}, { stak: 'team' });
  // @ts-expect-error: a class without a method run
  await runPipeline(Steps);
  // @ts-expect-error: a class whose constructor takes an argument
  await runPipeline(WithArgument);
  // @ts-expect-error: an instance in place of the class
  await runPipeline(new WinePipeline());
}
void runs;

class WithArgument extends WinePipeline {
  constructor(_size: number) {
    super();
  }
}

// ---- what does not -------------------------------------------------------------------------------------------------------------

class Wrong extends Steps {
  // @ts-expect-error: a name in place of the options of a step
  @step('train')
  async named(): Promise<number> {
    return 1;
  }
  // @ts-expect-error: a misspelt option of a step
  @step({ experimentTracer: true })
  async misspelt(): Promise<number> {
    return 1;
  }
  // @ts-expect-error: a misspelt option of a step beside a known one
  @step({ cache: false, retires: 2 })
  async beside(): Promise<number> {
    return 1;
  }
  // @ts-expect-error: a step option of the wrong type
  @step({ timeoutMs: '5s' })
  async typed(): Promise<number> {
    return 1;
  }
  // @ts-expect-error: an unknown key of system metrics of a step
  @step({ systemMetrics: { intervalMs: 1000, gpu: true } })
  async watched(): Promise<number> {
    return 1;
  }
  // @ts-expect-error: a field as a step
  @step()
  field = async (): Promise<number> => 1;
  // @ts-expect-error: a getter as a step
  @step()
  get getter(): Promise<number> {
    return Promise.resolve(1);
  }
  // @ts-expect-error: a static step
  @step()
  static async still(): Promise<number> {
    return 1;
  }
  // @ts-expect-error: a private step
  @step()
  async #hidden(): Promise<number> {
    return 1;
  }
  // @ts-expect-error: a step with two arguments
  @step()
  async two(a: Wine, b: Model): Promise<unknown> {
    return [a, b];
  }
  // @ts-expect-error: a step whose argument is not an object
  @step()
  async positional(a: number): Promise<number> {
    return a;
  }
  // @ts-expect-error: a step whose argument is an array
  @step()
  async list(a: number[]): Promise<number[]> {
    return a;
  }
  // @ts-expect-error: a step that is not async
  @step()
  immediate(): number {
    return 1;
  }
  // @ts-expect-error: a declared output that the method does not return
  @step({ outputs: ['train', 'other'] })
  async outputs(): Promise<{ train: number }> {
    return { train: 1 };
  }
  // @ts-expect-error: metrics that are no numbers
  @step({ outputs: { metrics: tracked.metrics() } })
  async metrics(): Promise<{ metrics: { accuracy: string } }> {
    return { metrics: { accuracy: 'high' } };
  }
  // @ts-expect-error: a step without its parentheses
  @step
  async bare(): Promise<number> {
    return 1;
  }
  hold(): unknown {
    return this.#hidden;
  }
}
void Wrong;

class WrongDefault extends Steps {
  // @ts-expect-error: a default of another type than run() takes
  @pipeline({ params: { lr: '0.1' } })
  async run({ lr }: { lr: number }): Promise<number> {
    return lr;
  }
}
void WrongDefault;

class ListOfParams extends Steps {
  // @ts-expect-error: params that are a list
  @pipeline({ params: [1] })
  async run(): Promise<number> {
    return 1;
  }
}
void ListOfParams;

class DateParam extends Steps {
  // @ts-expect-error: a date as a param
  @pipeline({ params: { at: new Date() } })
  async run({ at }: { at: Date }): Promise<number> {
    return at.getTime();
  }
}
void DateParam;

class Undeclared extends Steps {
  // @ts-expect-error: a param that run() takes and nobody declares
  @pipeline({ params: { a: 1 } })
  async run({ a, b }: { a: number; b: number }): Promise<number> {
    return a + b;
  }
}
void Undeclared;

class UndeclaredOptional extends Steps {
  // @ts-expect-error: an optional param that nobody declares
  @pipeline({ params: { a: 1 } })
  async run({ a }: { a: number; seed?: number }): Promise<number> {
    return a;
  }
}
void UndeclaredOptional;

class NoneDeclared extends Steps {
  // @ts-expect-error: params of run() where none are declared
  @pipeline()
  async run({ lr }: { lr: number }): Promise<number> {
    return lr;
  }
}
void NoneDeclared;

class NotTaken extends Steps {
  // @ts-expect-error: a declared param that run() does not take
  @pipeline({ params: { a: 1, b: 2 } })
  async run({ a }: { a: number }): Promise<number> {
    return a;
  }
}
void NotTaken;

class NoneTaken extends Steps {
  // @ts-expect-error: declared params of a run() that takes none
  @pipeline({ params: { a: 1 } })
  async run(): Promise<number> {
    return 1;
  }
}
void NoneTaken;

class WrongName extends Steps {
  // @ts-expect-error: a pipeline method that is not called run
  @pipeline()
  async start(): Promise<number> {
    return 1;
  }
}
void WrongName;

class WrongOption extends Steps {
  // @ts-expect-error: an unknown option of a pipeline
  @pipeline({ parms: { lr: 1 } })
  async run(): Promise<number> {
    return 1;
  }
}
void WrongOption;

class NotAsync extends Steps {
  // @ts-expect-error: a run that is not async
  @pipeline()
  run(): number {
    return 1;
  }
}
void NotAsync;

class WrongEdges extends Steps {
  @pipeline()
  async run(): Promise<void> {
    const data = await this.load();
    const model = await this.train({ data });
    // @ts-expect-error: an output of the wrong type
    await this.train({ data: model });
    // @ts-expect-error: a missing input
    await this.train({ lr: 1 });
    // @ts-expect-error: an unknown input
    await this.train({ data, momentum: 1 });
    // @ts-expect-error: inputs for a step that takes none
    await this.load({ data });
    // @ts-expect-error: an output that was not awaited
    await this.train({ data: this.load() });
    // @ts-expect-error: the object of outputs in place of one of them
    await this.train({ data: await this.split({ data }) });
  }
}
void WrongEdges;

// Function style, where these would be options of a decorator.
// @ts-expect-error: a step without its name
step(async () => 1);
// @ts-expect-error: a step without its function
step('lonely');
