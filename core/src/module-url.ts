import { pathToFileURL } from 'node:url';

/** Where the code of a module lies: of its `import.meta`, which is empty where a program was bundled as CommonJS. There its file is a variable. */
export const moduleUrl = (meta: { url?: string }): string => meta.url ?? pathToFileURL(__filename).href;
