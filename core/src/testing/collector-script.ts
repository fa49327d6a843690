/** A script that collects garbage until there is a file `stop`, and prints how often it did. */
export const COLLECTOR = `
  import { existsSync } from 'node:fs';
  import { Client } from '@mortise/core';
  const client = new Client();
  let times = 0;
  for (; !existsSync('stop'); times++) await client.collectGarbage();
  await client.close();
  console.log(times);
`;
