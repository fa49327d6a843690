import { define } from './define-error.ts';
import { aSpoken, didYouMean, nearest, spoken } from './wording.ts';

export const UnknownComponentType = define('UNKNOWN_COMPONENT_TYPE', (p: { type: string; known: string[] }) => [
  `no component type "${p.type}"`,
  didYouMean(p.type, p.known),
]);
/** Flavors that Mortise has, but in packages that are installed apart: `@mortise/<flavor>`. */
const PACKAGED: Record<string, readonly string[]> = {
  'experiment-tracker': ['comet', 'mlflow', 'neptune', 'wandb'],
  'artifact-store': ['azure-blob', 'gcs', 'mlflow', 's3'],
};
/** Of a package with several, those that are not its default export. */
const EXPORTED: Record<string, string> = { 'artifact-store mlflow': '#artifactStore' };
export const UnknownFlavor = define('UNKNOWN_FLAVOR', (p: { type: string; flavor: string; known: string[] }) => [
  `no ${spoken(p.type)} flavor "${p.flavor}"`,
  whereFlavorIs(p),
]);

function whereFlavorIs({ type, flavor, known }: { type: string; flavor: string; known: string[] }): string {
  const register = (of: string): string => `"mortise ${type} flavor register ${of}"`;
  const packaged = PACKAGED[type]?.includes(flavor) ? flavor : nearest(flavor, [...known, ...(PACKAGED[type] ?? [])]);
  if (packaged === undefined)
    return [didYouMean(flavor, known), `One of a package is made known by ${register('PACKAGE')}.`].join(' ').trim();
  if (known.includes(packaged)) return didYouMean(flavor, known);
  return `"${packaged}" is of the package @mortise/${packaged}: run "npm install @mortise/${packaged}" and ${register(`@mortise/${packaged}${EXPORTED[`${type} ${packaged}`] ?? ''}`)}.`;
}

export const FlavorBroken = define('FLAVOR_BROKEN', (p: { type: string; flavor: string; reason: string; advice?: string | undefined }) => [
  `the ${spoken(p.type)} flavor "${p.flavor}" cannot be loaded: ${p.reason}`,
  p.advice ?? 'Mend or reinstall the package it comes from.',
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
/** Keys that a component's config has, and that its flavor needs. */
export const UnknownAttribute = define('UNKNOWN_ATTRIBUTE', (p: { type: string; name: string; key: string; known: string[] }) => [
  `the config of the ${spoken(p.type)} "${p.name}" has no "${p.key}" to remove`,
  didYouMean(p.key, p.known) || 'It is empty.',
]);
export const AttributeRequired = define('ATTRIBUTE_REQUIRED', (p: { type: string; name: string; of: string; key: string }) => [
  `"${p.key}" cannot be removed from the ${spoken(p.type)} "${p.name}": the ${p.of} needs it`,
  `Change it with "mortise ${p.type} update ${p.name} --${p.key}=...".`,
]);
/** `by` sets it, a step or a pipeline; `of` is the component that takes it, with its flavor. */
type Setting = { by: string; of: string; key: string };
export const SettingsUnknownKey = define('SETTINGS_UNKNOWN_KEY', (p: Setting & { known: string[] }) => [
  `${p.by} sets "${p.key}", and the ${p.of} has no such setting`,
  p.known.length === 0 ? 'It takes no settings.' : didYouMean(p.key, p.known),
]);
export const SettingsMissingKey = define('SETTINGS_MISSING_KEY', (p: Setting) => [
  `${p.by} does not set "${p.key}", which the ${p.of} needs`,
  'Add it to the settings of the step or of its pipeline.',
]);
/** `key` is empty when it is the settings as a whole that are wrong. */
export const SettingsWrongType = define('SETTINGS_WRONG_TYPE', (p: Setting & { reason: string }) => [
  `${p.key === '' ? 'the settings' : `setting "${p.key}"`} of ${p.by} for the ${p.of} ${p.key === '' ? 'are' : 'is'} wrong: ${p.reason}`,
]);
export const SettingsSecretInClear = define('SETTINGS_SECRET_IN_CLEAR', (p: Setting) => [
  `${p.by} sets "${p.key}" for the ${p.of} in clear text, and that is secret`,
  `Run "mortise secret create NAME ${p.key}" and write "{{secret.NAME.${p.key}}}" instead.`,
]);
export const SettingsNoComponent = define(
  'SETTINGS_NO_COMPONENT',
  (p: { by: string; type: string; name: string; stack: string; available: string[] }) => [
    `${p.by} has settings for the ${spoken(p.type)} "${p.name}", which stack "${p.stack}" does not have`,
    didYouMean(p.name, p.available) || `Settings under "${p.type}" or "${p.type}.FLAVOR" hold for any stack.`,
  ],
);
export const SettingsNoFlavor = define('SETTINGS_NO_FLAVOR', (p: { by: string; type: string; flavor: string; known: string[] }) => [
  `${p.by} has settings for the ${spoken(p.type)} flavor "${p.flavor}", which is not registered`,
  nearest(p.flavor, p.known) === undefined
    ? `Run "mortise ${p.type} flavor register SOURCE", or take them out.${p.known.length === 0 ? '' : ` Registered: ${p.known.join(', ')}.`}`
    : didYouMean(p.flavor, p.known),
]);
export const StackInvalid = define('STACK_INVALID', (p: { stack: string; components: string[] }) => [
  `stack "${p.stack}" cannot be used as it is: ${p.components.join(', ')}`,
  'What is wrong with each stands in its line above.',
]);
export const StackVetoed = define('STACK_VETOED', (p: { stack: string; type: string; name: string; reason: string }) => [
  `the ${spoken(p.type)} "${p.name}" cannot be part of stack "${p.stack}": it ${p.reason}`,
  'Choose another component for this stack, or change the config of this one.',
]);
export const BadStackDocument = define('BAD_STACK_DOCUMENT', (p: { reason: string; advice?: string }) => [
  `this is no exported stack: ${p.reason}`,
  p.advice ?? 'Give a file that "mortise stack export" wrote.',
]);
/** `taken`: what has the name of a part of the stack, and is not the same. */
export const StackImportTaken = define('STACK_IMPORT_TAKEN', (p: { stack: string; taken: { kind: string; name: string }[] }) => [
  `stack "${p.stack}" cannot be imported: there is another ${p.taken.map(({ kind, name }) => `${spoken(kind)} "${name}"`).join(', another ')}`,
  p.taken.every(({ kind }) => kind === 'stack')
    ? 'Import it under another name: --name.'
    : `${p.taken.some(({ kind }) => kind === 'stack') ? 'Import the stack under another name (--name); rename' : 'Rename'} the components here, or in the file (--name is the name of the stack).`,
]);
/** `missing`: in words, what stops the import first. */
export const StackImportIncomplete = define('STACK_IMPORT_INCOMPLETE', (p: { stack: string; missing: string[] }) => [
  `stack "${p.stack}" cannot be imported, for what it needs is missing here: ${p.missing.join('; ')}`,
  'Put there what its flavors need, then import it again.',
]);
export const NameTaken = define('NAME_TAKEN', (p: { kind: string; name: string }) => [
  `${aSpoken(p.kind)} named "${p.name}" exists already`,
  p.kind === 'secret'
    ? `Give it keys by "mortise secret update ${p.name} KEY", or choose another name.`
    : 'Choose another name, or delete the old one first.',
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
/** `variable`: the one of the environment that names it; `file`: that of the project that says it is the active one. */
export const UnknownStack = define('UNKNOWN_STACK', (p: { name: string; known: string[]; variable?: string; file?: string }) => [
  `no stack named "${p.name}"`,
  [
    p.variable && `The variable ${p.variable} names it.`,
    p.file && `The project's ${p.file} names it as the active one: "mortise stack set NAME" chooses another.`,
    didYouMean(p.name, p.known),
  ]
    .filter(Boolean)
    .join(' '),
]);
export const StackIncomplete = define('STACK_INCOMPLETE', (p: { stack: string; type: string }) => [
  `stack "${p.stack}" has no ${spoken(p.type)}`,
  `Every stack needs one: "mortise ${p.type} list" shows what is registered.`,
]);
/** It was to be removed. `flag`: the option of the command that names another one. */
export const StackNeedsComponent = define('STACK_NEEDS_COMPONENT', (p: { stack: string; type: string; name: string; flag: string }) => [
  `stack "${p.stack}" cannot do without the ${spoken(p.type)} "${p.name}": every stack needs one`,
  `Give it another one with "mortise stack update ${p.stack} -${p.flag} NAME".`,
]);
export const ComponentNotInStack = define('COMPONENT_NOT_IN_STACK', (p: { stack: string; type: string; name: string; known: string[] }) => [
  `stack "${p.stack}" has no ${spoken(p.type)} "${p.name}"`,
  didYouMean(p.name, p.known) || `It has no ${spoken(p.type)}.`,
]);
export const StackTooMany = define('STACK_TOO_MANY', (p: { stack: string; type: string }) => [
  `stack "${p.stack}" names more than one ${spoken(p.type)}`,
  'Name one.',
]);
export const ComponentInUse = define('COMPONENT_IN_USE', (p: { type: string; name: string; stacks: string[] }) => [
  `the ${spoken(p.type)} "${p.name}" is used by ${p.stacks.length === 1 ? 'stack' : 'stacks'} ${p.stacks.map((s) => `"${s}"`).join(', ')}`,
  'Delete or change the stack first.',
]);
export const TrackerRunsWait = define('TRACKER_RUNS_WAIT', (p: { name: string; trackerRuns: number; change: string }) => [
  `the experiment tracker "${p.name}" cannot be ${p.change}: ${p.trackerRuns === 1 ? '1 tracker run waits' : `${p.trackerRuns} tracker runs wait`} to be delivered to it`,
  `Run "mortise tracker deliver ${p.name}" first, or give up what waits with "mortise tracker drop ${p.name}".`,
]);
export const ChangedMeanwhile = define('CHANGED_MEANWHILE', (p: { kind: string; name: string }) => [
  `another process changed the ${spoken(p.kind)} "${p.name}" at the same time`,
  'Look at it, and try again.',
]);
export const BadLabel = define('BAD_LABEL', (p: { label: string; reason: string }) => [
  `${JSON.stringify(p.label)} is no label: ${p.reason}`,
  'Write name=value: a name of letters, digits, ".", "_", "-" and "/", and one line of text.',
]);
export const UnknownLabel = define('UNKNOWN_LABEL', (p: { of: string; label: string; known: string[] }) => [
  `${spoken(p.of)} has no label "${p.label}"`,
  didYouMean(p.label, p.known) || 'It has none.',
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
/** `fault` and `literal`: which part of it is wrong, and what was given, for whoever registers it. */
export const AlerterNotInStack = define(
  'ALERTER_NOT_IN_STACK',
  (p: { of: string; alerter: string; stack: string; available: string[] }) => [
    `a hook of ${p.of} names the alerter "${p.alerter}", which stack "${p.stack}" does not have`,
    p.available.length === 0 ? 'Choose a stack with it.' : `It has: ${p.available.join(', ')}.`,
  ],
);
export const BadFlavor = define('BAD_FLAVOR', (p: { source: string; reason: string; fault?: string; literal?: unknown }) => [
  `${p.source} is not a flavor: ${p.reason}`,
]);
export const BadFlavorSource = define('BAD_FLAVOR_SOURCE', (p: { source: string; reason: string }) => [
  `${JSON.stringify(p.source)} names nothing that a flavor could come from: ${p.reason}`,
  'Give an npm package or a path that begins with ./, and #EXPORT if it is not the default export.',
]);
/** `looked`: where, absolute. `near`: what was probably meant. `install`: the package that is missing. `damaged`: one that is there and cannot be used. */
export const FlavorModuleNotFound = define(
  'FLAVOR_MODULE_NOT_FOUND',
  (p: { specifier: string; looked: string; near?: string; install?: string; damaged?: string; known?: string[] }) => [
    `there is no module "${p.specifier}": looked for ${p.looked}`,
    p.near !== undefined
      ? `Did you mean "${p.near}"?`
      : p.install !== undefined
        ? `Run "npm install ${p.install}" in the project.`
        : p.damaged !== undefined
          ? `Build or reinstall ${p.damaged}.`
          : p.known !== undefined
            ? p.known.length === 0
              ? 'It exports nothing that can be imported.'
              : `It exports: ${p.known.join(', ')}.`
            : 'Paths are meant from the root of the project.',
  ],
);
export const FlavorExportMissing = define('FLAVOR_EXPORT_MISSING', (p: { specifier: string; wanted: string; exports: string[] }) => [
  p.wanted === 'default' ? `${p.specifier} has no default export` : `${p.specifier} exports no "${p.wanted}"`,
  p.exports.length === 0 ? 'It exports nothing.' : `It exports: ${p.exports.join(', ')}. Name one: ${p.specifier}#${p.exports[0]}`,
]);
export const NotAFlavor = define('NOT_A_FLAVOR', (p: { source: string; reason: string }) => [
  `${p.source} is not a flavor: ${p.reason}`,
  'A flavor is a literal that went through defineFlavor() of @mortise/core.',
]);
/** `right`: one of the type that was wanted, which is exported beside it. */
export const FlavorWrongType = define(
  'FLAVOR_WRONG_TYPE',
  (p: { source: string; type: string; wanted: string; known: string[]; right?: string | undefined }) => [
    `${p.source} is a flavor of the type "${p.type}", not ${aSpoken(p.wanted)}`,
    p.right !== undefined
      ? `Did you mean "${p.right}"?`
      : p.known.includes(p.type)
        ? `Nothing beside it is one either. To register it as what it is, run "mortise ${p.type} flavor register ${p.source}".`
        : didYouMean(p.type, p.known),
  ],
);
export const FlavorWrongApiVersion = define('FLAVOR_WRONG_API_VERSION', (p: { source: string; apiVersion: string; known: number }) => [
  `${p.source} is written for version ${p.apiVersion} of the flavor interface, and this Mortise knows version ${p.known}`,
  'Install versions of the two that fit each other.',
]);
export const FlavorNameTaken = define('FLAVOR_NAME_TAKEN', (p: { type: string; flavor: string; source: string; registered: string }) => [
  p.source === p.registered
    ? `the ${spoken(p.type)} flavor "${p.flavor}" of ${p.source} is registered already`
    : `${aSpoken(p.type)} flavor "${p.flavor}" is registered already, from ${p.registered}`,
  p.source === p.registered ? `Run "mortise ${p.type} flavor refresh ${p.flavor}" to load it anew.` : 'Add --force to replace it.',
]);
export const BuiltInShadowed = define('BUILT_IN_SHADOWED', (p: { type: string; flavor: string; source: string }) => [
  `${p.source} would take the place of the ${spoken(p.type)} flavor "${p.flavor}" that comes with Mortise`,
  'Give it another name, or add --force if that is meant.',
]);
export const FlavorBadSchema = define('FLAVOR_BAD_SCHEMA', (p: { source: string; of: string; reason: string; advice?: string }) => [
  `the ${p.of} of ${p.source} ${p.of === 'secrets' ? 'are wrong' : p.of === 'settings' ? 'are no schema' : 'is no schema'}: ${p.reason}`,
  p.of === 'secrets'
    ? undefined
    : typeof p.advice === 'string'
      ? p.advice
      : 'Give a class with rules of class-validator, or a Standard Schema (zod, valibot, arktype).',
]);
export const FlavorImportFailed = define(
  'FLAVOR_IMPORT_FAILED',
  (p: { source: string; doing: string; reason: string; advice?: string }) => [
    `${p.source} failed ${p.doing}: ${p.reason}`,
    typeof p.advice === 'string' ? p.advice : 'Mend it; --verbose shows where it was thrown.',
  ],
);
export const FlavorNeedsLoader = define('FLAVOR_NEEDS_LOADER', (p: { source: string; reason: string }) => [
  `Node alone cannot load the TypeScript of ${p.source}: ${p.reason}`,
  'Run "npm install tsx" in the project (decorators also take "experimentalDecorators": true in its tsconfig.json), or write it without decorators, enums and imports that leave out ".ts".',
]);
export const FlavorInUse = define('FLAVOR_IN_USE', (p: { type: string; flavor: string; components: string[] }) => [
  `the ${spoken(p.type)} flavor "${p.flavor}" is that of ${p.components.length === 1 ? 'the component' : `${p.components.length} components:`} ${p.components
    .slice(0, 5)
    .map((name) => `"${name}"`)
    .join(', ')}${p.components.length > 5 ? ', ...' : ''}`,
  `Delete ${p.components.length === 1 ? 'it' : 'them'} first.`,
]);
/** A flavor that took the place of one of Mortise, and a component that this could not be the flavor of. */
export const ShadowNeeded = define('SHADOW_NEEDED', (p: { type: string; flavor: string; component: string; reason: string }) => [
  `the ${spoken(p.type)} flavor "${p.flavor}" of Mortise cannot come back: it does not fit the component "${p.component}": ${p.reason}`,
  `Change it with "mortise ${p.type} update ${p.component}" or "mortise ${p.type} remove-attribute ${p.component} KEY", or delete it first.`,
]);
export const FlavorBuiltIn = define('FLAVOR_BUILT_IN', (p: { type: string; flavor: string }) => [
  `the ${spoken(p.type)} flavor "${p.flavor}" comes with Mortise and cannot be deleted`,
]);
export const MissingPackage = define('MISSING_PACKAGE', (p: { package: string; of: string }) => [
  `${p.of} needs the package ${p.package}`,
  `Run "npm install ${p.package}".`,
]);
