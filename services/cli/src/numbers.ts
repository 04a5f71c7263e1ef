import { InvalidArgumentError } from 'commander';

/** Parses a flag's whole number. */
export function wholeNumber(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= min) return value;
    throw new InvalidArgumentError(`Give a whole number from ${min}.`);
  };
}

/** Parses a flag's number, to `max` where one is given. */
export function decimal(min: number, max = Number.MAX_VALUE): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= min && value <= max) return value;
    const to = max === Number.MAX_VALUE ? '' : ` to ${max}`;
    throw new InvalidArgumentError(`Give a number from ${min}${to}.`);
  };
}
