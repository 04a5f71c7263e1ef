import { exitCode, MgrpoError, messageOf } from '@mgrpo/errors';
import { Command, CommanderError, Option } from 'commander';
import type { AuditFlags } from './commands/audit.ts';
import type { CertsFlags } from './commands/certs.ts';
import type { EvalFlags } from './commands/eval.ts';
import type { ExportFlags } from './commands/export.ts';
import type { GenerateFlags } from './commands/generate.ts';
import type { PretrainFlags } from './commands/pretrain.ts';
import type { ReplayFlags } from './commands/replay.ts';
import type { StatusFlags } from './commands/status.ts';
import type { StudyFlags } from './commands/study.ts';
import type { VerifyFlags } from './commands/verify.ts';
import { deviceOption } from './device-option.ts';
import { decimal, wholeNumber } from './numbers.ts';

// Commands are loaded when they run, so that --help and a mistyped flag answer at once.

/** Runs the command line; returns the exit code: 0, 1 for a failure, 2 for wrong usage or configuration, 3 for a halted run. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let code = 0;
  const done = (result: number) => {
    code = result;
  };
  const program = new Command('mgrpo')
    .description('Label-free reinforcement learning for language models (M-GRPO)')
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: false });
  for (const add of [
    addTrain,
    addPretrain,
    addEval,
    addGenerate,
    addServe,
    addStatus,
    addStudy,
    addReplay,
    addAudit,
    addExport,
    addAnswers,
    addVerify,
    addCerts,
    addDoctor,
  ]) {
    add(program, done);
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(`mgrpo: ${describe(error)}\n`);
    return exitCode(error);
  }
}

type Done = (code: number) => void;

/** A bug of ours comes with its stack; anything else is for the person who typed. */
function describe(error: unknown): string {
  if (error instanceof MgrpoError) return error.message;
  return error instanceof Error && error.stack ? error.stack : messageOf(error);
}

const examples = (...lines: string[]) =>
  `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}\n`;

const collect = (value: string, before: readonly string[]) => [...before, value];

function addTrain(program: Command, done: Done): void {
  program
    .command('train')
    .description('train a model on prompts without labels; needs a recipe, a model and prompts')
    .argument('[recipe]', 'YAML file with the configuration (default: recipes/arithmetic.yaml)')
    .option('--run <dir>', 'folder of the run (default: runs/<recipe>-<time>)')
    .option('--resume', 'go on with the run in --run, or the newest of the recipe, as it was set')
    .option('--iterations <n>', 'iterations of the run')
    .option('--seed <n>', 'seed of the run')
    .option('--model <dir>', 'folder of the base model')
    .option('--prompts <file>', 'prompts to train on, JSON lines')
    .option('--workers <list>', 'processes by service, like policy=2,momentum=1')
    .option('--redis <url>', 'a running Redis instead of a private one')
    .option('--set <path=value>', 'any key of docs/configuration.md; may be repeated', collect, [])
    .option('--json', 'print one JSON object a line instead of progress')
    .addHelpText(
      'after',
      examples(
        'mgrpo train',
        'mgrpo train recipes/arithmetic.yaml --iterations 20 --set algorithm.filter.kind=off',
        'mgrpo train recipes/math-smoke.yaml --model DIR --prompts FILE.jsonl',
        'mgrpo train --resume',
      ),
    )
    .action(async (recipe: string | undefined, flags) => {
      const { train } = await import('./commands/train.ts');
      done(await train(recipe, flags));
    });
}

function addPretrain(program: Command, done: Done): void {
  program
    .command('pretrain')
    .description('make a base model from scratch by supervised training on a synthetic task')
    .argument('[recipe]', 'YAML file (default: recipes/arithmetic-base.yaml)')
    .option('--output <dir>', 'folder of the model that is made')
    .option('--set <path=value>', 'any key of the recipe; may be repeated', collect, [])
    .option('--json', 'print one JSON object a line instead of progress')
    .addHelpText('after', examples('mgrpo pretrain recipes/arithmetic-base.yaml --output base'))
    .action(async (recipe: string | undefined, flags: PretrainFlags) => {
      const { pretrain } = await import('./commands/pretrain.ts');
      done(await pretrain(recipe, flags));
    });
}

function addEval(program: Command, done: Done): void {
  program
    .command('eval')
    .description('accuracy of a model on benchmarks, or on prompts with answers')
    .option('--model <dir>', 'model folder or checkpoint')
    .option('--benchmarks <list>', 'names, like math500,aime24; --list shows all')
    .option('--data <dir>', 'folder with the files of the benchmarks')
    .option('--file <name=path>', 'the file of one benchmark; may be repeated', collect, [])
    .option('--columns <list>', 'what columns are called, like prompt=Question,answer=Gold')
    .option('--prompts <file>', 'instead of benchmarks: JSON lines with "prompt" and "answer"')
    .option('--recipe <file>', 'takes the template from it; with --prompts, extractor and lengths')
    .option('--template <text>', 'text around each prompt, with {prompt} in its place')
    .option('--samples <k>', 'responses for each prompt (default: of the benchmark)')
    .option('--temperature <t>', 'sampling temperature; 0: greedy (default: 0.8)')
    .option('--max-tokens <n>', 'longest response of a benchmark (default: 3072)')
    .option('--max-prompts <n>', 'only the first n prompts')
    .option('--seed <n>', 'seed of the sampling')
    .option('--engines <n>', 'engines, each with one core and the weights', wholeNumber(1), 1)
    .addOption(deviceOption())
    .option('--workers <list>', 'host:port of workers that generate, instead of engines here')
    .option('--listen <host:port>', 'be such a worker, with --model, until Ctrl-C')
    .option('--out <dir>', 'folder of the results (default: eval/<model>-<time>)')
    .option('--resume', 'go on with the evaluation in --out')
    .option('--responses', 'keep what the model writes in the results; never of GPQA')
    .option('--check', 'no model: judge the gold answers of the files')
    .option('--list', 'show the benchmarks')
    .option('--set <path=value>', 'any key of docs/configuration.md; may be repeated', collect, [])
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      examples(
        'mgrpo eval --model DIR --benchmarks math500,aime24 --data DIR',
        'mgrpo eval --model DIR --benchmarks gsm8k --data DIR --out eval/a --resume',
        'mgrpo eval --model models/arithmetic-base --recipe recipes/arithmetic.yaml \\\n      --prompts recipes/data/arithmetic/test.jsonl --temperature 0',
        'mgrpo eval --model runs/NAME/checkpoints/step-100 --prompts test.jsonl --samples 8',
      ),
    )
    .action(async (flags: EvalFlags) => {
      const { evaluate } = await import('./commands/eval.ts');
      done(await evaluate(flags));
    });
}

function addGenerate(program: Command, done: Done): void {
  program
    .command('generate')
    .description('responses of a model to one prompt')
    .requiredOption('--model <dir>', 'model folder or checkpoint')
    .requiredOption('--prompt <text>', 'the prompt, as the model sees it')
    .option('--chat', "the prompt is a user's message; the model's chat template writes the rest")
    .option('--system <text>', 'system message of the chat')
    .option('--samples <k>', 'how many responses', wholeNumber(1), 1)
    .option('--temperature <t>', 'sampling temperature; 0: greedy', decimal(0), 0)
    .option('--top-p <p>', 'nucleus cut; 1: none', decimal(0, 1), 1)
    .option('--max-tokens <n>', 'longest response (default: 256, or what fits)', wholeNumber(1))
    .option('--seed <n>', 'seed of the sampling', wholeNumber(0), 1)
    .addOption(deviceOption())
    .option('--json', 'print one JSON object a response')
    .addHelpText(
      'after',
      examples(
        "mgrpo generate --model models/arithmetic-base --prompt '6+1+6-2*6*7='",
        "mgrpo generate --model DIR --prompt 'Once upon a time' --samples 3 --temperature 0.8",
      ),
    )
    .action(async (flags: GenerateFlags) => {
      const { generate } = await import('./commands/generate.ts');
      done(await generate(flags));
    });
}

function addServe(program: Command, done: Done): void {
  program
    .command('serve')
    .description('run one service of a run in the foreground, as a container does')
    .argument(
      '<service>',
      'policy-rollout, momentum-rollout, voter, learner, coordinator or weight-relay',
    )
    .requiredOption('--config <file>', 'recipe, or config.json of a run folder')
    .option('--run <dir>', 'run folder; the learner needs it')
    .option('--set <path=value>', 'any key of docs/configuration.md; may be repeated', collect, [])
    .addHelpText(
      'after',
      examples(
        'mgrpo serve learner --config recipes/arithmetic.yaml --run runs/a --redis redis://cache:6379',
        'mgrpo serve voter --config recipes/arithmetic.yaml --set deployment.learner.address=learner:7001',
      ),
    )
    .option('--redis <url>', 'the Redis of the run')
    .action(async (service: string, flags) => {
      const { serve } = await import('./commands/serve.ts');
      done(await serve(service, flags));
    });
}

function addStatus(program: Command, done: Done): void {
  program
    .command('status')
    .description('who waits for whom in a run that is under way')
    .argument('[run]', 'run folder (default: the newest in runs/)')
    .option('--coordinator <host:port>', "the run's coordinator, where it runs elsewhere")
    .option('--config <file>', 'recipe or config.json with deployment.security of the run')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      examples(
        'mgrpo status',
        'mgrpo status runs/NAME',
        'mgrpo status --coordinator coordinator:7002',
      ),
    )
    .action(async (run: string | undefined, flags: StatusFlags) => {
      const { status } = await import('./commands/status.ts');
      done(await status(run, flags));
    });
}

function addStudy(program: Command, done: Done): void {
  const list = (text: string) => text.split(',').map((part) => part.trim());
  program
    .command('study')
    .description('train several methods with several seeds under equal conditions and compare them')
    .argument('[study]', 'YAML file (default: recipes/studies/collapse.yaml)')
    .option(
      '--out <dir>',
      'folder of the results (default: studies/<name>); goes on with what is there',
    )
    .option('--quick', "the study's short form")
    .option('--jobs <n>', 'trials at a time (default: one for each core)', wholeNumber(1))
    .option('--bases <list>', 'only these, comma-separated', list)
    .option('--arms <list>', 'only these, comma-separated', list)
    .option('--seeds <list>', 'only these, comma-separated', (text: string) =>
      list(text).map(wholeNumber(0)),
    )
    .option('--set <path=value>', 'any key of docs/configuration.md for all trials', collect, [])
    .option('--json', 'print one JSON object a line instead of progress')
    .addHelpText(
      'after',
      examples(
        'mgrpo study --quick',
        'mgrpo study recipes/studies/collapse.yaml --arms srt,mgrpo-half --seeds 21',
      ),
    )
    .action(async (file: string | undefined, flags: StudyFlags) => {
      const { study } = await import('./commands/study.ts');
      done(await study(file, flags));
    });
}

function addReplay(program: Command, done: Done): void {
  program
    .command('replay')
    .description('judge a recorded run again by every filter and vote rule, without training')
    .argument('<source>', "run folder, or a trial's groups (*.groups.jsonl.gz)")
    .option('--prompts <file>', 'prompts of the run with answers, which are taken as gold')
    .option('--out <dir>', 'writes replay.json, replay.csv and replay.txt there too')
    .option('--json', 'print one JSON object instead of tables')
    .addHelpText(
      'after',
      examples(
        'mgrpo replay runs/NAME --prompts recipes/data/arithmetic/train.jsonl',
        'mgrpo replay studies/collapse/trials/BASE/ARM/seed-1.groups.jsonl.gz --out replay',
      ),
    )
    .action(async (source: string, flags: ReplayFlags) => {
      const { replay } = await import('./commands/replay.ts');
      done(await replay(source, flags));
    });
}

function addAudit(program: Command, done: Done): void {
  program
    .command('audit')
    .description('derive one iteration of a run again and say whether its recorded bits agree')
    .argument('<run>', 'run folder, of a run that has ended or goes on')
    .requiredOption('--iteration <t>', 'counted from 0', wholeNumber(0))
    .option('--json', 'print one JSON object')
    .addHelpText('after', examples('mgrpo audit runs/NAME --iteration 40'))
    .action(async (run: string, flags: AuditFlags) => {
      const { audit } = await import('./commands/audit.ts');
      done(await audit(run, flags));
    });
}

function addExport(program: Command, done: Done): void {
  program
    .command('export')
    .description("a run's metrics for TensorBoard, Weights & Biases or MLflow (docs/export.md)")
    .argument('<run>', 'run folder')
    .addOption(
      new Option('--to <tracker>', 'whose form')
        .choices(['tensorboard', 'wandb', 'mlflow'])
        .makeOptionMandatory(),
    )
    .requiredOption(
      '--out <dir>',
      'folder for the runs of the tracker; an older export is replaced',
    )
    .addHelpText(
      'after',
      examples(
        'mgrpo export runs/NAME --to tensorboard --out tensorboard',
        'mgrpo export runs/NAME --to mlflow --out mlruns',
      ),
    )
    .action(async (run: string, flags: ExportFlags) => {
      const { exportRun } = await import('./commands/export.ts');
      done(await exportRun(run, flags));
    });
}

function addAnswers(program: Command, done: Done): void {
  program
    .command('answers')
    .description(
      'precision and recall of the equality of answers on labelled pairs, with each miss',
    )
    .argument('<file>', 'JSON lines with "gold", "pred" (answers or sentences) and "equal"')
    .addHelpText(
      'after',
      examples('mgrpo answers pairs.jsonl', 'mgrpo answers pairs.jsonl | tail -1'),
    )
    .action(async (file: string) => {
      const { answers } = await import('./commands/answers.ts');
      done(await answers(file));
    });
}

function addVerify(program: Command, done: Done): void {
  program
    .command('verify')
    .description("compare our numbers with PyTorch's, stored in a folder of the fixtures' form")
    .argument('<folder>', 'folder with config.json, *.safetensors and reference.json')
    .addOption(deviceOption())
    .addHelpText('after', examples('mgrpo verify test/fixtures/tiny-qwen3'))
    .action(async (folder: string, flags: VerifyFlags) => {
      const { verify } = await import('./commands/verify.ts');
      done(await verify(folder, flags));
    });
}

function addCerts(program: Command, done: Done): void {
  const list = (text: string) => text.split(',').map((host) => host.trim());
  program
    .command('certs')
    .description('make an authority, and certificate, token and Redis password of each role')
    .argument(
      '<dir>',
      'folder for them; keys are readable by you alone, and nothing is overwritten',
    )
    .option('--days <n>', 'how long the certificates are valid', wholeNumber(1), 90)
    .option('--hosts <list>', "more host names of the run's Redis", list, [])
    .option('--renew', 'new certificates by the authority in the folder')
    .addHelpText('after', examples('mgrpo certs certs', 'mgrpo certs certs --renew --days 30'))
    .action(async (folder: string, flags: CertsFlags) => {
      const { certs } = await import('./commands/certs.ts');
      done(await certs(folder, flags));
    });
}

function addDoctor(program: Command, done: Done): void {
  program
    .command('doctor')
    .description('what this machine has, what is missing and how to mend it')
    .option('--model <dir>', 'model folder or config.json: print its size and memory plan')
    .option('--recipe <file>', 'recipe for which the memory is planned')
    .option('--dry-run', 'only the model: check its names and shapes, and what of a run fits here')
    .option('--redis <url>', 'Redis to look for')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      examples(
        'mgrpo doctor',
        'mgrpo doctor --recipe recipes/qwen3-4b-math.yaml --model DIR',
        'mgrpo doctor --dry-run --model DIR/config.json',
      ),
    )
    .action(async (flags) => {
      const { doctor } = await import('./commands/doctor.ts');
      done(await doctor(flags));
    });
}
