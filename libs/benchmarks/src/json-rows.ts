import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { MgrpoError, messageOf } from '@mgrpo/errors';
import type { BenchmarkRow } from './columns.ts';

/** The objects of a JSON lines file, blank lines left out; INVALID_INPUT names file and line. */
export async function* readJsonRows(path: string): AsyncGenerator<BenchmarkRow> {
  let number = 0;
  for await (const line of createInterface({
    input: createReadStream(path),
    crlfDelay: Infinity,
  })) {
    number += 1;
    if (line.trim() === '') continue;
    yield { where: `${path}:${number}`, values: parseObject(line, `${path}:${number}`) };
  }
}

function parseObject(line: string, where: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    const what = `${where} is no JSON (${messageOf(error)}); mend or delete the line`;
    throw new MgrpoError('INVALID_INPUT', what, { cause: error });
  }
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) {
    return json as Record<string, unknown>;
  }
  throw new MgrpoError('INVALID_INPUT', `${where} is no JSON object`);
}
