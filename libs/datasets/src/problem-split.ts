/** Which problems are for what; no problem is in two of them. */
export type Split = 'train' | 'validation' | 'test';

/** The split of a problem, by a hash of its prompt: 1 in 20 is for validation, 1 in 20 for tests. */
export function splitOf(prompt: string): Split {
  const residue = fnv1a(prompt) % 20;
  return residue === 0 ? 'validation' : residue === 1 ? 'test' : 'train';
}

/** 32-bit FNV-1a, its high bits mixed into the low ones, of which a residue is taken. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 12)) >>> 0;
}
