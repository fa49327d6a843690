import { pathToFileURL } from 'node:url';

import { moduleUrl } from '../module-url.ts';

/** Where a step or a pipeline is written down. */
export interface DefinitionSite {
  /** The `file:` URL, without query, of the file as it was loaded (so `dist/x.js`, not the `src/x.ts` behind a source map). */
  module: string;
  /** Line in that file, from 1. Loaders that emit one long line (tsx) make it 1. */
  line: number;
  /**
   * The function that made it, `(anonymous)` if that has no name; undefined at a module's top level and in a static initialiser.
   * What such a function closes over is not in the module's source, hence not in its hash.
   */
  insideFunction: string | undefined;
  /** The modules, each once, whose code was on the stack from the call outwards to the top level of the one that began it. */
  frames: string[];
  /** Mortise itself is bundled into the files of the program. */
  bundled?: true;
}

type CallSite = NodeJS.CallSite;

/** `user` is false for the frames of Node and of Mortise itself. */
interface Frame {
  callSite: CallSite;
  url: string;
  user: boolean;
}

const MAX_FRAMES = 25;
const TEST_FILE = /\.(?:test|types)\.[cm]?[jt]sx?$/;
const OWN_FOLDER = ownFolder(moduleUrl(import.meta));
const scripts = new Map<string, { url: string; user: boolean }>();

/**
 * The first place on the stack outside Mortise itself. About 12 µs.
 *
 * A class step asks for `wrappers: 'nameless'`: tsc and swc put a decorated class into nameless functions that run once. It must ask
 * when `@step(...)` is evaluated, not when the decorator is applied: by then the compiler's named helpers are on the stack.
 *
 * `util.getCallSites` is not used because it does not tell a nameless callback from a module's top level after an `await`: both are one
 * frame without a name.
 */
export function definitionSite(o: { wrappers?: 'none' | 'nameless' } = {}): DefinitionSite {
  const frames = stack().map(toFrame);
  const first = frames.findIndex((frame) => frame.user);
  if (first === -1) return siteInBundle(frames);
  const outside = frames.slice(first, topLevelIndex(frames, first) + 1);
  return {
    module: outside[0]!.url,
    line: outside[0]!.callSite.getLineNumber() ?? 0,
    insideFunction: enclosingFunction(outside, o.wrappers === 'nameless'),
    frames: [...new Set(outside.filter((frame) => frame.user).map((frame) => frame.url))],
  };
}

function stack(): CallSite[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = MAX_FRAMES;
    Error.prepareStackTrace = (_error, callSites) => callSites;
    return (new Error().stack ?? []) as unknown as CallSite[];
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function toFrame(callSite: CallSite): Frame {
  const name = callSite.getScriptNameOrSourceURL() ?? '';
  let script = scripts.get(name);
  if (!script) {
    const url = toUrl(name);
    const own = url.startsWith(OWN_FOLDER) && !TEST_FILE.test(url);
    scripts.set(name, (script = { url, user: !own && url !== '' && !url.startsWith('node:') }));
  }
  return { callSite, url: script.url, user: script.user };
}

/** Jest gives plain paths; tsx may add a query to its URLs. */
function toUrl(scriptName: string): string {
  if (scriptName.startsWith('file:')) return scriptName.replace(/[?#].*$/, '');
  return /^(?:\/|[A-Za-z]:[\\/])/.test(scriptName) ? pathToFileURL(scriptName).href : scriptName;
}

/** Core is bundled into the user's own files: the outermost of them begins the program, so its closure holds the definition too. */
function siteInBundle(frames: Frame[]): DefinitionSite {
  const outermost = frames.findLast((frame) => frame.url.startsWith('file:'));
  const module = outermost?.url ?? '';
  return { module, line: outermost?.callSite.getLineNumber() ?? 0, insideFunction: undefined, frames: [module], bundled: true };
}

/** Beyond a module's top level are only its importers and loaders. */
function topLevelIndex(frames: Frame[], from: number): number {
  for (let index = from; index < frames.length; index++) if (isTopLevel(frames[index]!.callSite)) return index;
  return frames.length - 1;
}

/**
 * The code of a module is a function without a name that begins where the file begins, or before: vitest has the text of a module within a function
 * whose head is not counted, so that it begins at no column.
 */
function isTopLevel(callSite: CallSite): boolean {
  if (callSite.getFunctionName() || callSite.getEnclosingLineNumber() !== 1) return false;
  const column = callSite.getEnclosingColumnNumber();
  return column === 1 || column === null || column === columnOfTsx(callSite.getScriptNameOrSourceURL() ?? '');
}

/** tsx has the text of a CommonJS module within a function as well, after this head. */
const columnOfTsx = (path: string): number => `__filename=${JSON.stringify(path)};((`.length;

/** From the inside outwards: undefined if only static initialisers (and wrappers) lie between the call and a module's top level. */
function enclosingFunction(frames: Frame[], allowWrappers: boolean): string | undefined {
  for (const [index, { callSite, url }] of frames.entries()) {
    if (isTopLevel(callSite)) return undefined;
    const name = callSite.getFunctionName();
    if (name === '<static_initializer>') continue;
    // A callback is called by a frame of another script, or of none (`Array.map`); a wrapper by the code around it.
    if (!name && allowWrappers && frames[index + 1]?.url === url) continue;
    return name ? name : '(anonymous)';
  }
  return undefined;
}

/** `core/src/` when run from source, `core/dist/` when bundled into chunks, whatever the folders below. */
function ownFolder(url: string): string {
  return /^.*\/(?:src|dist)\//.exec(url)?.[0] ?? url.slice(0, url.lastIndexOf('/') + 1);
}
