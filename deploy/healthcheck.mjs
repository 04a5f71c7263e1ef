// Whether this container's service answers: asks /healthz on each port that MGRPO__DEPLOYMENT__*__METRICS_PORT names.
// Without such a variable no service of a known port runs here (`mgrpo train`, `mgrpo eval`), and nothing is wrong.

const ports = Object.entries(process.env)
  .filter(([name]) => /^MGRPO__DEPLOYMENT__[A-Z_]+__METRICS_PORT$/.test(name))
  .map(([, value]) => value);
const timeoutMs = 3000;

for (const port of new Set(ports)) {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(`http://127.0.0.1:${port}/healthz`, { signal });
    if (!response.ok) throw new Error(`${response.status} ${(await response.text()).trim()}`);
  } catch (error) {
    console.error(`port ${port}: ${error.cause?.message ?? error.message}`);
    process.exitCode = 1;
  }
}
