import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvCells } from './csv-rows.ts';

test.each([
  [
    'a,b\n1,2\n',
    [
      ['a', 'b'],
      ['1', '2'],
    ],
  ],
  [
    '\ufeffa,b\r\n"1, ""x""\n2",\r\n',
    [
      ['a', 'b'],
      ['1, "x"\n2', ''],
    ],
  ],
  ['a\n\n1', [['a'], ['1']]],
  [
    'a,b\n,',
    [
      ['a', 'b'],
      ['', ''],
    ],
  ],
  ['', []],
])('%j', (text, rows) => {
  expect(csvCells(text, 'x.csv')).toEqual(rows);
});

test.each(['a\n"b', 'a\nb"c', 'a\n"b"c'])('%j is no CSV', (text) => {
  expect(() => csvCells(text, 'x.csv')).toThrow(/x\.csv:2 is no CSV/);
});

test('what is written with quotes is read', () => {
  const cells = fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.string()), { minLength: 1 });
  fc.assert(
    fc.property(cells, (rows) => {
      const line = (row: readonly string[]) =>
        row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',');
      expect(csvCells(rows.map(line).join('\n'), 'x.csv')).toEqual(rows);
    }),
  );
});
