import { define } from './define-error.ts';
import { didYouMean } from './wording.ts';

/** `mend`: what to do in place of branching. */
export const WireTouched = define('WIRE_TOUCHED', (p: { wire: string; how: string; mend?: string }) => [
  `${p.how} of ${p.wire}, which has no value yet: a pipeline's body only connects steps`,
  `Do this inside a step, or ${typeof p.mend === 'string' ? p.mend : 'use when(wire, { then, else }) to branch'}.`,
]);
export const WireInStep = define('WIRE_IN_STEP', (p: { step: string; wire: string }) => [
  `step "${p.step}" took ${p.wire} from the code around it: only what is given to a step as an input has a value there`,
  `Pass it in the pipeline, ${p.step}({ name: wire }), and read the input.`,
]);
export const WireInCondition = define('WIRE_IN_CONDITION', (p: { pipeline: string; expression: string; line: number }) => [
  `pipeline "${p.pipeline}" tests ${p.expression} in a condition (line ${p.line} of its body), but a step's output has no value yet`,
  'Branch with when(wire, { then, else }); if it is no step output, compute it above the pipeline or pass it as a param.',
]);
export const AsyncBody = define('ASYNC_BODY', (p: { pipeline: string }) => [
  `the body of pipeline "${p.pipeline}" is async, or returns a promise`,
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
  `Call it while a pipeline's body runs, not later in a timer or a callback; ${p.step}.fn(...) runs the function itself, for example in a test.`,
]);
export const StepInsideStep = define('STEP_INSIDE_STEP', (p: { inner: string; outer: string }) => [
  `step "${p.inner}" was called inside step "${p.outer}"`,
  'Connect steps in the pipeline; inside a step, call a plain function.',
]);
export const StylesMixed = define('STYLES_MIXED', (p: { what: string }) => [
  `${p.what} is of function style, and was called in run() of a class-style pipeline`,
  'There a step is a method with @step(), and "if" branches.',
]);
export const DuplicateStepId = define('DUPLICATE_STEP_ID', (p: { pipeline: string; id: string }) => [
  `pipeline "${p.pipeline}" has two steps with the id "${p.id}"`,
  'Give one of them another { id }.',
]);
export const BadStepId = define('BAD_STEP_ID', (p: { id: string }) => [
  `"${p.id}" is no step id`,
  'Use letters, digits, ".", "_" and "-", beginning with a letter or digit.',
]);
/** `depth`: it is pipelines that are nested without an end, or more than so many deep, and no step waits for itself. */
export const PipelineCycle = define('PIPELINE_CYCLE', (p: { pipeline: string; steps: string[]; depth?: number }) =>
  typeof p.depth === 'number'
    ? [
        `pipeline "${p.pipeline}" nests pipelines more than ${p.depth} deep: ${p.steps.join(' -> ')}`,
        'A body runs while the run is planned, so a pipeline that calls itself must end by its params.',
      ]
    : [`pipeline "${p.pipeline}" has a cycle: ${p.steps.join(' -> ')}`, 'A step cannot wait for itself.'],
);
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
  `Pass it: { ${p.param}: ... }, or --param ${p.param}=... of the command.`,
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
export const PipelineRunInBody = define('PIPELINE_RUN_IN_BODY', (p: { pipeline: string; body: string }) => [
  `pipeline "${p.pipeline}" was run in the body of pipeline "${p.body}", which only connects steps`,
  `Nest it by calling it: ${p.pipeline}(inputs, params).`,
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
export const BadPipelineMethod = define('BAD_PIPELINE_METHOD', (p: { method: string; reason: string }) => [
  `@pipeline ${p.method} ${p.reason}`,
  'It belongs on the method run() of a class.',
]);
export const BadStepMethod = define('BAD_STEP_METHOD', (p: { step: string; reason: string }) => [`@step ${p.step} ${p.reason}`]);
export const DecoratorNotCalled = define('DECORATOR_NOT_CALLED', (p: { decorator: 'step' | 'pipeline'; method: string }) => [
  `@${p.decorator} of the method "${p.method}" has no parentheses`,
  `Write @${p.decorator}().`,
]);
export const NameMissing = define('NAME_MISSING', (p: { kind: 'step' | 'pipeline' }) => [
  `${p.kind}() was given a function and no name`,
  `The name comes first: ${p.kind}('name', ...).`,
]);
export const FrozenInstance = define('FROZEN_INSTANCE', (p: { pipeline: string; method: string; property: string }) => [
  `${p.method} wrote to "this.${p.property}" of ${p.pipeline}: every step call runs on a fresh, frozen instance`,
  'Return the value and pass it on as an input.',
]);
