import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { defineConfig } from 'vitepress';

const docs = join(import.meta.dirname, '..');

/** `0004-the-source-closure.md` → `The source closure`. */
const decisions = globSync('decisions/*.md', { cwd: docs })
  .sort()
  .map((file) => {
    const name = basename(file, '.md');
    const words = name.replace(/^\d+-/, '').replaceAll('-', ' ');
    return { text: `${words.charAt(0).toUpperCase()}${words.slice(1)}`, link: `/decisions/${name}` };
  });

export default defineConfig({
  title: 'Mortise',
  description: 'Pipelines and experiment tracking for TypeScript, on a stack that can be swapped',
  cleanUrls: true,
  markdown: {
    config(md) {
      // `{{secret.name.key}}` is text here, and none of Vue's expressions.
      for (const rule of ['text', 'code_inline'] as const) {
        const render = md.renderer.rules[rule]!;
        md.renderer.rules[rule] = (...given) => render(...given).replaceAll('{{', '&#123;&#123;');
      }
    },
  },
  // Links to files of the repository that are no pages.
  ignoreDeadLinks: [/\/examples\//, /\/benchmarks\//, /\.\.\//],
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Laptop to team', link: '/laptop-to-team' },
      { text: 'Quickstart', link: '/quickstart' },
      { text: 'Commands', link: '/cli' },
      { text: 'API', link: '/api/' },
    ],
    sidebar: [
      {
        text: 'Guides',
        items: [
          { text: 'From the laptop to the team', link: '/laptop-to-team' },
          { text: 'Quickstart', link: '/quickstart' },
          { text: 'Concepts', link: '/concepts' },
          { text: 'Steps and pipelines', link: '/steps-and-pipelines' },
          { text: 'Tracking', link: '/tracking' },
          { text: 'Artifacts', link: '/artifacts' },
          { text: 'Stacks and flavors', link: '/stacks-and-flavors' },
          { text: 'MLflow', link: '/mlflow' },
          { text: 'W&B, Comet and Neptune', link: '/trackers' },
          { text: 'S3', link: '/s3' },
          { text: 'Leaving a tracker', link: '/leaving-a-tracker' },
          { text: 'Secrets', link: '/secrets' },
          { text: 'Failure and recovery', link: '/failure-and-recovery' },
          { text: 'The Client', link: '/client' },
          { text: 'Write a flavor', link: '/write-a-flavor' },
          { text: 'Coming from ZenML', link: '/coming-from-zenml' },
        ],
      },
      {
        text: 'Reference',
        items: [
          { text: 'The command line', link: '/cli' },
          { text: 'Error codes', link: '/errors' },
          { text: 'Truth under failure', link: '/truth-under-failure' },
          { text: 'JSON Schemas', link: '/schemas' },
          { text: 'API', link: '/api/' },
        ],
      },
      { text: 'Decisions', collapsed: true, items: decisions },
    ],
  },
});
