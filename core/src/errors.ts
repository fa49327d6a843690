/**
 * Every error a person can meet. Each is a class with a stable code, says in one line what happened and to which component, and what to do.
 * Errors are recognised by a marker and not by `instanceof`, so that two copies of this package agree.
 */
const MARK = Symbol.for('mortise.error.v1');

/** Base of all errors of Mortise. `message` is one line: what happened; `advice` is what to do about it. */
export class MortiseError extends Error {
  readonly code: string;
  readonly advice: string | undefined;

  constructor(code: string, message: string, advice?: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'MortiseError';
    this.code = code;
    this.advice = advice;
    Object.defineProperty(this, MARK, { value: true });
  }

  /** `CODE: what happened. What to do`, on one line. */
  get line(): string {
    const text = this.message.replace(/\s+/g, ' ').trim();
    if (!this.advice) return `${this.code}: ${text}`;
    return `${this.code}: ${/[.!?]$/.test(text) ? text : `${text}.`} ${this.advice}`;
  }
}

/** True for errors of this package, also those of another copy of it. */
export function isMortiseError(error: unknown): error is MortiseError {
  return typeof error === 'object' && error !== null && MARK in error;
}

/** True for a MortiseError of the given class (by its code, so also across copies of the package). */
export function isError<E extends MortiseError>(error: unknown, type: { readonly code: string; new (...args: never[]): E }): error is E {
  return isMortiseError(error) && error.code === type.code;
}

type Text = readonly [what: string, advice?: string | undefined];

function define<P extends object>(code: string, text: (p: P) => Text) {
  return class extends MortiseError {
    static readonly code = code;
    /** The facts the message was made of. */
    readonly facts: P;
    constructor(facts: P, options?: { cause?: unknown }) {
      const [what, advice] = text(facts);
      super(code, what, advice, options);
      this.facts = facts;
    }
  };
}

/** The entry of `known` that is nearest to `word` (a typo away), or undefined. Edit distance at most 2, or 1/3 of the word. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

function didYouMean(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  if (near !== undefined) return `Did you mean "${near}"?`;
  return known.length === 0 ? '' : `Known: ${known.join(', ')}.`;
}

/** `experiment-tracker` → `experiment tracker`. */
const spoken = (componentType: string): string => componentType.replaceAll('-', ' ');
/** `an experiment tracker`, `a stack`. */
const aSpoken = (kind: string): string => `${/^[aeiou]/i.test(kind) ? 'an' : 'a'} ${spoken(kind)}`;

// ---- the project and its store -------------------------------------------------------------------------------------------------

export const NoProject = define('NO_PROJECT', (p: { from: string }) => [
  `no Mortise project in ${p.from} or any folder above it`,
  'Run "mortise init" in the folder of your project.',
]);
export const FolderNotWritable = define('FOLDER_NOT_WRITABLE', (p: { folder: string; reason: string }) => [
  `cannot write to ${p.folder} (${p.reason})`,
  'Give your user write permission there, or choose another folder.',
]);
export const StoreCorrupt = define('STORE_CORRUPT', (p: { path: string; reason: string }) => [
  `the store ${p.path} cannot be read: ${p.reason}`,
  'Restore it from a backup, or move it aside and run "mortise init" to begin a new one.',
]);
export const NodeTooOld = define('NODE_TOO_OLD', (p: { version: string }) => [
  `Mortise needs Node 22.18 or newer, and this is ${p.version.replace(/^v/, '')}`,
  'Install a newer Node from https://nodejs.org.',
]);
export const StoreMissing = define('STORE_MISSING', (p: { path: string }) => [
  `there is no store ${p.path}`,
  'Run "mortise init" to make one, or restore it from a backup.',
]);
export const StoreTooNew = define('STORE_TOO_NEW', (p: { path: string; version: number; supported: number }) => [
  `the store ${p.path} was written by a newer Mortise (schema ${p.version}, this one knows ${p.supported})`,
  'Update Mortise in this project.',
]);
export const StoreBusy = define('STORE_BUSY', (p: { path: string; seconds: number }) => [
  `the store ${p.path} was locked by other processes for ${p.seconds} s`,
  'Try again; if it stays so, look for a process that hangs in this project.',
]);
export const StoreUrlUnsupported = define('STORE_URL_UNSUPPORTED', (p: { url: string }) => [
  `MORTISE_STORE_URL "${p.url}" is not supported`,
  'Use sqlite:<path>.',
]);
export const StoreWriteFailed = define('STORE_WRITE_FAILED', (p: { path: string; reason: string }) => [
  `cannot write to the store ${p.path}: ${p.reason}`,
  'Check free space and permissions.',
]);
export const StoreOnNetwork = define('STORE_ON_NETWORK', (p: { path: string; fileSystem: string }) => [
  `the store ${p.path} would lie on a network file system (${p.fileSystem}), where SQLite's write-ahead log does not work`,
  'Put it on a local disk: set MORTISE_STORE_URL=sqlite:/local/folder/store.db and run "mortise init" again.',
]);
export const BadProjectConfig = define('BAD_PROJECT_CONFIG', (p: { path: string; reason: string }) => [
  `${p.path} cannot be read: ${p.reason}`,
  'Mend the file, or delete it and run "mortise stack set NAME".',
]);

// ---- stacks, components, flavors -----------------------------------------------------------------------------------------------

export const UnknownComponentType = define('UNKNOWN_COMPONENT_TYPE', (p: { type: string; known: string[] }) => [
  `no component type "${p.type}"`,
  didYouMean(p.type, p.known),
]);
export const UnknownFlavor = define('UNKNOWN_FLAVOR', (p: { type: string; flavor: string; known: string[] }) => [
  `no ${spoken(p.type)} flavor "${p.flavor}"`,
  didYouMean(p.flavor, p.known),
]);
export const FlavorBroken = define('FLAVOR_BROKEN', (p: { type: string; flavor: string; reason: string }) => [
  `the ${spoken(p.type)} flavor "${p.flavor}" cannot be loaded: ${p.reason}`,
  'Mend or reinstall the package it comes from.',
]);
/** Without `known`, its keys cannot be listed. */
export const ConfigUnknownKey = define('CONFIG_UNKNOWN_KEY', (p: { of: string; key: string; known?: string[] }) => [
  `${p.of} has no config key "${p.key}"`,
  p.known?.length === 0 ? 'It takes no config.' : p.known && didYouMean(p.key, p.known),
]);
export const ConfigMissingKey = define('CONFIG_MISSING_KEY', (p: { of: string; key: string }) => [
  `${p.of} needs the config key "${p.key}"`,
  `Add --${p.key}=...`,
]);
/** `key` is empty when it is the config as a whole that is wrong. */
export const ConfigWrongType = define('CONFIG_WRONG_TYPE', (p: { of: string; key: string; reason: string }) => [
  `${p.key === '' ? 'the config' : `config key "${p.key}"`} of ${p.of} is wrong: ${p.reason}`,
]);
export const SettingsUnknownKey = define('SETTINGS_UNKNOWN_KEY', (p: { of: string; key: string; known: string[] }) => [
  `${p.of} has no setting "${p.key}"`,
  didYouMean(p.key, p.known),
]);
export const NameTaken = define('NAME_TAKEN', (p: { kind: string; name: string }) => [
  `${aSpoken(p.kind)} named "${p.name}" exists already`,
  'Choose another name, or delete the old one first.',
]);
export const BadName = define('BAD_NAME', (p: { kind: string; name: string }) => [
  `${JSON.stringify(p.name)} is no name for ${aSpoken(p.kind)}`,
  p.kind === 'run' && p.name === 'latest'
    ? 'It stands for the newest run: choose another one.'
    : 'Use letters, digits, ".", "_" and "-", beginning with a letter or digit, at most 128 characters.',
]);
export const UnknownComponent = define('UNKNOWN_COMPONENT', (p: { type: string; name: string; known: string[] }) => [
  `no ${spoken(p.type)} named "${p.name}"`,
  didYouMean(p.name, p.known) || `Register it with "mortise ${p.type} register ${p.name} --flavor=...".`,
]);
export const UnknownStack = define('UNKNOWN_STACK', (p: { name: string; known: string[] }) => [
  `no stack named "${p.name}"`,
  didYouMean(p.name, p.known),
]);
export const StackIncomplete = define('STACK_INCOMPLETE', (p: { stack: string; type: string }) => [
  `stack "${p.stack}" has no ${spoken(p.type)}`,
  `Every stack needs one: "mortise ${p.type} list" shows what is registered.`,
]);
export const StackTooMany = define('STACK_TOO_MANY', (p: { stack: string; type: string }) => [
  `stack "${p.stack}" names more than one ${spoken(p.type)}`,
  'Name one.',
]);
export const ComponentInUse = define('COMPONENT_IN_USE', (p: { type: string; name: string; stacks: string[] }) => [
  `the ${spoken(p.type)} "${p.name}" is used by ${p.stacks.length === 1 ? 'stack' : 'stacks'} ${p.stacks.map((s) => `"${s}"`).join(', ')}`,
  'Delete or change the stack first.',
]);
export const StackInUse = define('STACK_IN_USE', (p: { name: string }) => [
  `stack "${p.name}" is the active stack`,
  'Activate another one first with "mortise stack set NAME".',
]);
export const TrackerNotInStack = define(
  'TRACKER_NOT_IN_STACK',
  (p: { step: string; tracker: string | true; stack: string; available: string[] }) => [
    p.tracker === true
      ? `step "${p.step}" is tracked, but stack "${p.stack}" has no experiment tracker`
      : `step "${p.step}" names the experiment tracker "${p.tracker}", which stack "${p.stack}" does not have`,
    p.available.length === 0 ? 'Choose a stack with one.' : `It has: ${p.available.join(', ')}.`,
  ],
);
export const BadFlavor = define('BAD_FLAVOR', (p: { source: string; reason: string }) => [`${p.source} is not a flavor: ${p.reason}`]);
export const MissingPackage = define('MISSING_PACKAGE', (p: { package: string; of: string }) => [
  `${p.of} needs the package ${p.package}`,
  `Run "npm install ${p.package}".`,
]);

// ---- writing pipelines ---------------------------------------------------------------------------------------------------------

export const WireTouched = define('WIRE_TOUCHED', (p: { wire: string; how: string }) => [
  `${p.how} of ${p.wire}, which has no value yet: a pipeline's body only connects steps`,
  'Do this inside a step, or use when(wire, { then, else }) to branch.',
]);
export const WireInCondition = define('WIRE_IN_CONDITION', (p: { pipeline: string; expression: string; line: number }) => [
  `pipeline "${p.pipeline}" tests ${p.expression} in a condition (line ${p.line} of its body), but a step's output has no value yet`,
  'Branch with when(wire, { then, else }); if it is no step output, compute it above the pipeline or pass it as a param.',
]);
export const AsyncBody = define('ASYNC_BODY', (p: { pipeline: string }) => [
  `the body of pipeline "${p.pipeline}" is async`,
  'A function-style body only connects steps: make it a plain function, or write the pipeline as a class.',
]);
export const StepArguments = define('STEP_ARGUMENTS', (p: { step: string; reason: string }) => [
  `step "${p.step}" ${p.reason}`,
  'A step takes one object of named inputs, or nothing.',
]);
export const UnknownOption = define('UNKNOWN_OPTION', (p: { of: string; option: string; known: string[] }) => [
  `${p.of} has no option "${p.option}"`,
  didYouMean(p.option, p.known),
]);
export const BadOption = define('BAD_OPTION', (p: { of: string; option: string; reason: string }) => [
  `option "${p.option}" of ${p.of} ${p.reason}`,
]);
export const StepOutsidePipeline = define('STEP_OUTSIDE_PIPELINE', (p: { step: string }) => [
  `step "${p.step}" was called outside a pipeline`,
  `Call ${p.step}.fn(...) to run the function itself, for example in a test.`,
]);
export const StepInsideStep = define('STEP_INSIDE_STEP', (p: { inner: string; outer: string }) => [
  `step "${p.inner}" was called inside step "${p.outer}"`,
  'Connect steps in the pipeline; inside a step, call a plain function.',
]);
export const DuplicateStepId = define('DUPLICATE_STEP_ID', (p: { pipeline: string; id: string }) => [
  `pipeline "${p.pipeline}" has two steps with the id "${p.id}"`,
  'Give one of them another { id }.',
]);
export const BadStepId = define('BAD_STEP_ID', (p: { id: string }) => [
  `"${p.id}" is no step id`,
  'Use letters, digits, ".", "_" and "-", beginning with a letter or digit.',
]);
export const PipelineCycle = define('PIPELINE_CYCLE', (p: { pipeline: string; steps: string[] }) => [
  `pipeline "${p.pipeline}" has a cycle: ${p.steps.join(' -> ')}`,
  'A step cannot wait for itself.',
]);
export const ForeignWire = define('FOREIGN_WIRE', (p: { step: string; input: string; wire: string }) => [
  `input "${p.input}" of step "${p.step}" is ${p.wire}, made in another run of a pipeline's body`,
  'Pass wires of a nested pipeline in and out as its inputs and its result.',
]);
export const UnknownOutput = define('UNKNOWN_OUTPUT', (p: { step: string; output: string; known: string[] }) => [
  `step "${p.step}" has no output "${p.output}"`,
  didYouMean(p.output, p.known),
]);
export const UnknownParam = define('UNKNOWN_PARAM', (p: { pipeline: string; param: string; known: string[] }) => [
  `pipeline "${p.pipeline}" has no param "${p.param}"`,
  p.known.length === 0 ? 'It takes none.' : didYouMean(p.param, p.known),
]);
export const MissingParam = define('MISSING_PARAM', (p: { pipeline: string; param: string }) => [
  `pipeline "${p.pipeline}" needs the param "${p.param}"`,
  `Pass it: --param ${p.param}=...`,
]);
export const BadParam = define('BAD_PARAM', (p: { pipeline: string; param: string; reason: string }) => [
  `param "${p.param}" of pipeline "${p.pipeline}" ${p.reason}`,
]);
export const InputNotStorable = define('INPUT_NOT_STORABLE', (p: { step: string; input: string; reason: string }) => [
  `input "${p.input}" of step "${p.step}" ${p.reason}`,
  'Pass plain data, or the output of a step.',
]);
export const MissingInput = define('MISSING_INPUT', (p: { pipeline: string; input: string; known: string[] }) => [
  `pipeline "${p.pipeline}" reads the input "${p.input}", which it was not given`,
  p.known.length === 0
    ? 'A pipeline with inputs is called in the body of another one, with these inputs.'
    : `It was given: ${p.known.join(', ')}.`,
]);
export const PipelineOutsidePipeline = define('PIPELINE_OUTSIDE_PIPELINE', (p: { pipeline: string }) => [
  `pipeline "${p.pipeline}" was called outside the body of a pipeline`,
  'Run it with .run(params), or nest it by calling it in the body of another one.',
]);
export const BadPipelineResult = define('BAD_PIPELINE_RESULT', (p: { pipeline: string; returned: string }) => [
  `the body of pipeline "${p.pipeline}" returned ${p.returned}`,
  'Return a step output, an array or an object of them, or nothing.',
]);
export const BadCondition = define('BAD_CONDITION', (p: { reason: string }) => [
  `when() ${p.reason}`,
  'It takes the output of a step that gives true or false; branch on params with if.',
]);
export const BodyUnreadable = define('BODY_UNREADABLE', (p: { pipeline: string; reason: string }) => [
  `the body of pipeline "${p.pipeline}" cannot be read: ${p.reason}`,
]);
export const PlanTooLarge = define('PLAN_TOO_LARGE', (p: { pipeline: string; limit: number }) => [
  `pipeline "${p.pipeline}" has more than ${p.limit} steps`,
  'Run one step over many items with .map(); a loop in the body ends by params alone.',
]);
export const BadPipelineClass = define('BAD_PIPELINE_CLASS', (p: { pipeline: string; reason: string }) => [
  `class ${p.pipeline} cannot run as a pipeline: ${p.reason}`,
]);
export const BadStepMethod = define('BAD_STEP_METHOD', (p: { step: string; reason: string }) => [`@step ${p.step} ${p.reason}`]);
export const FrozenInstance = define('FROZEN_INSTANCE', (p: { pipeline: string; method: string; property: string }) => [
  `${p.method} wrote to "this.${p.property}" of ${p.pipeline}: every step call runs on a fresh, frozen instance`,
  'Return the value and pass it on as an input.',
]);
export const NotCacheable = define('NOT_CACHEABLE', (p: { step: string; reason: string }) => [
  `step "${p.step}" is not cached: ${p.reason}`,
]);

// ---- running -------------------------------------------------------------------------------------------------------------------

export const RunNameTaken = define('RUN_NAME_TAKEN', (p: { name: string }) => [
  `a run named "${p.name}" exists already`,
  'Choose another --name.',
]);
export const UnknownRun = define('UNKNOWN_RUN', (p: { run: string; nearest?: string | undefined }) => [
  p.run === 'latest' ? 'there is no run yet' : `no run "${p.run}"`,
  p.nearest === undefined ? '"mortise runs list" shows what there is.' : `Did you mean "${p.nearest}"?`,
]);
export const UnknownStep = define('UNKNOWN_STEP', (p: { run: string; step: string; nearest?: string | undefined }) => [
  `run "${p.run}" has no step "${p.step}"`,
  p.nearest === undefined ? `"mortise runs show ${p.run}" shows its steps.` : `Did you mean "${p.nearest}"?`,
]);
export const RunFailed = define('RUN_FAILED', (p: { run: string; status: string; reason: string }) => [
  `run "${p.run}" ${p.status}: ${p.reason}`,
  `See "mortise runs show ${p.run}".`,
]);
export const StepNotStarted = define('STEP_NOT_STARTED', (p: { step: string; reason: string }) => [
  `step "${p.step}" was not started: ${p.reason}`,
  'Await every step call in run().',
]);
export const StepTimeout = define('STEP_TIMEOUT', (p: { step: string; timeoutMs: number }) => [
  `step "${p.step}" took longer than ${p.timeoutMs} ms`,
]);
export const StepNotLocated = define('STEP_NOT_LOCATED', (p: { pipeline: string; reason: string; advice: string }) => [
  `pipeline "${p.pipeline}" cannot be found again in a child process: ${p.reason}`,
  `${p.advice}, or run it with { isolation: 'inline' }.`,
]);
export const StepProcessNotStarted = define('STEP_PROCESS_NOT_STARTED', (p: { reason: string }) => [
  `no child process could be started for the step: ${p.reason}`,
]);
export const StepProcessDied = define('STEP_PROCESS_DIED', (p: { step: string; how: string; advice?: string | undefined }) => [
  `the process of step "${p.step}" ${p.how}`,
  p.advice,
]);
export const NativeElsewhere = define('NATIVE_ELSEWHERE', (p: { tracker: string }) => [
  `native() of experiment tracker "${p.tracker}" is not there in a child process: its handle lives in the process of the run`,
  "Give the step { isolation: 'inline' }, or log into the same tracker run with the variables of env().",
]);
export const RunKilled = define('RUN_KILLED', (p: { reason: string }) => [`the run was killed (${p.reason})`]);
export const FenceLost = define('FENCE_LOST', (p: { step: string; attempt: number }) => [
  `attempt ${p.attempt} of step "${p.step}" was taken over meanwhile; its outputs were dropped`,
]);
export const RunTakenOver = define('RUN_TAKEN_OVER', (p: { run: string; status: string }) => [
  `run "${p.run}" is no longer this process's: it was taken for dead while it did not answer (the run is ${p.status} now), so what it still did was dropped`,
  `See "mortise runs show ${p.run}".`,
]);
export const OwnerDied = define('OWNER_DIED', (p: { pid: number; host: string; silentMs?: number; unwritten?: boolean }) => [
  p.unwritten === true
    ? `process ${p.pid} on ${p.host}, which ran it, could not write to the store how it ended`
    : p.silentMs === undefined
      ? `process ${p.pid} on ${p.host}, which ran it, ended without a word`
      : `process ${p.pid} on ${p.host}, which ran it, has not been heard of for ${Math.round(p.silentMs / 1000)} s`,
]);
export const RunUnderWay = define('RUN_UNDER_WAY', (p: { run: string; pid: number; host: string; doing: string }) => [
  `run "${p.run}" cannot be ${p.doing}: process ${p.pid} on ${p.host} is running it`,
  `Wait for its end, or stop it with "mortise runs cancel ${p.run}".`,
]);
export const RunIsOver = define('RUN_IS_OVER', (p: { run: string; status: string; doing: string }) => [
  `run "${p.run}" cannot be ${p.doing}: it ${p.status === 'completed' ? 'has completed' : `has ended already (${p.status})`}`,
  p.status === 'completed' ? 'There is nothing left to do.' : `Go on with it by "mortise runs resume ${p.run}".`,
]);
export const PipelineGone = define('PIPELINE_GONE', (p: { run: string; pipeline: string; module: string; reason: string }) => [
  `pipeline "${p.pipeline}" of run "${p.run}" cannot be found again in ${p.module}: ${p.reason}`,
  'Put it back where it was, or pass it: resumeRun(name, { pipeline }).',
]);
export const OutputMissing = define('OUTPUT_MISSING', (p: { step: string; output: string; returned: string }) => [
  `step "${p.step}" declares the output "${p.output}", but returned ${p.returned}`,
  'Return an object with every declared output.',
]);
/** `part`: it is not the whole output that is at fault, but something in it. */
/** `part`: of a value within the output. `store`: the output is right, but the artifact store did not take it. */
export const OutputNotStorable = define(
  'OUTPUT_NOT_STORABLE',
  (p: { step: string; output: string; reason: string; part?: boolean; store?: boolean }) => [
    `output "${p.output}" of step "${p.step}" cannot be stored: ${p.reason}`,
    p.store === true
      ? 'Check free space and permissions there, then go on with "mortise runs resume".'
      : p.part === true
        ? 'Return plain data, or make it an output of its own with { outputs } and a materializer.'
        : 'Return plain data, or register a materializer for it with registerMaterializer().',
  ],
);
/** `lost`: its bytes are missing or damaged. */
export const InputNotLoadable = define('INPUT_NOT_LOADABLE', (p: { step: string; input: string; reason: string; lost?: boolean }) => [
  `input "${p.input}" of step "${p.step}" cannot be loaded: ${p.reason}`,
  p.lost === true ? 'Run the pipeline with --no-cache ({ cache: false }) to make it anew.' : undefined,
]);
export const MapNotArray = define('MAP_NOT_ARRAY', (p: { step: string; input: string; reason: string }) => [
  `step "${p.step}" cannot be mapped over input "${p.input}": ${p.reason}`,
  'Every input of the first object must be an array, all of one length.',
]);

// ---- artifacts -----------------------------------------------------------------------------------------------------------------

export const BadArtifactKey = define('BAD_ARTIFACT_KEY', (p: { key: string; reason: string }) => [
  `"${p.key}" is no artifact key: ${p.reason}`,
]);
export const ArtifactNotFound = define('ARTIFACT_NOT_FOUND', (p: { what: string; where?: string }) => [
  `${p.what} is not there${p.where === undefined ? '' : ` (${p.where})`}`,
]);
export const ArtifactExists = define('ARTIFACT_EXISTS', (p: { key: string }) => [`an artifact is stored at "${p.key}" already`]);
export const ArtifactCorrupt = define('ARTIFACT_CORRUPT', (p: { what: string; expected: string; found: string }) => [
  `${p.what} is damaged: ${p.found} where ${p.expected} was stored`,
  'Run the step again with --no-cache.',
]);
export const ArtifactStoreFailed = define('ARTIFACT_STORE_FAILED', (p: { store: string; doing: string; reason: string }) => [
  `the artifact store "${p.store}" failed ${p.doing}: ${p.reason}`,
]);
export const NotSerializable = define('NOT_SERIALIZABLE', (p: { path: string; what: string }) => [
  `${p.path} is ${p.what}, for which there is no materializer`,
]);
export const StreamSpent = define('STREAM_SPENT', (_: object) => [
  'this stream was read already, and can be read only once',
  'Give stream() a function that opens it, or let the next step read it.',
]);
export const BadMaterializer = define('BAD_MATERIALIZER', (p: { materializer: string; reason: string }) => [
  `the materializer "${p.materializer}" ${p.reason}`,
  'Mend it where it is passed to registerMaterializer().',
]);
export const UnknownMaterializer = define('UNKNOWN_MATERIALIZER', (p: { name: string; version: number }) => [
  `no materializer "${p.name}" version ${p.version}`,
  'Import the module that registers it.',
]);

// ---- tracking ------------------------------------------------------------------------------------------------------------------

export const TrackerUnavailable = define('TRACKER_UNAVAILABLE', (p: { tracker: string; reason: string }) => [
  `the experiment tracker "${p.tracker}" is not available: ${p.reason}`,
  'Check that it can be reached and is configured right; what was logged is kept and delivered later. onTrackerError "warn" lets steps go on without it.',
]);
export const NotDelivered = define('NOT_DELIVERED', (p: { left: { component: string; trackerRuns: number; reason: string }[] }) => [
  p.left
    .map(({ component, trackerRuns: n, reason }) => `${n} tracker ${n === 1 ? 'run' : 'runs'} of "${component}" not delivered (${reason})`)
    .join('; '),
  'They are kept, with all that was logged: deliver them when the tracker can be reached.',
]);
export const BadLogValue = define('BAD_LOG_VALUE', (p: { call: string; reason: string }) => [`${p.call}: ${p.reason}`]);
export const EventLogFailed = define('EVENT_LOG_FAILED', (p: { path: string; reason: string }) => [
  `cannot write the event log ${p.path}: ${p.reason}`,
  'Check free space and permissions.',
]);
export const NotInRun = define('NOT_IN_RUN', (p: { call: string }) => [
  `${p.call} was called outside a run`,
  'Call it in the code of a step.',
]);
export const NotTracked = define('NOT_TRACKED', (p: { step: string; what: string }) => [
  `step "${p.step}" has no tracker run with ${p.what}`,
  'Set { experimentTracker: true } on the step.',
]);

/** Thrown by trackers and stores for a failure that may pass: the same call is made again later. `retryAfter` in ms. */
export class Transient extends MortiseError {
  static readonly code = 'TRANSIENT';
  readonly retryAfter: number | undefined;
  constructor(message: string, options?: { cause?: unknown; retryAfter?: number }) {
    super('TRANSIENT', message, undefined, options);
    this.retryAfter = options?.retryAfter;
  }
}

/** Thrown by trackers and stores for a failure that will not pass by trying again. */
export class Permanent extends MortiseError {
  static readonly code = 'PERMANENT';
  constructor(message: string, options?: { cause?: unknown }) {
    super('PERMANENT', message, undefined, options);
  }
}

// ---- the command line ----------------------------------------------------------------------------------------------------------

export const FileNotFound = define('FILE_NOT_FOUND', (p: { file: string }) => [`there is no file ${p.file}`]);
export const FileBroken = define('FILE_BROKEN', (p: { file: string; reason: string }) => [`${p.file} cannot be loaded: ${p.reason}`]);
export const PipelineBroken = define('PIPELINE_BROKEN', (p: { pipeline: string; reason: string }) => [
  `pipeline "${p.pipeline}" threw before its first step: ${p.reason}`,
]);
export const NoPipeline = define('NO_PIPELINE', (p: { file: string; wanted?: string; known?: string[] }) => [
  p.wanted === undefined ? `${p.file} defines no pipeline` : `${p.file} has no pipeline "${p.wanted}"`,
  p.known !== undefined && p.known.length > 0
    ? `It has: ${p.known.join(', ')}.`
    : 'Export a pipeline(...) or a class with @pipeline from it.',
]);
export const SeveralPipelines = define('SEVERAL_PIPELINES', (p: { file: string; known: string[] }) => [
  `${p.file} has several pipelines: ${p.known.join(', ')}`,
  `Name one: ${p.file}#${p.known[0] ?? 'NAME'}`,
]);
export const BadUsage = define('BAD_USAGE', (p: { what: string; advice?: string }) => [p.what, p.advice]);
