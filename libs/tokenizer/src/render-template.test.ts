import { expect, test } from 'vitest';
import { compileTemplate, TemplateError } from './render-template.ts';

const messages = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: ' 1+1? ' },
];

test('a chat is written as transformers writes it: blocks take their line with them', () => {
  const template = [
    '{%- for message in messages %}',
    "    {{- '<|im_start|>' + message.role + '\\n' + (message.content | trim) + '<|im_end|>\\n' }}",
    '{%- endfor %}',
    '{% if add_generation_prompt %}',
    '<|im_start|>assistant',
    '{% if enable_thinking is defined and enable_thinking is false %}',
    '<think></think>',
    '{% endif %}',
    '{% endif %}',
  ].join('\n');
  const render = compileTemplate(template);
  const chat =
    '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n1+1?<|im_end|>\n<|im_start|>assistant\n';
  expect(render({ messages, add_generation_prompt: true })).toBe(chat);
  expect(render({ messages, add_generation_prompt: true, enable_thinking: false })).toBe(
    `${chat}<think></think>\n`,
  );
});

test('there is no clock: what asks for the date takes its fallback', () => {
  const template =
    "{% if strftime_now is defined %}{{ strftime_now('%d %b %Y') }}{% else %}26 Jul 2024{% endif %}";
  expect(compileTemplate(template)({})).toBe('26 Jul 2024');
});

test.each([
  ['a\n{{ x', 2],
  ['a\n\n{% if x %}\nb', 3],
  ['a\n{{ a b }}', 2],
  ["{{ 'a\n}}' }}\n{% for x in %}{% endfor %}", 3],
  ['x\n{% endif %}', 2],
  ['{# a\n #}\n{% if a %}\n{% elif + %}{% endif %}', 4],
  ['\n{% unknown %}', 2],
  ['a\n{# never closed', 2],
])('%j can not be parsed, and says on which line', (template, line) => {
  expect(() => compileTemplate(template)).toThrow(TemplateError);
  expect(() => compileTemplate(template)).toThrow(new RegExp(`^line ${line}: .`));
});

test.each([
  ["\n{{ raise_exception('No system role') }}", 2, 'No system role'],
  ['{% if true %}\n{% for m in messages %}\n{{ m.content.nothing() }}\n{% endfor %}{% endif %}', 3],
  ['a\n{{ messages | nothing }}', 2, 'nothing'],
  ["{{ '%}' }}\n\n{{ none + 1 }}", 3],
  ["\n{{ strftime_now('%d') }}", 2],
  ['\n\n{{ range(1000000000) }}', 3, 'range() of 1000000000 numbers'],
])('%j fails on a line that it names', (template, line, message = '') => {
  const render = compileTemplate(template);
  expect(() => render({ messages })).toThrow(TemplateError);
  expect(() => render({ messages })).toThrow(`line ${line}: `);
  expect(() => render({ messages })).toThrow(message);
});

test('a template reaches nothing of this program', () => {
  const outer = ['process', 'globalThis', 'require', 'constructor', '__proto__'];
  for (const name of outer) {
    expect(compileTemplate(`{{ ${name} is defined }}`)({ messages })).toBe('false');
  }
  const reach = "{{ messages.constructor is defined }}{{ ''.constructor is defined }}";
  expect(compileTemplate(reach)({ messages })).toBe('falsefalse');
});
