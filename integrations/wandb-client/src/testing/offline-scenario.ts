/** What both clients are told. */
export const SCENARIO = {
  about: {
    id: 'full',
    entity: 'acme',
    project: 'demo',
    displayName: 'First run ünï',
    group: 'g1',
    jobType: 'train',
    notes: 'a *note*',
    tags: ['a', 'b:c'],
  },
  config: {
    lr: 0.01,
    opt: { name: 'adam', betas: [0.9, NaN] },
    none: null,
    nan: NaN,
    inf: -Infinity,
    ünï: '日本 🎉',
    'with.dot': true,
    empty: {},
  },
  rows: [
    ...Array.from({ length: 5 }, (_, step) => ({
      ...{ loss: 1 / (step + 1), 'val/acc': step * 0.1, epoch: Math.floor(step / 2), 'lr.head': 3 - step },
      ...{ nested: { a: { b: step }, empty: {} }, text: `text ${step}`, none: null, list: [1, NaN, { x: Infinity }], yes: true },
    })),
    { nan: NaN, inf: Infinity, ninf: -Infinity, ü: 1, large: 1e22, small: 1e-7, long: 'x'.repeat(90_000) },
    { loss: NaN, 'val/acc': -1 },
    {},
  ],
  output: ['hello', 'häuser 🎉', ''],
  files: { 'extra/a.txt': 'an extra file' },
  artifact: {
    name: 'data',
    type: 'dataset',
    description: 'd',
    metadata: { k: 1 },
    aliases: ['best'],
    files: { 'f/x.txt': 'hello artifact', 'a.txt': '' },
    uri: 'https://example.invalid/x',
  },
};
/** Names with a dot are escaped for Python, whose definitions take it for a way into a nested value. */
export const DEFINITIONS = [
  { name: 'val/*', stepMetric: 'epoch', summary: ['min'] },
  { name: 'loss', summary: ['min', 'max', 'mean', 'last', 'first'] },
  { name: 'text', summary: ['none'] },
  { name: 'lr.head', summary: ['max'], hidden: true },
] as const;

/** Lets W&B's own client do it offline; `own` is its log then. */
export const BY_PYTHON = `
import json, os, struct, sys, time, zlib
spec = json.loads(os.environ['SCENARIO'])
import wandb
os.environ['WANDB_MODE'] = 'offline'
about = spec['about']
run = wandb.init(project=about['project'], entity=about['entity'], name=about['displayName'], id=about['id'], group=about['group'], job_type=about['jobType'],
  notes=about['notes'], tags=about['tags'], config=spec['config'], dir=os.environ['PYTHON_DIR'], settings=wandb.Settings(host='h', silent=True))
for d in spec['definitions']:
    run.define_metric(d['name'].replace('.', '\\\\.'), step_metric=d.get('stepMetric'), summary=','.join(d['summary']), hidden=d.get('hidden'))
for line in spec['output']: print(line)
print('to stderr', file=sys.stderr)
for row in spec['rows']: run.log(row)
run.config.update({'later': {'x': 1}, 'lr': 0.02}, allow_val_change=True)
run.summary['best'] = 0.5
run.summary.update({'deep': {'x': 1}})
run.tags = run.tags + ('d',)
run.notes = 'changed'
art = wandb.Artifact(spec['artifact']['name'], spec['artifact']['type'], description=spec['artifact']['description'], metadata=spec['artifact']['metadata'])
for name, text in spec['artifact']['files'].items():
    with art.new_file(name) as f: f.write(text)
art.add_reference(spec['artifact']['uri'], name='far', checksum=False)
run.log_artifact(art, aliases=spec['artifact']['aliases'])
for name, text in spec['files'].items():
    path = os.path.join(run.dir, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    open(path, 'w').write(text)
    run.save(path, base_path=run.dir)
run.alert('title', 'some text', level='WARN', wait_duration=5)
# For more than one sample of what the machine does: the first one says nothing of the CPU.
time.sleep(1)
own = os.path.join(run.settings.sync_dir, 'run-' + run.id + '.wandb')
run.finish()
`;

/** Decodes logs with W&B's own descriptors; the blocks are read by hand, since W&B ships no reader for Python. */
export const DECODE = `
from google.protobuf.json_format import MessageToDict
from wandb.proto import wandb_internal_pb2
def records(path):
    data, at, record = open(path, 'rb').read(), 7, b''
    assert data[:7] == b':W&B\\xe1\\xbe\\x00'
    while at < len(data):
        left = 32768 - at % 32768
        if left < 7:
            at += left
            continue
        crc, length, kind = struct.unpack_from('<IHB', data, at)
        part = data[at + 7:at + 7 + length]
        assert zlib.crc32(bytes([kind]) + part) == crc
        record = part if kind in (1, 2) else record + part
        at += 7 + length
        if kind in (1, 4): yield MessageToDict(wandb_internal_pb2.Record.FromString(record), preserving_proto_field_name=True)
paths = json.loads(os.environ['LOGS']) + [own]
print('DECODED' + json.dumps([list(records(path)) for path in paths]))
print('OWN' + own)
`;
