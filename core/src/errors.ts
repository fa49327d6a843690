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
export const StackInvalid = define('STACK_INVALID', (p: { stack: string; components: string[] }) => [
  `stack "${p.stack}" cannot be used as it is: ${p.components.join(', ')}`,
  'What is wrong with each stands in its line above.',
]);
export const StackVetoed = define('STACK_VETOED', (p: { stack: string; type: string; name: string; reason: string }) => [
  `the ${spoken(p.type)} "${p.name}" cannot be part of stack "${p.stack}": it ${p.reason}`,
  'Choose another component for this stack, or change the config of this one.',
]);
export const BadStackDocument = define('BAD_STACK_DOCUMENT', (p: { reason: string }) => [
  `this is no exported stack: ${p.reason}`,
  'Give a file that "mortise stack export" wrote.',
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
/** `looked`: where, absolute. `near`: what was probably meant. `install`: the package that is missing. */
export const FlavorModuleNotFound = define(
  'FLAVOR_MODULE_NOT_FOUND',
  (p: { specifier: string; looked: string; near?: string; install?: string }) => [
    `there is no module "${p.specifier}": looked for ${p.looked}`,
    p.near !== undefined
      ? `Did you mean "${p.near}"?`
      : p.install !== undefined
        ? `Run "npm install ${p.install}" in the project.`
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
export const FlavorWrongType = define('FLAVOR_WRONG_TYPE', (p: { source: string; type: string; wanted: string; known: string[] }) => [
  `${p.source} is a flavor of the type "${p.type}", not ${aSpoken(p.wanted)}`,
  p.known.includes(p.type) ? `Run "mortise ${p.type} flavor register ${p.source}".` : didYouMean(p.type, p.known),
]);
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
export const FlavorBadSchema = define('FLAVOR_BAD_SCHEMA', (p: { source: string; of: string; reason: string }) => [
  `the ${p.of} of ${p.source} ${p.of === 'secrets' ? 'are wrong' : p.of === 'settings' ? 'are no schema' : 'is no schema'}: ${p.reason}`,
  p.of === 'secrets' ? undefined : 'Give a class with rules of class-validator, or a Standard Schema (zod, valibot, arktype).',
]);
export const FlavorImportFailed = define('FLAVOR_IMPORT_FAILED', (p: { source: string; doing: string; reason: string }) => [
  `${p.source} failed ${p.doing}: ${p.reason}`,
  'Mend it; --verbose shows where it was thrown.',
]);
export const FlavorNeedsLoader = define('FLAVOR_NEEDS_LOADER', (p: { source: string; reason: string }) => [
  `Node alone cannot load the TypeScript of ${p.source}: ${p.reason}`,
  'Run "npm install tsx" in the project, or write it without decorators, enums and imports that leave out ".ts".',
]);
export const FlavorInUse = define('FLAVOR_IN_USE', (p: { type: string; flavor: string; components: string[] }) => [
  `the ${spoken(p.type)} flavor "${p.flavor}" is that of ${p.components.length === 1 ? 'the component' : `${p.components.length} components:`} ${p.components
    .slice(0, 5)
    .map((name) => `"${name}"`)
    .join(', ')}${p.components.length > 5 ? ', ...' : ''}`,
  `Delete ${p.components.length === 1 ? 'it' : 'them'} first.`,
]);
export const FlavorBuiltIn = define('FLAVOR_BUILT_IN', (p: { type: string; flavor: string }) => [
  `the ${spoken(p.type)} flavor "${p.flavor}" comes with Mortise and cannot be deleted`,
]);
export const MissingPackage = define('MISSING_PACKAGE', (p: { package: string; of: string }) => [
  `${p.of} needs the package ${p.package}`,
  `Run "npm install ${p.package}".`,
]);

// ---- secrets -------------------------------------------------------------------------------------------------------------------

export const UnknownSecret = define('UNKNOWN_SECRET', (p: { name: string; known: string[] }) => [
  `no secret named "${p.name}"`,
  didYouMean(p.name, p.known) || `Make it with "mortise secret create ${p.name} KEY".`,
]);
export const BadSecret = define('BAD_SECRET', (p: { name: string; reason: string; advice?: string }) => [
  `secret "${p.name}" ${p.reason}`,
  p.advice,
]);
/** `of`: whose reference it is, as in the errors below. */
export const BadReference = define('BAD_REFERENCE', (p: { of: string; text: string }) => [
  `${p.text} in ${p.of} is no reference`,
  'Write {{secret.NAME.KEY}} for a key of a secret, {{env.NAME}} for a variable of the environment.',
]);
export const SecretMissing = define(
  'SECRET_MISSING',
  (p: { of: string; reference: string; secret: string; key: string; known: string[] }) => [
    `${p.of} needs ${p.reference}, and there is no secret "${p.secret}"`,
    [didYouMean(p.secret, p.known), `Make it with "mortise secret create ${p.secret} ${p.key}".`].filter(Boolean).join(' '),
  ],
);
export const SecretKeyMissing = define(
  'SECRET_KEY_MISSING',
  (p: { of: string; reference: string; secret: string; key: string; known: string[] }) => [
    `${p.of} needs ${p.reference}, and the secret "${p.secret}" has no key "${p.key}"`,
    [didYouMean(p.key, p.known), `Add it with "mortise secret update ${p.secret} ${p.key}".`].filter(Boolean).join(' '),
  ],
);
export const EnvMissing = define('ENV_MISSING', (p: { of: string; reference: string; variable: string }) => [
  `${p.of} needs ${p.reference}, and the variable ${p.variable} is not set`,
  `Set ${p.variable} in the environment of this process.`,
]);
/** Several at once: `missing` has what each of them says. */
export const ReferencesMissing = define('REFERENCES_MISSING', (p: { missing: string[] }) => [
  `${p.missing.length} references have no value: ${p.missing.join('; ')}`,
  'Make secrets with "mortise secret create NAME KEY", and set variables in the environment.',
]);
export const SecretsLocked = define('SECRETS_LOCKED', (p: { secret: string; why: string }) => [
  `the secret "${p.secret}" cannot be opened: ${p.why}`,
  'Set MORTISE_SECRET_KEY to the key of whoever made it (the text of their secret.key), or make the secret anew.',
]);
export const SecretDamaged = define('SECRET_DAMAGED', (p: { secret: string }) => [
  `the secret "${p.secret}" cannot be opened: what is stored of it was changed, or comes from another store`,
  `Make it anew: "mortise secret delete ${p.secret}", then "mortise secret create ${p.secret} KEY".`,
]);
export const SecretKeyInvalid = define('SECRET_KEY_INVALID', (p: { place: string; reason: string }) => [
  `the key for secrets in ${p.place} cannot be used: ${p.reason}`,
  'Put back the one that secrets were made with, or make one: openssl rand -base64 32.',
]);
export const SecretKeyReadable = define('SECRET_KEY_READABLE', (p: { path: string; mode: string }) => [
  `others may read the key for secrets: ${p.path} has the mode ${p.mode}`,
  `Run "chmod 600 ${p.path}".`,
]);
/** `key`: of the config. */
export const SecretInClear = define('SECRET_IN_CLEAR', (p: { of: string; key: string; name: string }) => [
  `config key "${p.key}" of ${p.of} is secret, and its value was given in clear text`,
  `Run "mortise secret create ${p.name} ${p.key}" and write --${p.key}='{{secret.${p.name}.${p.key}}}', or add --force to store it as it is.`,
]);
export const ParamWasSecret = define('PARAM_WAS_SECRET', (p: { run: string; param: string }) => [
  `run "${p.run}" cannot be resumed: its param "${p.param}" held the value of a secret, which is not kept`,
  'Start a new run.',
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
export const FileNotWritable = define('FILE_NOT_WRITABLE', (p: { file: string; reason: string }) => [
  `cannot write ${p.file}: ${p.reason}`,
  'Check its folder and its permissions.',
]);
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
