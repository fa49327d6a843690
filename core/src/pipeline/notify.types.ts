import { notify, pipeline, step } from '../index.ts';

const fine = step('fine', { onFailure: notify({ text: ({ step: id, error }) => `${id}: ${(error as Error).message}` }) }, async () => 1);
pipeline('p', { onStart: notify(), onEnd: notify({ alerter: 'team', title: ({ params }) => JSON.stringify(params) }) }, () => void fine());

class Wine {
  @step({ onEnd: notify({ title: ({ step: id }) => id }) }) async load() {
    return 1;
  }
  @pipeline({ onEnd: notify({ text: 'over' }) }) async run() {
    await this.load();
  }
}
void Wine;

// @ts-expect-error: the event of a pipeline has no step
pipeline('p', { onEnd: notify({ text: ({ step: id }) => id }) }, () => void fine());
// @ts-expect-error: the event of a step has no params
step('odd', { onEnd: notify({ text: ({ params }) => JSON.stringify(params) }) }, async () => 1);
// @ts-expect-error: notify has no option "titel"
notify({ titel: 'x' });
// @ts-expect-error: an alert has a title and a text
step('odd', { onEnd: ({ alert }) => alert({ title: 'x' }) }, async () => 1);
