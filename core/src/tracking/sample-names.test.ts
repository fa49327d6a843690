import { expect, test } from '@jest/globals';

import { SampleNames } from './sample-names.ts';

const names = new SampleNames({
  prefix: 'sys/',
  separator: '/',
  machine: { network_receive_megabytes: ['net/MiB', 1e6, 2 ** 20] },
  gpu: { power_usage_watts: ['milliwatts', 1e3] },
});

test('a sample has the name and the unit of the other, and comes back as it was', () => {
  for (const [name, value, there] of [
    ['system/network_receive_megabytes', 1.234567, { name: 'sys/net/MiB', value: 1_234_567 / 2 ** 20 }],
    ['system/network_receive_megabytes', 1 / 3, { name: 'sys/net/MiB', value: expect.closeTo(1e6 / 3 / 2 ** 20, 12) }],
    ['system/gpu_11_power_usage_watts', 70.53, { name: 'sys/gpu/11/milliwatts', value: 70_530 }],
    ['system/gpu_0_power_usage_watts', NaN, { name: 'sys/gpu/0/milliwatts', value: NaN }],
  ] as const) {
    const told = names.there(name, value)!;
    expect(told).toEqual(there);
    expect(names.back(told.name, told.value)).toEqual({ name, value: Number.isNaN(value) ? NaN : expect.closeTo(value, 12) });
  }
});

test.each([
  'loss',
  'system/mine',
  'system/gpu_0_network_receive_megabytes',
  'system/power_usage_watts',
  'sys/net/MiB',
  'system/constructor',
])('%s is no such sample', (name) => expect(names.there(name, 1)).toBeUndefined());

test.each(['loss', 'sys/mine', 'sys/gpu/0/net/MiB', 'system/network_receive_megabytes'])('%s is none of the other', (name) =>
  expect(names.back(name, 1)).toBeUndefined(),
);
