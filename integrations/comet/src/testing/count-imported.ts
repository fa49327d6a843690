import importer from '../import/index.ts';

/** A program: prints how many events the archives at its argument give. */
const { signal } = new AbortController();
let events = 0;
const found = await importer(process.argv[2]!, { env: {}, warn: (message) => console.error(message) });
for await (const run of found.runs(signal)) for await (const _ of run.events(signal)) events++;
console.log(events);
