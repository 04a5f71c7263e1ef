import type { PythonCheck } from './problem.ts';
import { contestCases } from './python-problems.ts';

/** One run in the sandbox; it ends with exit code 0 exactly when the code does what it must. */
export interface PythonRun {
  readonly program: string;
  readonly stdin: string;
}

/** The runs that decide about a solution, made one at a time; all of them must pass. */
export function* pythonRuns(code: string, check: PythonCheck): Generator<PythonRun> {
  if (check.kind === 'asserts') {
    const tests = [check.setup, ...check.asserts].join('\n');
    yield { program: harness(assertsBody, { code, tests }), stdin: '' };
    return;
  }
  const { call } = check;
  for (const { input, output } of contestCases(check)) {
    yield call === null
      ? { program: harness(stdioBody, { code, output }), stdin: input }
      : { program: harness(callBody, { code, name: call, input, output }), stdin: '' };
  }
}

/** The job goes in as base64: no quoting of ours decides how a solution is read. */
function harness(body: string, job: Readonly<Record<string, string>>): string {
  const packed = Buffer.from(JSON.stringify(job)).toString('base64');
  return `${start.replace('JOB', packed)}${body}${end}`;
}

// A solution that leaves early, by sys.exit or os._exit, has not passed: only the last line leaves with 0.
// Standard output is the solution's; what it prints goes to memory, or nowhere.
const start = `import base64, json, os, posix, sys, traceback
job = json.loads(base64.b64decode("JOB"))
leave = os._exit
def early(status=0):
    raise SystemExit(status)
os._exit = posix._exit = early
sys.setrecursionlimit(100000)
prelude = "import bisect, collections, functools, heapq, itertools, math, random, re, string, sys\\n" \\
    "from bisect import *\\nfrom collections import *\\nfrom functools import *\\nfrom heapq import *\\n" \\
    "from itertools import *\\nfrom math import *\\nfrom typing import *\\n"
try:
`;

const end = `    passed = True
except BaseException:
    traceback.print_exc()
    passed = False
sys.stderr.flush()
leave(0 if passed else 1)
`;

const assertsBody = `    sys.stdout = open(os.devnull, "w")
    scope = {"__name__": "solution"}
    exec(compile(job["code"], "solution.py", "exec"), scope)
    exec(compile(job["tests"], "tests.py", "exec"), scope)
`;

const callBody = `    sys.stdout = open(os.devnull, "w")
    scope = {"__name__": "solution"}
    exec(prelude, scope)
    exec(compile(job["code"], "solution.py", "exec"), scope)
    owner = scope["Solution"]() if "Solution" in scope else None
    call = scope[job["name"]] if owner is None else getattr(owner, job["name"])
    plain = lambda value: json.loads(json.dumps(value))
    given = [json.loads(line) for line in job["input"].split("\\n") if line.strip()]
    assert plain(call(*given)) == json.loads(job["output"]), "wrong result"
`;

// The comparison is LiveCodeBench's: line by line without spaces around, or as decimal numbers.
const stdioBody = `    from decimal import Decimal, InvalidOperation
    printed = os.memfd_create("printed")
    os.dup2(printed, 1)
    sys.stdout = open(1, "w", closefd=False)
    try:
        exec(compile(job["code"], "solution.py", "exec"), {"__name__": "__main__"})
    except SystemExit as leaving:
        if leaving.code not in (None, 0):
            raise
    sys.stdout.flush()
    os.lseek(printed, 0, os.SEEK_SET)
    lines = lambda text: [line.strip() for line in text.strip().split("\\n")]
    got = lines(open(printed, "rb").read().decode("utf-8", "replace"))
    want = lines(job["output"])
    def numbers(line):
        try:
            return [Decimal(word) for word in line.split()]
        except InvalidOperation:
            return line
    assert len(got) == len(want), "wrong number of lines"
    for ours, theirs in zip(got, want):
        assert ours == theirs or numbers(ours) == numbers(theirs), "wrong output"
`;
