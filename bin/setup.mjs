// Set-up of a checkout, once per lock file: the pinned pnpm installs the locked packages, then a Node 24 is chosen.
// Runs on the machine's own Node (20 or newer) before anything is installed, so it is plain JavaScript with no imports
// beyond Node's. Everything it prints goes to stderr: stdout belongs to the command that is about to run.

import { spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const lockfile = join(root, 'pnpm-lock.yaml');
const stamp = join(modules, '.mgrpo-lock.yaml');
const nodeLink = join(modules, '.mgrpo-node');
const mutex = join(modules, '.mgrpo-setup.pid');

const OLDEST_HOST_NODE = 20;
/** The first version that runs TypeScript sources as they are and that the project is tested on. */
const OLDEST_NODE = 24;
const MUTEX_WAIT_MS = 15 * 60_000;
const NETWORK_FAILURE =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ECONNRESET|ENETUNREACH|ERR_SOCKET_TIMEOUT/;

class SetupError extends Error {}

/** Runs a command, shows its output on stderr as it comes and returns it with the exit status. */
async function run(command, args) {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
      process.stderr.write(chunk);
    });
  }
  const status = await new Promise((resolve) => {
    child.on('error', (error) => resolve(error.code === 'ENOENT' ? 127 : 126));
    child.on('close', (code) => resolve(code ?? 1));
  });
  return { status, output };
}

async function installPackages() {
  const { packageManager } = JSON.parse(fs.readFileSync(join(root, 'package.json'), 'utf8'));
  const { status, output } = await run('npm', [
    ...[
      'exec',
      '--yes',
      `--package=${packageManager}`,
      '--',
      'pnpm',
      'install',
      '--frozen-lockfile',
    ],
    ...['--config.confirmModulesPurge=false', '--reporter=append-only'],
  ]);
  if (status === 0) return;
  if (status === 127) {
    throw new SetupError(
      'npm is not on the PATH; install it (it comes with Node.js) and try again',
    );
  }
  if (NETWORK_FAILURE.test(output)) {
    throw new SetupError(
      'the package registry cannot be reached (see above); the first start needs the network, so connect it or set the proxy (npm config set proxy URL) and try again',
    );
  }
  if (/ENOSPC/.test(output))
    throw new SetupError('the disk is full; free about 1 GB and try again');
  throw new SetupError('installing the packages failed (see above); mend that and try again');
}

const majorOf = (version) => Number(version.replace(/^v/, '').split('.')[0]);

/** The Node that runs the project: this one when it is new enough, else the one that a package brought. */
function chooseNode() {
  if (majorOf(process.version) >= OLDEST_NODE) return process.execPath;
  const platform = `${process.platform}-${process.arch}`;
  for (const name of [`node-${platform}`, `node-bin-${platform}`]) {
    const binary = join(name, 'bin', 'node');
    const { status, stdout } = spawnSync(join(modules, binary), ['--version'], {
      encoding: 'utf8',
    });
    // Relative to node_modules, so that the checkout may be moved.
    if (status === 0 && majorOf(stdout.trim()) >= OLDEST_NODE) return binary;
  }
  throw new SetupError(
    `Node ${OLDEST_NODE} or newer is needed, this is ${process.version}, and no package brings one for ${platform}; install it (for example: npx n lts) and try again`,
  );
}

/** Replaces a link in one step, so that a process starting meanwhile sees the old one or the new one. */
function link(target, path) {
  const temporary = `${path}.${process.pid}`;
  fs.rmSync(temporary, { force: true });
  fs.symlinkSync(target, temporary);
  fs.renameSync(temporary, path);
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Takes the file that holds the pid of the one set-up under way; a file whose process is gone is taken over. */
async function lock() {
  fs.mkdirSync(modules, { recursive: true });
  const mine = `${mutex}.${process.pid}`;
  fs.writeFileSync(mine, String(process.pid));
  try {
    for (let waitedMs = 0; waitedMs <= MUTEX_WAIT_MS; waitedMs += 250) {
      // A hard link appears with its content or not at all, and fails where one exists.
      if (attempt('EEXIST', () => fs.linkSync(mine, mutex))) return;
      const owner = ownerOf(mutex);
      if (owner !== null && !isAlive(owner)) takeAway(owner);
      else if (waitedMs === 0) console.error('mgrpo: waiting for another set-up of this checkout…');
      await sleep(250);
    }
  } finally {
    fs.rmSync(mine, { force: true });
  }
  throw new SetupError(
    `another set-up has held ${mutex} for 15 minutes; end it or delete that file`,
  );
}

/** Whether `act` succeeded; false when it failed with `code`, which is expected. */
function attempt(code, act) {
  try {
    act();
    return true;
  } catch (error) {
    if (error.code === code) return false;
    throw error;
  }
}

function ownerOf(path) {
  let owner = null;
  attempt('ENOENT', () => {
    owner = Number(fs.readFileSync(path, 'utf8'));
  });
  return owner;
}

/** Removes a dead owner's file, and puts it back if in the same moment another process had become its owner. */
function takeAway(owner) {
  const aside = `${mutex}.${process.pid}.aside`;
  if (!attempt('ENOENT', () => fs.renameSync(mutex, aside))) return;
  if (ownerOf(aside) === owner) fs.rmSync(aside);
  else fs.renameSync(aside, mutex);
}

const isDone = () =>
  fs.existsSync(nodeLink) &&
  fs.existsSync(stamp) &&
  fs.readFileSync(stamp).equals(fs.readFileSync(lockfile));

async function setUp() {
  if (majorOf(process.version) < OLDEST_HOST_NODE) {
    throw new SetupError(
      `Node.js ${OLDEST_HOST_NODE} or newer is needed and this is ${process.version}; install a newer one`,
    );
  }
  await lock();
  try {
    if (isDone()) return;
    console.error('mgrpo: setting up this checkout, once (about a minute)…');
    const locked = fs.readFileSync(lockfile);
    await installPackages();
    link(chooseNode(), nodeLink);
    fs.writeFileSync(`${stamp}.new`, locked);
    fs.renameSync(`${stamp}.new`, stamp);
  } finally {
    fs.rmSync(mutex, { force: true });
  }
}

try {
  await setUp();
} catch (error) {
  console.error(
    `mgrpo: ${error instanceof SetupError ? error.message : `set-up failed: ${error.message}`}`,
  );
  process.exitCode = 1;
}
