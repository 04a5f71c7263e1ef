import { Option } from 'commander';

// Spelled out: to ask the runtime would load it before --help answers.
const choices = ['cpu', 'webgpu', 'cuda', 'auto'];

/** `--device`, for commands that open engines of their own. */
export function deviceOption(): Option {
  return new Option('--device <name>', 'what computes').choices(choices).default('cpu');
}
